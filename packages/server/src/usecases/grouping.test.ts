import { describe, expect, it } from 'vitest';
import { device, FULL, made } from '../../test/suites/grouping.ts';
import { entryOf, groupOf } from '../../test/suites/samples.ts';
import { MINUTE, SECOND, TIMES } from '../../test/suites/world.ts';
import type { Later } from '../ports.ts';
import { createGrouping } from './grouping.ts';

const atOnce: Later = (ms, work) => {
  if (ms === 0) queueMicrotask(work);
  return { cancel: () => undefined };
};
const fail = (problem: unknown): void => {
  throw problem;
};

describe('what is promised', () => {
  it('in one turn of the loop shares one commit, against power cuts', async () => {
    const { grouping, store, time } = made();
    const all = [1, 2, 3].map((id) => grouping.durable(groupOf({ records: [device(id)], log: [entryOf()] })));
    await time.pass(0);
    await Promise.all(all);
    expect(store.written).toEqual([
      {
        records: [device(1), device(2), device(3)],
        access: [],
        log: [entryOf(), entryOf(), entryOf()],
        against: 'power-cut',
      },
    ]);
  });

  it('waits for others to share its commit, and no longer', async () => {
    const { grouping, store, time } = made({ ...TIMES, gatherMs: 5 });
    const first = grouping.durable(groupOf({ records: [device(1)] }));
    await time.pass(4);
    const second = grouping.durable(groupOf({ records: [device(2)] }));
    expect(store.written).toEqual([]);
    await time.pass(1);
    await Promise.all([first, second]);
    expect(store.written).toMatchObject([{ records: [device(1), device(2)] }]);
  });

  it('while a group is being written goes with the next one, together', async () => {
    const { grouping, store, time } = made();
    const { letGo } = store.hold();
    const first = grouping.durable(groupOf({ records: [device(1)] }));
    await time.pass(0);
    const others = [2, 3].map((id) => grouping.durable(groupOf({ records: [device(id)] })));
    await time.pass(0);
    let over = 0;
    for (const one of [first, ...others]) void one.then(() => (over += 1));
    await time.pass(MINUTE);
    expect(over).toBe(0);
    letGo();
    await Promise.all([first, ...others]);
    expect(store.written.map(({ records }) => records.length)).toEqual([1, 2]);
  });

  it('and cannot be written is told to all who wait, and never written later', async () => {
    const { grouping, store, time, problems } = made();
    store.setFull(true);
    grouping.soon(device(7), entryOf({ detail: 'not promised' }));
    const all = [1, 2].map((id) => grouping.durable(groupOf({ records: [device(id)], log: [entryOf()] })));
    for (const one of all) one.catch(() => undefined);
    await time.pass(0);
    for (const one of all) await expect(one).rejects.toMatchObject(FULL);
    store.setFull(false);
    await time.pass(SECOND);
    expect(store.written).toMatchObject([{ records: [device(7)], log: [{ detail: 'not promised' }] }]);
    expect(problems).toEqual([]);
  });

  it('is not taken for written when a flush took it along and failed', async () => {
    const { grouping, store, time } = made();
    store.setFull(true);
    const promised = grouping.durable(groupOf({ records: [device(1)] }));
    promised.catch(() => undefined);
    await expect(grouping.flush()).rejects.toMatchObject(FULL);
    store.setFull(false);
    await time.pass(MINUTE);
    await expect(promised).rejects.toMatchObject(FULL);
    expect(store.written).toEqual([]);
  });
});

describe('what follows soon', () => {
  it('is written after a second, in one group, each device as it was last', async () => {
    const { grouping, store, time } = made();
    grouping.soon(device(1, 1), entryOf({ detail: 'a' }));
    await time.pass(SECOND - 1);
    grouping.soon(device(1, 2), entryOf({ detail: 'b' }));
    expect(store.written).toEqual([]);
    await time.pass(1);
    expect(store.written).toMatchObject([{ records: [device(1, 2)], log: [{ detail: 'a' }, { detail: 'b' }] }]);
    await time.pass(MINUTE);
    expect(store.written).toHaveLength(1);
  });

  it('is tried again every second while it cannot be written, and each failure is told', async () => {
    const { grouping, store, time, problems } = made();
    store.setFull(true);
    grouping.soon(device(1, 1), entryOf({ detail: 'a' }));
    await time.pass(3 * SECOND);
    expect(problems).toMatchObject([FULL, FULL, FULL]);
    grouping.idle(device(1, 2));
    grouping.soon(undefined, entryOf({ detail: 'b' }));
    store.setFull(false);
    await time.pass(SECOND);
    expect(store.written).toMatchObject([{ records: [device(1, 2)], log: [{ detail: 'a' }, { detail: 'b' }] }]);
  });

  it('stays bounded while it cannot be written: the newest entries stay, and are written a thousand at a time', async () => {
    const { grouping, store, time } = made();
    store.setFull(true);
    for (let n = 0; n < 30_000; n += 1) grouping.soon(undefined, entryOf({ at: n }));
    await time.pass(SECOND);
    for (let n = 30_000; n < 50_000; n += 1) grouping.soon(undefined, entryOf({ at: n }));
    await time.pass(SECOND);
    store.setFull(false);
    const settled = grouping.settle();
    await time.pass(0);
    await settled;
    expect(Math.max(...store.written.map((group) => group.log.length))).toBe(1_000);
    const log = store.written.flatMap((group) => group.log);
    expect(log.length).toBeGreaterThanOrEqual(10_000);
    expect(log.length).toBeLessThanOrEqual(11_000);
    expect(log.map(({ at }) => at)).toEqual(log.map((_, place) => 50_000 - log.length + place));
  });
});

describe('when a device was last seen', () => {
  it('is written after a minute, once, however often it asked, and needs no sync', async () => {
    const { grouping, store, time } = made();
    for (let asked = 1; asked <= 5; asked += 1) grouping.idle(device(1, asked));
    await time.pass(MINUTE - 1);
    expect(store.written).toEqual([]);
    await time.pass(1);
    expect(store.written).toEqual([{ records: [], idle: [device(1, 5)], access: [], log: [], against: 'kill' }]);
  });

  it('goes along with what is written of the device before', async () => {
    const { grouping, store, time } = made();
    grouping.idle(device(1, 1));
    grouping.soon(device(1, 2), undefined);
    grouping.idle(device(1, 3));
    await time.pass(2 * MINUTE);
    expect(store.written.flatMap(({ records }) => records)).toEqual([device(1, 3)]);
  });

  it('is written of many devices in small groups, and those who ask meanwhile wait their own minute', async () => {
    const { grouping, store, time } = made();
    for (let id = 0; id < 1_000; id += 1) grouping.idle(device(id));
    await time.pass(MINUTE);
    // Somebody asks in every pause.
    for (let pause = 0; pause < 10; pause += 1) {
      grouping.idle(device(2_000 + pause));
      await time.pass(20);
    }
    const sizes = () => store.written.map(({ idle }) => idle?.length);
    expect(sizes()).toEqual([200, 200, 200, 200, 200]);
    await time.pass(MINUTE);
    expect(sizes().slice(5)).toEqual([10]);
  });

  it('waits for another minute where it cannot be written', async () => {
    const { grouping, store, time, problems } = made();
    store.setFull(true);
    grouping.idle(device(1));
    await time.pass(2 * MINUTE);
    expect(problems).toMatchObject([FULL, FULL]);
    store.setFull(false);
    await time.pass(MINUTE);
    expect(store.written).toMatchObject([{ idle: [device(1)] }]);
  });
});

it('a flush writes all that waits, and leaves no timer behind', async () => {
  const { grouping, store, time } = made();
  for (let id = 0; id < 500; id += 1) grouping.idle(device(id));
  grouping.soon(device(1_000), entryOf());
  const flushed = grouping.flush();
  await time.pass(0);
  await flushed;
  expect(store.written.flatMap(({ records, idle = [] }) => [...records, ...idle])).toHaveLength(501);
  const count = store.written.length;
  await time.pass(5 * MINUTE);
  expect(store.written).toHaveLength(count);
});

it('a flush lets everybody else have a turn between two groups', async () => {
  const { grouping, store, time } = made();
  for (let id = 0; id < 500; id += 1) grouping.idle(device(id));
  const flushed = grouping.flush();
  await new Promise((resolve) => setImmediate(resolve));
  expect(store.written).toHaveLength(1);
  await time.pass(0);
  await flushed;
  expect(store.written).toHaveLength(3);
});

it('a record costs the same to flush among many as among few', { timeout: 120_000 }, async () => {
  /** Of 30 000 records, flushed so many at a time: microseconds. */
  const cost = async (count: number): Promise<number> => {
    const store = { write: async () => undefined };
    const all = Array.from({ length: 30_000 / count }, () => {
      const grouping = createGrouping({ store, later: atOnce, times: { ...TIMES, idleMs: 1e9 }, onProblem: fail });
      for (let id = 0; id < count; id += 1) grouping.idle(device(id));
      return grouping;
    });
    const before = process.cpuUsage();
    for (const grouping of all) await grouping.flush();
    return process.cpuUsage(before).user;
  };
  const least = async (count: number): Promise<number> => {
    const costs: number[] = [];
    for (let run = 0; run < 5; run += 1) costs.push(await cost(count));
    return Math.min(...costs);
  };
  await cost(1_500);
  // Twenty times as many would cost twenty times as much each, if a group looked through all of them; a full heap costs some, too.
  expect(await least(30_000)).toBeLessThan(8 * (await least(1_500)));
});
