import fc from 'fast-check';
import { expect, it } from 'vitest';
import { opensAt, windowIn } from './windows.ts';

const at = (text: string): number => Date.parse(text);

it.each([
  ['Mon-Fri 02:00-05:00', { days: [1, 2, 3, 4, 5], from: 120, to: 300 }],
  ['sat,Sun 22:00-6:00', { days: [6, 7], from: 1_320, to: 360 }],
  ['00:00-24:00', { days: [1, 2, 3, 4, 5, 6, 7], from: 0, to: 1_440 }],
  ['Mon 25:00-26:00', undefined],
  ['Mon', undefined],
  ['', undefined],
])('%s is read as what it is', (text, wanted) => expect(windowIn(text)).toEqual(wanted));

it('nothing but a window is read as one, whatever it is', () => {
  fc.assert(fc.property(fc.string(), (text) => windowIn(`x${text}`) === undefined));
});

it('opens when the first of several does, and at once where one is open or there is none', () => {
  const nights = [windowIn('Mon-Fri 02:00-05:00'), windowIn('Sat 23:00-01:00')].filter((one) => one !== undefined);
  const opens = (now: string): number | undefined => opensAt(nights, at(now), 'Europe/Berlin');
  // A Friday, at 12:00 by the clock there.
  expect(opens('2026-11-27T11:00:00Z')).toBe(at('2026-11-28T22:00:00Z'));
  expect(opens('2026-11-29T00:30:00Z')).toBe(at('2026-11-30T01:00:00Z'));
  expect(opens('2026-11-28T23:59:00Z')).toBe(at('2026-11-28T23:59:00Z'));
  expect(opensAt([], 5)).toBe(5);
});

it('is open at the moment at which it is said to open, and not a minute before', () => {
  const hour = fc.integer({ min: 0, max: 23 });
  const times = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') });
  fc.assert(
    fc.property(hour, hour, times, (from, to, now) => {
      const window = windowIn(`${from}:30-${to}:00`);
      const windows = window === undefined ? [] : [window];
      const opens = opensAt(windows, now, 'America/New_York') ?? Number.NaN;
      expect(opensAt(windows, opens, 'America/New_York')).toBe(opens);
      if (opens > now) expect(opensAt(windows, Math.max(opens - 60_000, now), 'America/New_York')).toBe(opens);
    }),
    { numRuns: 100 },
  );
});
