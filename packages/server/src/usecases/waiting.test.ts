import { describe, expect, it } from 'vitest';
import { device, FULL, made, type Under } from '../../test/suites/grouping.ts';
import { entryOf, groupOf, recordOf } from '../../test/suites/samples.ts';
import { MINUTE, SECOND } from '../../test/suites/world.ts';

describe('after a promise that could not be kept', () => {
  const failing = async ({ grouping, time }: Under, id: number): Promise<void> => {
    const promised = grouping.durable(groupOf({ records: [device(id)] }));
    promised.catch(() => undefined);
    await time.pass(0);
    await expect(promised).rejects.toMatchObject(FULL);
  };

  it('nothing is promised for a second, and no write is tried; then it is', async () => {
    const under = made();
    const { store, time } = under;
    store.setFull(true);
    await failing(under, 1);
    store.setFull(false);
    await time.pass(SECOND - 1);
    await failing(under, 2);
    expect(store.tried).toBe(1);
    await time.pass(1);
    const promised = under.grouping.durable(groupOf({ records: [device(3)] }));
    await time.pass(0);
    await promised;
    expect(store.written).toMatchObject([{ records: [device(3)] }]);
  });

  it('it goes apart from what waits, which may be why the write failed', async () => {
    const under = made();
    const { grouping, store, time } = under;
    grouping.soon(device(7), undefined);
    store.setFull(true);
    await failing(under, 1);
    await time.pass(SECOND);
    store.setFull(false);
    const promised = grouping.durable(groupOf({ records: [device(2)] }));
    await time.pass(0);
    await promised;
    expect(store.written).toMatchObject([{ records: [device(2)] }]);
    await time.pass(SECOND);
    expect(store.written).toMatchObject([{ records: [device(2)] }, { records: [device(7)] }]);
  });

  it('what waited of the device before waits on, and nothing else does', async () => {
    const under = made();
    const { grouping, store, time } = under;
    grouping.soon(device(1, 1), undefined);
    grouping.idle(device(2, 1));
    store.setFull(true);
    const promised = [1, 2, 3].map((id) => grouping.durable(groupOf({ records: [device(id, 9)] })));
    for (const one of promised) one.catch(() => undefined);
    await time.pass(0);
    store.setFull(false);
    await time.pass(2 * MINUTE);
    expect(store.written).toMatchObject([{ records: [device(1, 1)] }, { records: [], idle: [device(2, 1)] }]);
  });
});

it('what waited of a device is not written once something later was', async () => {
  const { grouping, store, time } = made();
  grouping.soon(device(1, 1), undefined);
  grouping.idle(device(2, 1));
  const { letGo } = store.hold();
  const promised = grouping.durable(groupOf({ records: [device(1, 2), device(2, 2)] }));
  await time.pass(0);
  grouping.idle(device(1, 3));
  grouping.idle(device(2, 3));
  letGo();
  await promised;
  await time.pass(2 * MINUTE);
  expect(store.written.map(({ records }) => records)).toEqual([
    [device(1, 2), device(2, 2)],
    [device(1, 3), device(2, 3)],
  ]);
});

it('a device that is forgotten does not come back by what waited of it', async () => {
  const { grouping, store, time } = made();
  grouping.soon(device(1), undefined);
  grouping.soon(device(11), undefined);
  grouping.idle(recordOf({ id: '1', firmwareName: 'other' }));
  const forget = (): Promise<void> => grouping.durable(groupOf({ forgotten: [{ project: 'p', id: '1' }] }));
  grouping.soon(device(1, 2), undefined);
  const forgotten = forget();
  await time.pass(2 * MINUTE);
  await forgotten;
  expect(store.written).toMatchObject([{ forgotten: [{ id: '1' }], records: [device(11)] }]);
});

it('a device that could not be forgotten is still known, and forgotten later', async () => {
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
  // Nothing is promised for a second; the device is still known, and what waits of it is written.
  await time.pass(SECOND);
  const again = grouping.durable(groupOf({ forgotten: [forgotten] }));
  await time.pass(2 * MINUTE);
  await again;
  expect(store.written).toEqual([
    { records: [device(2), device(1, 2)], access: [], log: [entryOf()], against: 'power-cut' },
    { forgotten: [forgotten], records: [], access: [], log: [], against: 'power-cut' },
  ]);
});
