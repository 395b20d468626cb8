import fc from 'fast-check';
import { expect, it } from 'vitest';
import { paged } from './paging.ts';

it('shows every item that stays once, whatever comes and goes between two pages', () => {
  const ranks = fc.uniqueArray(fc.integer({ min: -1_000, max: 1_000 }), { maxLength: 30 });
  fc.assert(
    fc.property(ranks, ranks, fc.integer({ min: 1, max: 7 }), (staying, passing, limit) => {
      const sorted = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((a, b) => a - b);
      const lists = [sorted([...staying, ...passing]), sorted(staying)];
      const seen: number[] = [];
      let cursor: string | undefined;
      for (let turn = 0; turn === 0 || cursor !== undefined; turn += 1) {
        const page = paged(lists[turn % 2] ?? [], (item) => item, { limit, cursor });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        seen.push(...page.items);
        cursor = page.cursor;
      }
      expect(seen).toEqual(sorted(seen));
      expect(seen.filter((item) => staying.includes(item))).toEqual(sorted(staying));
    }),
    { numRuns: 200, seed: 3 },
  );
});

it('refuses a cursor that it did not give', () => {
  fc.assert(
    fc.property(fc.string(), (cursor) => {
      const isOurs = /^-?\d{1,15}$/.test(Buffer.from(cursor, 'base64url').toString('latin1'));
      const asking = (): unknown => paged([1, 2], (item) => item, { limit: 1, cursor });
      if (isOurs) asking();
      else expect(asking).toThrow(expect.objectContaining({ code: 'cursor-invalid' }));
    }),
    { numRuns: 300, seed: 3 },
  );
});
