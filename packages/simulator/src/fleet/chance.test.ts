import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chance, deal, sharesIn } from './chance.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('chance', () => {
  it('is the same whenever it is asked, and lies between 0 and 1', () => {
    fc.assert(
      fc.property(seeds, fc.array(fc.nat()), (seed, asked) => {
        const one = chance(seed, ...asked);
        expect(chance(seed, ...asked)).toBe(one);
        expect(one).toBeGreaterThanOrEqual(0);
        expect(one).toBeLessThan(1);
      }),
    );
  });

  it('is spread evenly, whether devices, questions or seeds are counted up', () => {
    const series = [(n: number) => chance(7, 3, n), (n: number) => chance(7, 3, 5, n), (n: number) => chance(n, 3, 5)];
    for (const one of series) {
      const tenths = new Array(10).fill(0);
      for (let n = 0; n < 10_000; n += 1) tenths[Math.floor(one(n) * 10)] += 1;
      expect(Math.min(...tenths)).toBeGreaterThan(850);
      expect(Math.max(...tenths)).toBeLessThan(1_150);
    }
  });
});

describe('dealing', () => {
  const mixes = fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 99 }), {
    minKeys: 1,
  });

  it('gives each name its share, but for rounding', () => {
    fc.assert(
      fc.property(mixes, fc.integer({ min: 1, max: 500 }), seeds, (mix, count, seed) => {
        const dealt = deal(sharesIn(mix), count, seed, 1);
        const total = Object.values(mix).reduce((sum, share) => sum + share, 0);
        const names = Array.from({ length: count }, (_, index) => dealt.of(index));
        for (const [name, share] of Object.entries(mix)) {
          const many = names.filter((one) => one === name).length;
          expect(Math.abs(many - (share / total) * count)).toBeLessThan(1);
        }
      }),
    );
  });

  it('of one purpose says nothing about that of another', () => {
    const half = sharesIn({ a: 1, b: 1 });
    const [one, other] = [deal(half, 10_000, 7, 1), deal(half, 10_000, 7, 2)];
    const alike = Array.from({ length: 10_000 }, (_, n) => n).filter((n) => one.of(n) === other.of(n)).length;
    expect(Math.abs(alike - 5_000)).toBeLessThan(200);
  });

  it('of nothing is refused', () => {
    expect(() => deal([['a', 0]], 3, 1, 1)).toThrow(RangeError);
  });
});
