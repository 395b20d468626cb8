import { describe, expect, it } from 'vitest';
import { entryOf, groupOf, recordOf } from '../../test/suites/samples.ts';
import {
  type FakeTime,
  fakeTime,
  MINUTE,
  SECOND,
  TIMES,
  type Unreliable,
  unreliable,
} from '../../test/suites/world.ts';
import { memoryDevices } from '../adapters/memory/devices.ts';
import { createGrouping, type Grouping, type GroupingTimes } from './grouping.ts';

interface Under {
  readonly grouping: Grouping;
  readonly store: Unreliable;
  readonly time: FakeTime;
  readonly problems: unknown[];
}

function made(times: GroupingTimes = TIMES): Under {
  const store = unreliable(memoryDevices());
  const time = fakeTime();
  const problems: unknown[] = [];
  const onProblem = (problem: unknown): void => void problems.push(problem);
  return {
    grouping: createGrouping({ store, later: time.later, times, onProblem }),
    store,
    time,
    problems,
  };
}

const device = (id: number, asked = 1) => recordOf({ id: String(id), asked });
const FULL = { code: 'disk-full' };

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

  it('is not taken for written when another group took it along and failed', async () => {
    const { grouping, store, time } = made();
    store.setFull(true);
    const promised = grouping.durable(groupOf({ records: [device(1)] }));
    promised.catch(() => undefined);
    await expect(grouping.settle()).rejects.toMatchObject(FULL);
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

  it('stays bounded while it cannot be written: the newest entries stay, and what is promised', async () => {
    const { grouping, store, time } = made();
    store.setFull(true);
    for (let n = 0; n < 30_000; n += 1) grouping.soon(undefined, entryOf({ at: n }));
    await time.pass(SECOND);
    for (let n = 30_000; n < 50_000; n += 1) grouping.soon(undefined, entryOf({ at: n }));
    await time.pass(SECOND);
    store.setFull(false);
    await grouping.settle();
    const log = store.written.flatMap((group) => group.log);
    expect(log.length).toBeGreaterThanOrEqual(10_000);
    expect(log.length).toBeLessThanOrEqual(11_000);
    expect(log.map(({ at }) => at)).toEqual(log.map((_, place) => 50_000 - log.length + place));
  });
});

it('what waits of a device that is forgotten is not written, also where the group before fails', async () => {
  const { grouping, store, time } = made();
  const { letGo } = store.hold();
  grouping.soon(device(1), entryOf());
  grouping.soon(device(2), undefined);
  await time.pass(SECOND);
  grouping.idle(device(1, 2));
  const forgotten = { project: 'p', id: '1' };
  const done = grouping.durable(groupOf({ forgotten: [forgotten] }));
  done.catch(() => undefined);
  letGo();
  store.setFull(true);
  await time.pass(0);
  await expect(done).rejects.toMatchObject(FULL);
  store.setFull(false);
  const again = grouping.durable(groupOf({ forgotten: [forgotten] }));
  await time.pass(2 * MINUTE);
  await again;
  expect(store.written).toEqual([
    { forgotten: [forgotten], records: [device(2)], access: [], log: [entryOf()], against: 'power-cut' },
  ]);
});

describe('when a device was last seen', () => {
  it('is written after a minute, once, however often it asked, and needs no sync', async () => {
    const { grouping, store, time } = made();
    for (let asked = 1; asked <= 5; asked += 1) grouping.idle(device(1, asked));
    await time.pass(MINUTE - 1);
    expect(store.written).toEqual([]);
    await time.pass(1);
    expect(store.written).toEqual([{ records: [device(1, 5)], access: [], log: [], against: 'kill' }]);
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
    expect(store.written.map(({ records }) => records.length)).toEqual([200, 200, 200, 200, 200]);
    await time.pass(MINUTE);
    expect(store.written.map(({ records }) => records.length).slice(5)).toEqual([10]);
  });

  it('waits for another minute where it cannot be written', async () => {
    const { grouping, store, time, problems } = made();
    store.setFull(true);
    grouping.idle(device(1));
    await time.pass(2 * MINUTE);
    expect(problems).toMatchObject([FULL, FULL]);
    store.setFull(false);
    await time.pass(MINUTE);
    expect(store.written).toMatchObject([{ records: [device(1)] }]);
  });
});

it('a flush writes all that waits, and leaves no timer behind', async () => {
  const { grouping, store, time } = made();
  for (let id = 0; id < 500; id += 1) grouping.idle(device(id));
  grouping.soon(device(1_000), entryOf());
  await grouping.flush();
  expect(store.written.flatMap(({ records }) => records)).toHaveLength(501);
  const count = store.written.length;
  await time.pass(5 * MINUTE);
  expect(store.written).toHaveLength(count);
});
