import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration, parseInstant, printDuration, printInstant } from './times.ts';

describe('a date', () => {
  it('is the one that everybody else reads there', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
        expect(parseInstant(date.toISOString())).toBe(date.getTime());
        expect(parseInstant(date.toISOString().slice(0, 10))).toBe(Date.parse(date.toISOString().slice(0, 10)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: -60_000_000_000_000, max: 200_000_000_000_000 }), (at) => {
        expect(parseInstant(printInstant(at))).toBe(at);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(['2026-13-01', '2026-00-01', '2026-02-29', '1900-02-29', '2026-01-32', '2026-01-01T24:00', '2026-1-1', 'x'])(
    'is not %s',
    (text) => expect(parseInstant(text)).toBeUndefined(),
  );

  it('may have a zone; without one it is UTC', () => {
    expect(parseInstant('2024-02-29T08:00+08:00')).toBe(Date.parse('2024-02-29T00:00:00Z'));
    expect(parseInstant('2024-02-28T16:00-08:00')).toBe(Date.parse('2024-02-29T00:00:00Z'));
    expect(parseInstant('2024-02-29T00:00')).toBe(Date.parse('2024-02-29T00:00:00Z'));
    expect(parseInstant('2024-02-29T00:00+15:00')).toBeUndefined();
  });
});

describe('a duration', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.nat(8_000_000_000), (seconds) => {
        expect(parseDuration(printDuration(seconds * 1_000))).toBe(seconds * 1_000);
      }),
    );
  });

  it.each([
    ['2d', 172_800_000],
    ['1w', 604_800_000],
    ['1d12h', 129_600_000],
    ['90M', 5_400_000],
    ['0s', 0],
  ])('%s has %i ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '2', 'd', '2 d', '-2d', '1.5h', '999999999w', '2y'])('is not %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
