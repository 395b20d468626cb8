import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLatencies } from './latency.ts';

it('half of all, and all but one in a hundred, are told to within six in a hundred', () => {
  const times = fc.array(fc.double({ min: 0.02, max: 600_000, noNaN: true }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(times, (all) => {
      const latencies = createLatencies();
      for (const ms of all) latencies.add(ms);
      const { count, p50, p99, most } = latencies.summary();
      const sorted = all.toSorted((a, b) => a - b);
      const exact = (share: number): number => sorted[Math.ceil(share * all.length) - 1] ?? 0;
      expect(count).toBe(all.length);
      expect(most).toBeCloseTo(exact(1), 1);
      for (const [told, share] of [
        [p50, 0.5],
        [p99, 0.99],
      ] as const) {
        expect(told).toBeGreaterThanOrEqual(exact(share) - 0.01);
        expect(told).toBeLessThanOrEqual(exact(share) * 1.06 + 0.01);
      }
    }),
  );
});

it('of nothing are none', () => {
  expect(createLatencies().summary()).toEqual({ count: 0, p50: 0, p99: 0, most: 0 });
});
