import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Release } from '../../src/domain/catalogue.ts';
import type { Rollout, Threshold } from '../../src/domain/rollout.ts';
import type { RolloutStore } from '../../src/ports/rollouts.ts';

/** Each with a store of its own. */
const RUNS = process.env['PROVE'] === undefined ? 10 : 200;

interface UnderTest<S> {
  readonly store: S;
  /** The same, opened again as after a restart. */
  reopened(): Promise<S>;
}

const NEVER: Threshold = { count: undefined, percent: undefined, ofAtLeast: 1 };

/** Of the release 1 of the project `p`. */
export function rolloutOf(changes: Partial<Rollout> = {}): Omit<Rollout, 'id'> {
  return {
    project: 'p',
    firmwareName: 'app',
    release: 1,
    target: { kind: 'all' },
    waves: [{ percent: 100 }],
    startAt: undefined,
    windows: [],
    timeZone: 'UTC',
    soakMs: 0,
    confirm: { count: 0 },
    pause: { wave: NEVER, overall: NEVER },
    silentAfterMs: 1,
    mayDowngrade: false,
    limits: { downloads: undefined, bytesPerHour: undefined, bytesPerDevicePerDay: undefined },
    state: 'scheduled',
    wave: -1,
    waveOpenedAt: undefined,
    why: '',
    accepted: [],
    createdAt: 5,
    startedAt: undefined,
    changedAt: 5,
    endedAt: undefined,
    ...changes,
  };
}

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const whole = fc.integer({ min: 0, max: 2 ** 45 });
const some = fc.integer({ min: 1, max: 1_000_000 });
const percent = fc.double({ min: 0.001, max: 100, noNaN: true });
const texts = fc.string({ unit: 'binary' });
const ids = fc.array(texts, { maxLength: 3 });
const threshold = fc.record({ count: maybe(some), percent: maybe(percent), ofAtLeast: some });

/** Whatever an operator may want, however far it has come. */
const rollouts: fc.Arbitrary<Omit<Rollout, 'id'>> = fc.record({
  project: fc.constant('p'),
  firmwareName: texts,
  release: fc.constant(1),
  target: fc.oneof(
    fc.record({ kind: fc.constant('all' as const) }),
    fc.record({ kind: fc.constant('query' as const), query: texts }),
    fc.record({ kind: fc.constant('group' as const), group: texts }),
    fc.record({ kind: fc.constant('list' as const), ids }),
  ),
  waves: fc.array(fc.oneof(fc.record({ percent }), fc.record({ ids })), { minLength: 1, maxLength: 4 }),
  startAt: maybe(whole),
  windows: fc.array(
    fc.record({
      days: fc.subarray([1, 2, 3, 4, 5, 6, 7]),
      from: fc.integer({ min: 0, max: 1_439 }),
      to: fc.integer({ min: 0, max: 1_440 }),
    }),
    { maxLength: 2 },
  ),
  timeZone: texts,
  soakMs: whole,
  confirm: fc.oneof(fc.record({ count: whole }), fc.record({ percent })),
  pause: fc.record({ wave: threshold, overall: threshold }),
  silentAfterMs: whole,
  mayDowngrade: fc.boolean(),
  limits: fc.record({ downloads: maybe(some), bytesPerHour: maybe(some), bytesPerDevicePerDay: maybe(some) }),
  state: fc.constantFrom('scheduled', 'running', 'paused', 'complete', 'aborted'),
  wave: fc.integer({ min: -1, max: 9 }),
  waveOpenedAt: maybe(whole),
  why: texts,
  accepted: fc.array(whole, { maxLength: 3 }),
  createdAt: whole,
  startedAt: maybe(whole),
  changedAt: whole,
  endedAt: maybe(whole),
});

/** What it needs of releases. */
interface Releases {
  releases(): Promise<readonly Release[]>;
}

/**
 * What every `RolloutStore` owes to the use cases. `make` makes one that knows the release 1 of the project `p`, a draft,
 * and its releases.
 */
export function testRolloutStore(
  make: () => Promise<UnderTest<RolloutStore> & { readonly catalogue: Releases }>,
): void {
  it('a draft is published in the write that makes its rollout, as of then', async () => {
    const { store, catalogue } = await make();
    const [draft] = await catalogue.releases();
    expect(draft).toMatchObject({ state: 'draft', publishedAt: undefined });
    const made = await store.add(rolloutOf({ createdAt: 9 }), draft);
    expect(await store.rollouts()).toEqual([made]);
    expect(await catalogue.releases()).toEqual([{ ...draft, state: 'published', publishedAt: 9 }]);
  });

  it('rollouts come back with everything, as they were written last, in the order of their making', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(rollouts, maybe(rollouts)), { maxLength: 4 }), async (all) => {
        const { store, reopened } = await make();
        const made: Rollout[] = [];
        for (const [first] of all) made.push(await store.add(first));
        expect(made.map(({ id: _, ...rest }) => rest)).toEqual(all.map(([first]) => first));
        const wanted = made.map((rollout, at) => ({ ...rollout, ...all[at]?.[1] }));
        for (const [at, [, changed]] of all.entries()) {
          const id = made[at]?.id;
          if (changed !== undefined && id !== undefined) await store.update({ ...changed, id });
        }
        expect(wanted.map(({ id }) => id)).toEqual(wanted.map((_, at) => at + 1));
        expect(await store.rollouts()).toEqual(wanted);
        expect(await (await reopened()).rollouts()).toEqual(wanted);
      }),
      { numRuns: RUNS },
    );
  });

  it('the global stop is off until it is set, and then as it was set last', async () => {
    const { store, reopened } = await make();
    expect(await store.stop()).toEqual({ isOn: false, why: '', at: 0 });
    const on = { isOn: true, why: '坏了', at: 7 };
    await store.setStop(on);
    expect(await store.stop()).toEqual(on);
    expect(await (await reopened()).stop()).toEqual(on);
    const off = { isOn: false, why: 'it was nothing', at: 8 };
    await store.setStop(off);
    expect(await (await reopened()).stop()).toEqual(off);
  });
}
