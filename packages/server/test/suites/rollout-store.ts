import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Rollout, Threshold } from '../../src/domain/rollout.ts';
import type { RolloutStore, VersionCount, VersionCountStore } from '../../src/ports/rollouts.ts';

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

/** What every `RolloutStore` owes to the use cases. `make` makes one that knows the release 1 of the project `p`. */
export function testRolloutStore(make: () => Promise<UnderTest<RolloutStore>>): void {
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

const HOUR = 3_600_000;

/** What every `VersionCountStore` owes to the use cases. */
export function testVersionCountStore(make: () => Promise<UnderTest<VersionCountStore>>): void {
  const countOf = (changes: Partial<VersionCount> = {}): VersionCount => ({
    hour: 0,
    project: 'p',
    firmwareName: 'app',
    version: '1.0.0',
    devices: 1,
    ...changes,
  });
  const every = { project: 'p', firmwareName: undefined, from: 0, to: Number.MAX_SAFE_INTEGER };

  it('counts come back in the order of hour, firmware and version, those of an hour as they were kept last', async () => {
    const { store, reopened } = await make();
    const wrong = [countOf({ hour: HOUR, version: '0.9' }), countOf({ hour: HOUR, devices: 7 })];
    await store.keep(HOUR, wrong);
    const first = [
      countOf({ hour: HOUR, firmwareName: 'app', version: '1.0.0', devices: 3 }),
      countOf({ hour: HOUR, firmwareName: 'app', version: '1.1.0', devices: 2 ** 40 }),
      countOf({ hour: HOUR, firmwareName: '固件', version: '' }),
    ];
    const other = countOf({ hour: HOUR, project: 'q' });
    await store.keep(HOUR, [other, ...first.toReversed()]);
    const second = [countOf({ hour: 2 * HOUR })];
    await store.keep(2 * HOUR, second);
    for (const one of [store, await reopened()]) {
      expect(await one.counts(every)).toEqual([...first, ...second]);
      expect(await one.counts({ ...every, project: 'q' })).toEqual([other]);
      expect(await one.counts({ ...every, firmwareName: '固件' })).toEqual(first.slice(2));
      expect(await one.counts({ ...every, to: HOUR })).toEqual(first);
      expect(await one.counts({ ...every, from: HOUR + 1, to: 2 * HOUR })).toEqual(second);
      expect(await one.counts({ ...every, from: HOUR + 1, to: 2 * HOUR - 1 })).toEqual([]);
    }
  });

  it('what is older than 400 days is forgotten, whatever was sampled meanwhile', async () => {
    const { store, reopened } = await make();
    const day = 24 * HOUR;
    for (let number = 0; number <= 500; number += 50) await store.keep(number * day, [countOf({ hour: number * day })]);
    const days = (await (await reopened()).counts(every)).map(({ hour }) => hour / day);
    expect(days).toEqual([100, 150, 200, 250, 300, 350, 400, 450, 500]);
  });
}
