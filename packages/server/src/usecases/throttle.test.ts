import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createThrottle } from './throttle.ts';

it('lets so many through, and then one in each span', () => {
  const { take } = createThrottle({ burst: 3, everyMs: 1_000 });
  expect([0, 0, 0, 0, 500].map((now) => take('a', now))).toEqual([0, 0, 0, 1_000, 500]);
  expect(take('b', 500)).toBe(0);
  expect([1_000, 1_000].map((now) => take('a', now))).toEqual([0, 1_000]);
  expect([10_000, 10_000, 10_000, 10_000].map((now) => take('a', now))).toEqual([0, 0, 0, 1_000]);
});

it('has what was given back, and never more than at the beginning', () => {
  const throttle = createThrottle({ burst: 2, everyMs: 1_000 });
  for (let n = 0; n < 50; n += 1) {
    expect(throttle.take('a', 0)).toBe(0);
    throttle.giveBack('a');
  }
  throttle.giveBack('a');
  throttle.giveBack('nobody');
  expect([0, 0, 0].map((now) => throttle.take('a', now))).toEqual([0, 0, 1_000]);
});

it('lets no more through than burst and time allow, whatever the clock does', () => {
  const steps = fc.array(fc.integer({ min: -5_000, max: 5_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (moves) => {
      const throttle = createThrottle({ burst: 5, everyMs: 1_000 });
      let now = 100_000;
      let forward = 0;
      let through = 0;
      for (const move of moves) {
        now += move;
        forward += Math.max(0, move);
        if (throttle.take('a', now) === 0) through += 1;
      }
      expect(through).toBeLessThanOrEqual(5 + forward / 1_000);
    }),
  );
});

it('remembers a bounded number of keys, the latest', () => {
  const throttle = createThrottle({ burst: 1, everyMs: 1e9 });
  for (let n = 0; n < 20_000; n += 1) throttle.take(`${n}`, 0);
  expect(throttle.take('19999', 0)).toBeGreaterThan(0);
  expect(throttle.take('0', 0)).toBe(0);
});
