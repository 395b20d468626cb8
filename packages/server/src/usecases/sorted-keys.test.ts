import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sortedKeys } from './sorted-keys.ts';

it('are what a sorted set would be, whatever is added and deleted', () => {
  const key = fc.oneof(fc.nat(2_000).map(String), fc.string({ maxLength: 3 }));
  const steps = fc.array(fc.record({ adds: fc.boolean(), key }), { maxLength: 300 });
  fc.assert(
    fc.property(fc.nat(3_000), steps, key, fc.nat(1_500), (many, changes, text, most) => {
      const keys = sortedKeys();
      const known = new Set<string>();
      for (let i = 0; i < many; i += 1) {
        const one = String((i * 7_919) % 2_003);
        keys.add(one);
        known.add(one);
      }
      for (const { adds, key: one } of changes) {
        keys[adds ? 'add' : 'delete'](one);
        known[adds ? 'add' : 'delete'](one);
      }
      const sorted = [...known].sort();
      expect(keys.size).toBe(known.size);
      expect(keys.from(text, most)).toEqual(sorted.filter((one) => one >= text).slice(0, most));
    }),
    { numRuns: 50 },
  );
});

it('fill their blocks where they come in order, and keep few that are half empty where they do not', () => {
  for (const step of [1, 7_919]) {
    const keys = sortedKeys();
    const all = Array.from({ length: 10_007 }, (_, i) => String((i * step) % 10_007).padStart(6, '0'));
    for (const key of all) keys.add(key);
    expect(keys.from('', 20_000)).toEqual(all.toSorted());
    for (const key of all) keys.delete(key);
    expect([keys.size, keys.from('', 1)]).toEqual([0, []]);
  }
});
