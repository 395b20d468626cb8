import { expect, it } from 'vitest';
import type { DatedEvent, StoredEvent } from '../../src/domain/event.ts';
import type { EventStore } from '../../src/ports/events.ts';

/** A store, and the same opened again as after a restart. */
export interface EventsUnderTest {
  readonly store: EventStore;
  reopened(): Promise<EventStore>;
}

export function eventOf(number: number, changes: Partial<DatedEvent> = {}): DatedEvent {
  return { type: 'device.held', project: 'p', data: { device: String(number) }, at: number, ...changes };
}

/** What every `EventStore` owes to the use cases. */
export function testEventStore(make: (limit: number) => Promise<EventsUnderTest>): void {
  const test = (name: string, work: (under: EventsUnderTest) => Promise<void>): void => {
    it(name, async () => work(await make(100)));
  };

  test('events come back as they were staged, in order, and keep their numbers', async ({ store, reopened }) => {
    expect([await store.newest(), await store.oldest()]).toEqual([0, undefined]);
    const data = { release: 7, version: '1.1.0', reason: '原因 "é"' };
    const events = [eventOf(1), eventOf(2, { type: 'problem', project: undefined, data }), eventOf(3)];
    for (const event of events) store.stage(event);
    expect(await store.after(0, 10)).toEqual([]);
    await store.flush();
    const stored = events.map((event, i) => ({ ...event, id: i + 1 }));
    for (const each of [store, await reopened()]) {
      expect(await each.after(0, 10)).toEqual(stored);
      expect(await each.after(1, 1)).toEqual(stored.slice(1, 2));
      expect(await each.before(3, 10)).toEqual(stored.slice(0, 2).reverse());
      expect([await each.newest(), await each.oldest()]).toEqual([3, 1]);
    }
  });

  test('the one who waits is told what was written, and nothing that was taken back', async ({ store }) => {
    const told: StoredEvent[] = [];
    store.onWritten((events) => told.push(...events));
    const same = eventOf(1);
    const takeBack = store.stage(same);
    store.stage(same);
    store.stage(eventOf(2));
    takeBack();
    await store.flush();
    takeBack();
    await store.flush();
    expect(told.map(({ id, at }) => [id, at])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  test('the newest are kept, and a number is never used again', async ({ store, reopened }) => {
    for (let number = 1; number <= 250; number += 1) {
      store.stage(eventOf(number));
      if (number % 50 === 0) await store.flush();
    }
    for (const each of [store, await reopened()]) {
      expect(await each.newest()).toBe(250);
      expect(await each.oldest()).toBe(151);
      expect((await each.after(0, 1_000)).map(({ id, at }) => id === at)).toEqual(Array(100).fill(true));
    }
  });
}
