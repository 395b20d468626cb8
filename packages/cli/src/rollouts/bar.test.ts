import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shares } from './bar.ts';

it('a bar has as many cells as it may, and one at least of whatever there is', () => {
  expect(shares([95, 3, 1, 1, 0], 20)).toEqual([17, 1, 1, 1, 0]);
  expect(shares([0, 0, 0, 0, 0], 20)).toEqual([0, 0, 0, 0, 0]);
  fc.assert(
    fc.property(
      fc.array(fc.nat(1_000_000), { minLength: 5, maxLength: 5 }),
      fc.integer({ min: 5, max: 60 }),
      (amounts, cells) => {
        fc.pre(amounts.some((one) => one > 0));
        const given = shares(amounts, cells);
        expect(given.reduce((all, one) => all + one, 0)).toBe(cells);
        for (const [place, one] of given.entries()) expect(one > 0).toBe((amounts[place] ?? 0) > 0);
      },
    ),
  );
});
