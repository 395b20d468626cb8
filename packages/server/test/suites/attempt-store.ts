import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ATTEMPT_STATES,
  type Attempt,
  isSameAttempt,
  STANDINGS,
  type Standing,
  standingOf,
} from '../../src/domain/attempt.ts';
import type { WaveCounts } from '../../src/domain/rollout.ts';
import type { AttemptCount, AttemptFilter, AttemptStore } from '../../src/ports/rollouts.ts';
import type { DeviceGroup, DeviceRecord, DeviceStore, StoredAttempt } from '../../src/ports.ts';
import { attemptOf, groupOf, pagedThrough, recordOf } from './samples.ts';

/** Each with a store of its own. */
const RUNS = process.env['PROVE'] === undefined ? 10 : 200;

type Store = DeviceStore & AttemptStore;

/** A store, and the same opened again as after a kill. */
export interface AttemptsUnderTest {
  readonly store: Store;
  reopened(): Promise<Store>;
}

const EVERYTHING = { limit: 1_000, cursor: undefined };
export const NO_ATTEMPT_FILTER: AttemptFilter = {
  project: undefined,
  rollout: undefined,
  release: undefined,
  standing: undefined,
  deviceId: undefined,
};

/** What a device store owes to attempts. */
export function testAttemptStore(make: () => Promise<AttemptsUnderTest>): void {
  const test = (name: string, work: (under: AttemptsUnderTest) => Promise<void>): void => {
    it(name, async () => work(await make()));
  };

  test('a record comes back with its latest attempt and what was promised within the day', async (under) => {
    const { store, reopened } = under;
    const attempt = attemptOf({
      rollout: 3,
      wave: 2,
      state: 'rolled-back',
      reached: 'installed',
      failures: 2,
      changedAt: 9,
      code: -7,
      detail: '启动失败 🚀',
      deferral: { until: 2 ** 41, reason: '窗口外' },
    });
    const full = recordOf({ attempt, spent: { bytes: 2 ** 40, since: 8 } });
    const plain = recordOf({ id: 'plain', attempt: attemptOf({ deferral: { until: undefined, reason: '' } }) });
    await store.write(groupOf({ records: [recordOf(), plain] }), 'kill');
    await store.write(groupOf({ records: [full] }), 'power-cut');
    for (const one of [store, await reopened()]) {
      expect(await recordsOf(one)).toEqual([full, plain]);
      const { items } = await one.list({ ...NO_DEVICE_FILTER, project: 'p' }, EVERYTHING);
      expect(items.map(({ record }) => record)).toEqual([full, plain]);
    }
    // A record may cease to have either; what was attempted stays.
    await store.write(groupOf({ records: [recordOf()] }), 'kill');
    expect(await recordsOf(await reopened())).toEqual([recordOf(), plain]);
    expect(await all(await reopened())).toEqual([
      storedOf(full, attempt),
      storedOf(plain, attemptOf({ deferral: { until: undefined, reason: '' } })),
    ]);
  });

  test('each release, and each rollout of it, is an attempt of its own; the former ones stay as they ended', async ({
    store,
    reopened,
  }) => {
    const attempts = [
      attemptOf({ release: 4 }),
      attemptOf({ release: 4, rollout: 1 }),
      attemptOf({ release: 5, rollout: 2 }),
      attemptOf({ release: 5, rollout: 10 }),
    ];
    const ended: Attempt[] = [];
    let before: Attempt | undefined;
    for (const attempt of attempts) {
      const former: Attempt | undefined = before && { ...before, state: 'superseded', detail: 'another came' };
      if (former !== undefined) ended.push(former);
      const record = recordOf({ attempt });
      const gone = former === undefined ? {} : { former: [storedOf(record, former)] };
      await store.write(groupOf({ ...gone, records: [record] }), 'power-cut');
      before = attempt;
    }
    const last = recordOf({ attempt: before });
    const wanted = [...ended, ...attempts.slice(-1)].map((attempt) => storedOf(last, attempt));
    for (const one of [store, await reopened()]) {
      expect(await recordsOf(one)).toEqual([last]);
      expect(await all(one)).toEqual(wanted);
      expect(sorted(await one.counts())).toEqual(
        sorted([
          { rollout: 1, wave: 0, standing: 'superseded', count: 1 },
          { rollout: 2, wave: 0, standing: 'superseded', count: 1 },
          { rollout: 10, wave: 0, standing: 'under-way', count: 1 },
        ]),
      );
    }
  });

  test('of an idle device only its questions are news; one that is not kept stays unknown', async (under) => {
    const { store, reopened } = under;
    const record = recordOf({ attempt: attemptOf(), spent: { bytes: 7, since: 8 } });
    await store.write(groupOf({ records: [record] }), 'kill');
    const seen = { ...record, lastSeenAt: 50, asked: 9, idKind: 'mac' as const };
    const idle = [{ ...seen, attempt: attemptOf({ state: 'failed' }) }, recordOf({ id: 'unknown' })];
    await store.write(groupOf({ idle }), 'kill');
    expect(await recordsOf(await reopened())).toEqual([seen]);
  });

  test('a device that is forgotten is gone with all its attempts, and the same group may begin anew', async (under) => {
    const { store, reopened } = under;
    const attempt = attemptOf({ rollout: 1 });
    const records = [recordOf({ attempt }), recordOf({ attempt, firmwareName: 'other' })];
    const others = [recordOf({ attempt, id: '8671' }), recordOf({ attempt, project: 'q' })];
    await store.write(groupOf({ records: [...records, ...others] }), 'kill');
    await store.write(groupOf({ records: [recordOf({ attempt: attemptOf() })] }), 'kill');
    await store.write(groupOf({ forgotten: [{ project: 'p', id: '867' }] }), 'power-cut');
    for (const one of [store, await reopened()]) {
      expect(await all(one)).toEqual(others.map((record) => storedOf(record, attempt)));
      expect(await one.counts()).toEqual([{ rollout: 1, wave: 0, standing: 'under-way', count: 2 }]);
    }
    const anew = recordOf({ project: 'q', attempt: attemptOf({ rollout: 2 }) });
    await store.write(groupOf({ forgotten: [{ project: 'q', id: '867' }], records: [anew] }), 'kill');
    expect(await recordsOf(await reopened())).toEqual([others[0], anew]);
    expect((await all(await reopened())).map(({ rollout }) => rollout)).toEqual([1, 2]);
  });

  test('of a group that cannot be kept no attempt is either', async ({ store, reopened }) => {
    const attempt = attemptOf({ rollout: 1 });
    await store.write(groupOf({ records: [recordOf({ attempt })] }), 'kill');
    const before = await all(store);
    const spoilt = (): never => {
      throw new Error('this one cannot be kept');
    };
    const later = recordOf({ attempt: { ...attempt, state: 'confirmed' } });
    const bad = groupOf({
      former: [storedOf(later, attemptOf({ rollout: 2 }))],
      records: [later, Object.defineProperty({ ...recordOf() }, 'id', { get: spoilt })],
    });
    await expect(store.write(bad, 'power-cut')).rejects.toThrow('cannot be kept');
    for (const one of [store, await reopened()]) expect(await all(one)).toEqual(before);
  });

  describe('lists and counts', () => {
    const attempts = fc.record({
      release: fc.integer({ min: 1, max: 2 }),
      rollout: fc.constantFrom(undefined, 1, 2, 11),
      wave: fc.integer({ min: 0, max: 1 }),
      state: fc.constantFrom(...ATTEMPT_STATES),
      failures: fc.integer({ min: 0, max: 1 }),
    });
    const written = fc.record({
      project: fc.constantFrom('p', 'q', '固'),
      id: fc.constantFrom('1', '10', '2', 'ÿ', '🚀'),
      firmwareName: fc.constantFrom('app', 'other'),
      attempt: attempts.map((changes) => attemptOf(changes)),
    });
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ is: fc.constant('write' as const), these: fc.array(written, { maxLength: 6 }) }),
      },
      { weight: 1, arbitrary: fc.record({ is: fc.constant('former' as const), one: written }) },
      { weight: 1, arbitrary: fc.record({ is: fc.constant('forget' as const), one: written }) },
      { weight: 1, arbitrary: fc.record({ is: fc.constant('killed' as const) }) },
    );
    const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
    const filters = fc.record<AttemptFilter>({
      project: maybe(fc.constantFrom('p', 'q', '固', 'none')),
      within: maybe(fc.subarray(['p', '固', 'none'])),
      rollout: maybe(fc.constantFrom(1, 2, 11)),
      release: maybe(fc.constantFrom(1, 2)),
      standing: maybe(fc.constantFrom(...STANDINGS)),
      deviceId: maybe(fc.constantFrom('1', '🚀', 'none')),
    });

    it(
      'whatever was written, forgotten or killed, nothing acknowledged is lost, and the counts are those of the list',
      async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(step, { maxLength: 20 }),
            filters,
            fc.integer({ min: 1, max: 5 }),
            async (steps, filter, limit) => {
              const under = await make();
              let { store } = under;
              const model = new Map<string, StoredAttempt>();
              const records = new Map<string, DeviceRecord>();
              for (const one of steps) {
                if (one.is === 'killed') store = await under.reopened();
                else if (one.is !== 'former' || !isLatest(records, one.one)) {
                  const group = groupFor(one);
                  await store.write(group, 'kill');
                  keep(group, model, records);
                }
                expect(byWave(await store.counts())).toEqual(byWave(counted([...model.values()])));
              }
              expect(sorted(await recordsOf(store))).toEqual(sorted([...records.values()]));
              const listed = await pagedThrough((page) => store.attempts(filter, page), limit);
              expect(listed).toEqual((await store.attempts(filter, EVERYTHING)).items);
              expect(sorted(listed)).toEqual(sorted([...model.values()].filter((one) => isListed(filter, one))));
            },
          ),
          { numRuns: 3 * RUNS },
        );
      },
      1_000 * RUNS,
    );

    it.each(['', 'x', '[]', '["a","b","c","1","2"]', Buffer.from('["a","b","c"]').toString('base64url')])(
      'refuse the cursor %j',
      async (cursor) => {
        const { store } = await make();
        const page = store.attempts(NO_ATTEMPT_FILTER, { limit: 5, cursor });
        await expect(page).rejects.toMatchObject({ code: 'cursor-invalid' });
      },
    );
  });
}

const NO_DEVICE_FILTER = { project: undefined, firmwareName: undefined, access: undefined, idPrefix: undefined };

interface Written {
  readonly project: string;
  readonly id: string;
  readonly firmwareName: string;
  readonly attempt: Attempt;
}

function groupFor(
  step:
    | { readonly is: 'write'; readonly these: readonly Written[] }
    | { readonly is: 'former' | 'forget'; readonly one: Written },
): DeviceGroup {
  if (step.is === 'write') return groupOf({ records: step.these.map((one) => recordOf(one)) });
  const { project, id, firmwareName, attempt } = step.one;
  if (step.is === 'forget') return groupOf({ forgotten: [{ project, id }] });
  return groupOf({ former: [{ project, id, firmwareName, ...attempt }] });
}

function isLatest(
  records: ReadonlyMap<string, DeviceRecord>,
  { project, id, firmwareName, attempt }: Written,
): boolean {
  const latest = records.get(JSON.stringify([project, id, firmwareName]))?.attempt;
  return latest !== undefined && isSameAttempt(latest, attempt);
}

/** The same, kept in the plainest way. */
function keep(group: DeviceGroup, attempts: Map<string, StoredAttempt>, records: Map<string, DeviceRecord>): void {
  const { forgotten = [], former = [] } = group;
  for (const { project, id } of forgotten) {
    for (const kept of [attempts, records]) {
      for (const [key, one] of kept) if (one.project === project && one.id === id) kept.delete(key);
    }
  }
  const add = (one: StoredAttempt): void => {
    attempts.set(JSON.stringify([one.project, one.id, one.firmwareName, one.release, one.rollout]), one);
  };
  former.forEach(add);
  for (const record of group.records) {
    if (record.attempt !== undefined) add(storedOf(record, record.attempt));
    records.set(JSON.stringify([record.project, record.id, record.firmwareName]), record);
  }
}

function counted(attempts: readonly StoredAttempt[]): AttemptCount[] {
  const keys = attempts.flatMap(({ rollout, wave, ...rest }) =>
    rollout === undefined ? [] : [JSON.stringify([rollout, wave, standingOf(rest)])],
  );
  return [...new Set(keys)].map((key) => {
    const [rollout, wave, standing] = JSON.parse(key) as [number, number, Standing];
    return { rollout, wave, standing, count: keys.filter((one) => one === key).length };
  });
}

function byWave(counts: readonly AttemptCount[]): Readonly<Record<string, Partial<WaveCounts>>> {
  const waves: Record<string, Partial<WaveCounts>> = {};
  for (const { rollout, wave, standing, count } of counts) {
    const place = `rollout ${rollout}, wave ${wave}`;
    waves[place] = { ...waves[place], [standing]: count };
  }
  return waves;
}

function isListed(filter: AttemptFilter, one: StoredAttempt): boolean {
  const wanted = [filter.project, filter.rollout, filter.release, filter.standing, filter.deviceId];
  const found = [one.project, one.rollout, one.release, standingOf(one), one.id];
  const isThere = filter.within === undefined || filter.within.includes(one.project);
  return isThere && wanted.every((part, at) => part === undefined || part === found[at]);
}

function storedOf({ project, id, firmwareName }: DeviceRecord, attempt: Attempt): StoredAttempt {
  return { project, id, firmwareName, ...attempt };
}

async function all(store: Store): Promise<readonly StoredAttempt[]> {
  return (await store.attempts(NO_ATTEMPT_FILTER, EVERYTHING)).items;
}

async function recordsOf(store: Store): Promise<DeviceRecord[]> {
  const found: DeviceRecord[] = [];
  for await (const record of store.records()) found.push(record);
  return found;
}

function sorted<T>(items: readonly T[]): T[] {
  const textOf = (item: T): string =>
    JSON.stringify(Object.entries(item as object).sort(([a], [b]) => (a < b ? -1 : 1)));
  return items.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
}
