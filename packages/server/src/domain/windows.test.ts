import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Window } from './rollout.ts';
import { isTimeZone, openingOf } from './windows.ts';

const DAILY = [1, 2, 3, 4, 5, 6, 7];
const HOUR = 3_600_000;
const at = (text: string): number => Date.parse(text);

describe('a window', () => {
  const nightly: Window = { days: DAILY, from: 22 * 60, to: 6 * 60 };

  it.each([
    ['2026-11-25T21:59:59Z', false, '2026-11-25T22:00:00Z'],
    ['2026-11-25T22:00:00Z', true, '2026-11-26T06:00:00Z'],
    ['2026-11-26T05:59:59Z', true, '2026-11-26T06:00:00Z'],
    ['2026-11-26T06:00:00Z', false, '2026-11-26T22:00:00Z'],
  ])('past midnight is, at %s, open: %s, until %s', (now, isOpen, until) => {
    expect(openingOf([nightly], 'UTC', at(now))).toEqual({ isOpen, changesAt: at(until) });
  });

  it('follows the clock of its time zone', () => {
    const now = at('2026-11-25T15:00:00Z');
    expect(openingOf([nightly], 'Asia/Shanghai', now).isOpen).toBe(true);
    expect(openingOf([nightly], 'Europe/Berlin', now).isOpen).toBe(false);
  });

  it('begins on its days only, and may end on the day after', () => {
    const friday: Window = { days: [5], from: 23 * 60, to: 60 };
    expect(openingOf([friday], 'UTC', at('2026-11-28T00:30:00Z')).isOpen).toBe(true);
    expect(openingOf([friday], 'UTC', at('2026-11-27T00:30:00Z')).isOpen).toBe(false);
    expect(openingOf([friday], 'UTC', at('2026-11-28T02:00:00Z')).changesAt).toBe(at('2026-12-04T23:00:00Z'));
  });

  it('keeps its times where clocks are set forward or back', () => {
    const morning: Window = { days: DAILY, from: 8 * 60, to: 9 * 60 };
    // Berlin goes from UTC+2 to UTC+1 on 2026-10-25, at 1:00 UTC.
    expect(openingOf([morning], 'Europe/Berlin', at('2026-10-24T12:00:00Z')).changesAt).toBe(
      at('2026-10-25T07:00:00Z'),
    );
    expect(openingOf([morning], 'Europe/Berlin', at('2026-03-28T12:00:00Z')).changesAt).toBe(
      at('2026-03-29T06:00:00Z'),
    );
  });

  it('is always open where there is none, and where it is a whole day', () => {
    expect(openingOf([], 'UTC', 0)).toEqual({ isOpen: true, changesAt: undefined });
    expect(openingOf([{ days: DAILY, from: 0, to: 0 }], 'UTC', 0)).toEqual({ isOpen: true, changesAt: undefined });
  });

  it('changes just when it says, and not before', () => {
    const windows = fc.array(
      fc.record({
        days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        from: fc.integer({ min: 0, max: 1_439 }),
        to: fc.integer({ min: 0, max: 1_440 }),
      }),
      { minLength: 1, maxLength: 3 },
    );
    const zones = fc.constantFrom('UTC', 'Asia/Shanghai', 'Asia/Kathmandu', 'America/New_York', 'Australia/Lord_Howe');
    const times = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') });
    fc.assert(
      fc.property(windows, zones, times, fc.double({ min: 0, max: 1, noNaN: true }), (some, zone, now, part) => {
        const { isOpen, changesAt } = openingOf(some, zone, now);
        const until = changesAt ?? now + 7 * 24 * HOUR;
        const between = Math.floor(now + (until - now) * part);
        if (between < until) expect(openingOf(some, zone, between).isOpen).toBe(isOpen);
        if (changesAt !== undefined) expect(openingOf(some, zone, changesAt).isOpen).toBe(!isOpen);
      }),
      { numRuns: 300 },
    );
  });

  it('knows which time zones there are', () => {
    expect(['UTC', 'Asia/Shanghai', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, true, false, false]);
  });
});
