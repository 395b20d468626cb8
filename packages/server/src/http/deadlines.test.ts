import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createDeadlines } from './deadlines.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('tells of each that has not ended in time, and of nothing else', () => {
  const late: string[] = [];
  const deadlines = createDeadlines<string>(1_000, (one) => late.push(one));
  deadlines.begin('a');
  vi.advanceTimersByTime(600);
  deadlines.begin('b');
  deadlines.begin('c');
  deadlines.end('b');
  vi.advanceTimersByTime(399);
  expect(late).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(late).toEqual(['a']);
  vi.advanceTimersByTime(600);
  expect(late).toEqual(['a', 'c']);
});

it('waits anew after a time in which nothing was begun', () => {
  const late: number[] = [];
  const deadlines = createDeadlines<number>(1_000, (one) => late.push(one));
  for (const one of [1, 2]) {
    deadlines.begin(one);
    vi.advanceTimersByTime(60_000);
  }
  expect(late).toEqual([1, 2]);
});

it('has one timer for all', () => {
  const deadlines = createDeadlines<number>(1_000, () => undefined);
  for (let one = 0; one < 100; one += 1) deadlines.begin(one);
  expect(vi.getTimerCount()).toBe(1);
});
