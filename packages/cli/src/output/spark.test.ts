import fc from 'fast-check';
import { expect, it } from 'vitest';
import { spark } from './spark.ts';

it('shows as high as it is what there is, and nothing for nothing', () => {
  expect(spark([0, 1, 2, 4, 7, 8], 8, 10)).toBe(' ▂▃▅██');
  expect(spark([], 0, 10)).toBe('');
  expect(spark([0, 0], 0, 10)).toBe('  ');
});

it('shows of many numbers so many as there is room for, the last one among them', () => {
  expect(spark([8, 8, 1, 1, 8, 4], 8, 3)).toBe('█▂▅');
  fc.assert(
    fc.property(fc.array(fc.nat(1_000)), fc.integer({ min: 1, max: 30 }), (numbers, width) => {
      const highest = Math.max(0, ...numbers);
      const curve = [...spark(numbers, highest, width)];
      expect(curve).toHaveLength(Math.min(width, numbers.length));
      expect(curve.at(-1)).toBe([...spark(numbers.slice(-1), highest, 1)].at(-1));
    }),
  );
});
