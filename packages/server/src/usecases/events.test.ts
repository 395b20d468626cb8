import { describe, expect, it } from 'vitest';
import { eventOf } from '../../test/suites/event-store.ts';
import { type FakeTime, fakeTime } from '../../test/suites/world.ts';
import { memoryEvents } from '../adapters/memory/events.ts';
import { FotaServerError } from '../domain/errors.ts';
import type { NewEvent } from '../domain/event.ts';
import type { EventStore } from '../ports/events.ts';
import { type Events, openEvents } from './events.ts';

interface Under {
  readonly events: Events;
  readonly store: EventStore;
  readonly time: FakeTime;
  readonly problems: unknown[];
  setFull(is: boolean): void;
}

async function opened(limit?: number): Promise<Under> {
  const memory = memoryEvents(limit);
  const time = fakeTime();
  const problems: unknown[] = [];
  let isFull = false;
  const store: EventStore = {
    ...memory,
    async flush() {
      if (isFull) throw new FotaServerError('disk-full', 'no room is left');
      await memory.flush();
    },
  };
  const { now, later } = time;
  const events = await openEvents({ store, now, later, onProblem: (problem) => problems.push(problem) });
  const setFull = (is: boolean): void => {
    isFull = is;
  };
  return { events, store, time, problems, setFull };
}

const held = (device: number): NewEvent => ({ type: 'device.held', project: 'p', data: { device: String(device) } });
const stopped: NewEvent = { type: 'stop.on', project: undefined, data: { reason: 'Friday' } };

describe('an event', () => {
  it('is told within 50 ms, once it is written, with the time at which it was emitted', async () => {
    const { events, time } = await opened();
    let calls = 0;
    events.watch(() => {
      calls += 1;
    });
    events.emit(held(1));
    events.emit(stopped);
    const at = time.now();
    await time.pass(49);
    expect([calls, events.newest(), (await events.read(0, {})).events]).toEqual([0, 0, []]);
    await time.pass(1);
    await time.pass(0);
    expect([calls, events.newest()]).toEqual([1, 2]);
    expect(await events.read(0, {})).toEqual({
      events: [
        { ...held(1), id: 1, at },
        { ...stopped, id: 2, at },
      ],
      at: 2,
      isAll: true,
      lost: undefined,
    });
  });

  it('waits while nothing can be written, which is told as a problem once a second', async () => {
    const { events, time, problems, setFull } = await opened();
    setFull(true);
    events.emit(held(1));
    await time.pass(2_100);
    expect(problems).toHaveLength(3);
    setFull(false);
    events.emit(held(2));
    await time.pass(1_000);
    expect((await events.read(0, {})).events.map(({ data }) => data.device)).toEqual(['1', '2']);
    expect(problems).toHaveLength(3);
  });

  it('that goes along with a change is not told where the change fails', async () => {
    const { events, time } = await opened();
    const failing = events.along(held(1), async () => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await events.along(held(2), async () => 'done')).toBe('done');
    await time.pass(50);
    await events.flush();
    await time.pass(0);
    expect((await events.read(0, {})).events.map(({ data }) => data.device)).toEqual(['2']);
  });

  it('is not told before the turn of its commit is over: whoever hears of a change finds it made', async () => {
    const { events, store, time } = await opened();
    store.stage(eventOf(1));
    let isMade = false;
    const seen: boolean[] = [];
    events.watch(() => seen.push(isMade));
    await store.flush();
    await Promise.resolve();
    expect([seen, events.newest(), (await events.read(0, {})).events]).toEqual([[], 0, []]);
    isMade = true;
    await time.pass(0);
    expect(seen).toEqual([true]);
  });
});

describe('a reader', () => {
  it('hears of what it wants, and comes on past what it does not', async () => {
    const { events, time } = await opened();
    for (let n = 1; n <= 3; n += 1) events.emit(held(n));
    events.emit(stopped);
    await time.pass(50);
    await time.pass(0);
    const stops = await events.read(0, { types: ['stop'] });
    expect(stops).toMatchObject({ events: [{ ...stopped, id: 4 }], at: 4 });
    expect(await events.read(0, { types: ['problem'] })).toMatchObject({ events: [], at: 4, isAll: true });
  });

  it('reads on in portions, over what is only in the store, without losing or doubling any', async () => {
    const { events, time } = await opened();
    for (let n = 1; n <= 4_321; n += 1) {
      events.emit(held(n));
      if (n % 100 === 0) await time.pass(50);
    }
    await time.pass(50);
    await time.pass(0);
    const ids: number[] = [];
    let at = 0;
    for (let isAll = false; !isAll; ) {
      const portion = await events.read(at, {});
      expect(portion.events.length).toBeLessThanOrEqual(500);
      ids.push(...portion.events.map(({ id }) => id));
      ({ at, isAll } = portion);
    }
    expect(ids).toEqual(Array.from({ length: 4_321 }, (_, i) => i + 1));
    expect(at).toBe(events.newest());
  });

  it('is told where events that it has not seen are not kept any more, and begins with the oldest', async () => {
    const { events, time } = await opened(10);
    const emit = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += 1) events.emit(held(n));
      await time.pass(50);
      await time.pass(0);
    };
    await emit(5);
    expect((await events.read(0, {})).lost).toBeUndefined();
    await emit(2_500);
    const oldest = 2_496;
    expect(await events.read(5, {})).toMatchObject({ lost: { after: 5, oldest, isAnother: false } });
    expect((await events.read(5, {})).events.map(({ id }) => id)[0]).toBe(oldest);
    expect((await events.read(oldest - 1, {})).lost).toBeUndefined();
    // As after a restored backup.
    expect(await events.read(9_999, {})).toMatchObject({ lost: { after: 9_999, oldest, isAnother: true } });
  });

  it('that has left is not called any more', async () => {
    const { events, time } = await opened();
    let calls = 0;
    const leave = events.watch(() => {
      calls += 1;
    });
    leave();
    events.emit(held(1));
    await time.pass(100);
    expect(calls).toBe(0);
  });
});

it('events are listed in pages, the newest first', async () => {
  const { events, time } = await opened();
  for (let n = 1; n <= 1_200; n += 1) events.emit(n % 100 === 0 ? stopped : held(n));
  await time.pass(50);
  await time.pass(0);
  const stops = { types: ['stop'] };
  const first = await events.page(stops, { limit: 10, cursor: undefined });
  expect(first.items.map(({ id }) => id)).toEqual([1200, 1100, 1000, 900, 800, 700, 600, 500, 400, 300]);
  const rest = await events.page(stops, { limit: 10, cursor: first.cursor });
  expect([rest.items.map(({ id }) => id), rest.cursor]).toEqual([[200, 100], undefined]);
  expect((await events.page({}, { limit: 2, cursor: '3' })).items.map(({ id }) => id)).toEqual([2, 1]);
  expect((await events.page(stops, { limit: 9, cursor: undefined }, 1_000)).items.map(({ id }) => id)).toEqual([
    1200, 1100,
  ]);
  await expect(events.page({}, { limit: 2, cursor: 'x' })).rejects.toMatchObject({ code: 'cursor-invalid' });
});
