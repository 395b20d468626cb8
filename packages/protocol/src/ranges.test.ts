import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatContentRange, parseContentRange, parseRange } from './ranges.ts';

describe('Content-Range', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.option(fc.nat(), { nil: undefined }), (first, more, beyond) => {
        const total = beyond === undefined ? undefined : first + more + 1 + beyond;
        const range = { first, last: first + more, total };
        expect(parseContentRange(formatContentRange(range))).toEqual(range);
      }),
    );
  });

  it.each([undefined, '', 'bytes 5-4/10', 'bytes 0-10/10', 'bytes */10', 'items 0-1/2', 'bytes 0-1/2, bytes 0-1/2'])(
    '%j is none',
    (value) => {
      expect(parseContentRange(value)).toBeUndefined();
    },
  );
});

describe('Range', () => {
  it.each([
    ['bytes=0-', { first: 0, last: 99 }],
    ['bytes=40-', { first: 40, last: 99 }],
    ['bytes=40-49', { first: 40, last: 49 }],
    ['bytes=40-400', { first: 40, last: 99 }],
    ['bytes=-10', { first: 90, last: 99 }],
    ['bytes=-1000', { first: 0, last: 99 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=-', 'whole'],
    ['bytes=9-5', 'whole'],
    ['bytes=0-1,5-6', 'whole'],
    ['lines=1-', 'whole'],
    [undefined, 'whole'],
  ])('%j of 100 bytes', (value, answer) => {
    expect(parseRange(value, 100)).toEqual(answer);
  });

  it('never leaves the body, whatever is asked', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.nat(), fc.nat(), (text, a, b, size) => {
        for (const value of [text, `bytes=${a}-${b}`, `bytes=${a}-`, `bytes=-${b}`]) {
          const range = parseRange(value, size);
          if (typeof range === 'string') continue;
          expect(range.first).toBeLessThanOrEqual(range.last);
          expect(range.last).toBeLessThan(size);
        }
      }),
    );
  });
});
