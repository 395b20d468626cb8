import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Agenda, createAgenda, createQueue } from './agenda.ts';

describe('an agenda', () => {
  it('gives devices back in the order of their times, and those of one time in the order in which they came', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
        const agenda = createAgenda(times.length);
        for (const [index, dueMs] of times.entries()) agenda.add(index, dueMs);
        const taken = times.map(() => agenda.take(Number.POSITIVE_INFINITY));
        const wanted = times.map((dueMs, index) => ({ dueMs, index })).sort((a, b) => a.dueMs - b.dueMs);
        expect(taken).toEqual(wanted.map(({ index }) => index));
        expect(agenda.size).toBe(0);
      }),
    );
  });

  it('gives nobody before the time, whatever is put down and taken in between', () => {
    const steps = fc.array(fc.tuple(fc.nat(9), fc.nat(100), fc.boolean()));
    fc.assert(
      fc.property(steps, (all) => {
        const [agenda, due] = [createAgenda(10), new Map<number, number>()];
        for (const [index, time, isTaken] of all) {
          if (isTaken) takeOne(agenda, due, time);
          else addOne(agenda, due, index, time);
        }
      }),
    );
  });

  function takeOne(agenda: Agenda, due: Map<number, number>, time: number): void {
    const earliest = due.size === 0 ? undefined : Math.min(...due.values());
    expect(agenda.nextMs()).toBe(earliest);
    const taken = agenda.take(time);
    expect(taken === undefined).toBe(earliest === undefined || earliest > time);
    if (taken === undefined) return;
    expect(due.get(taken)).toBe(earliest);
    due.delete(taken);
  }

  function addOne(agenda: Agenda, due: Map<number, number>, index: number, time: number): void {
    if (due.has(index)) {
      expect(() => agenda.add(index, time)).toThrow(RangeError);
      return;
    }
    agenda.add(index, time);
    due.set(index, time);
  }
});

it('who waits is served in the order of coming, as often as the queue goes round', () => {
  const queue = createQueue(3);
  for (const index of [2, 0, 1, 2, 0]) {
    queue.push(index);
    queue.push((index + 1) % 3);
    expect([queue.shift(), queue.shift()]).toEqual([index, (index + 1) % 3]);
  }
  expect(queue.size).toBe(0);
  expect(queue.shift()).toBeUndefined();
});
