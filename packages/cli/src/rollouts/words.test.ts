import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amount, byteCount, daysText, hours, instantIn, threshold } from './words.ts';

const HOUR = 3_600_000;

describe('the words of an option', () => {
  it('are a share of devices, or a number of them', () => {
    expect(['80%', '12.5 %', '20', '0'].map(amount)).toEqual([
      { percent: 80 },
      { percent: 12.5 },
      { count: 20 },
      { count: 0 },
    ]);
    for (const wrong of ['', '0%', '101%', '-1', '80 percent', '1e3', 'all']) {
      expect(() => amount(wrong), wrong).toThrow('It takes a percentage such as 80%');
    }
  });

  it('are a threshold: either, both or never', () => {
    expect(['5%', '5% of 50', '3', '5%,3', '3, 10% of 20', 'never'].map(threshold)).toEqual([
      { percent: 5 },
      { percent: 5, ofAtLeast: 50 },
      { count: 3 },
      { percent: 5, count: 3 },
      { count: 3, percent: 10, ofAtLeast: 20 },
      {},
    ]);
    for (const wrong of ['', '0', '5%,6%', '3,4', '3 of 50', '5% of', 'sometimes', '5%,']) {
      expect(() => threshold(wrong), wrong).toThrow('or never');
    }
  });

  it('are a number of bytes, of decimal and of binary units', () => {
    expect(['1', '50MB', '1.5 GB', '1gb', '64MiB', '0.5 KiB'].map(byteCount)).toEqual([
      1,
      5e7,
      1.5e9,
      1e9,
      64 * 1024 ** 2,
      512,
    ]);
    for (const wrong of ['', '0', '-1', '1 x', '1XB', '99999999 TB', 'MB']) {
      expect(() => byteCount(wrong), wrong).toThrow('such as 500MB');
    }
  });

  it('are days and hours', () => {
    expect(hours('mon-fri 22:00-06:00')).toEqual({ days: [1, 2, 3, 4, 5], from: '22:00', to: '06:00' });
    expect(hours('Sat,Sunday 0:00-24:00')).toEqual({ days: [6, 7], from: '00:00', to: '24:00' });
    expect(hours('fri-mon 8:30 - 9:00')).toEqual({ days: [1, 5, 6, 7], from: '08:30', to: '09:00' });
    for (const every of ['22:00-06:00', 'daily 22:00-06:00']) expect(hours(every).days).toHaveLength(7);
    for (const wrong of [
      '',
      'mon',
      'mon-fri',
      '24:00-06:00',
      '22:00-24:01',
      '22:60-23:00',
      'someday 22:00-06:00',
      '22-06',
    ]) {
      expect(() => hours(wrong), wrong).toThrow('It takes days and hours');
    }
  });

  it('name days so that they are read as the same days', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (days) => {
        const { days: read } = hours(`${daysText(days)} 1:00-2:00`);
        expect(read).toEqual(days.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe('a time', () => {
  it('with its zone is the same everywhere', () => {
    for (const zone of ['UTC', 'Asia/Shanghai', 'America/New_York']) {
      expect(instantIn('2026-11-27T22:00+08:00', zone)).toBe(Date.UTC(2026, 10, 27, 14));
      expect(instantIn('2026-11-27 22:00:30Z', zone)).toBe(Date.UTC(2026, 10, 27, 22, 0, 30));
    }
  });

  it('without one is as the clock on the wall shows it, on both sides of a change of clocks', () => {
    expect(instantIn('2026-11-27 22:00', 'Asia/Shanghai')).toBe(Date.UTC(2026, 10, 27, 14));
    expect(instantIn('2026-11-27', 'Asia/Kolkata')).toBe(Date.UTC(2026, 10, 26, 18, 30));
    expect(instantIn('2026-03-29 01:59', 'Europe/Berlin')).toBe(Date.UTC(2026, 2, 29, 0, 59));
    expect(instantIn('2026-03-29 03:00', 'Europe/Berlin')).toBe(Date.UTC(2026, 2, 29, 1));
    expect(instantIn('2026-10-25 12:00', 'Europe/Berlin')).toBe(Date.UTC(2026, 9, 25, 11));
  });

  it('that no clock there shows is none', () => {
    expect(instantIn('2026-03-29 02:30', 'Europe/Berlin')).toBeUndefined();
    for (const wrong of ['', 'tomorrow', '22:00', '2026-13-01', '2026-11-27 25:00']) {
      expect(instantIn(wrong, 'UTC'), wrong).toBeUndefined();
    }
  });

  it('is read as it is shown', () => {
    const zones = fc.constantFrom('UTC', 'Asia/Shanghai', 'America/St_Johns', 'Australia/Lord_Howe', 'Europe/Berlin');
    const times = fc.integer({ min: Date.UTC(2020, 0, 1) / HOUR, max: Date.UTC(2030, 0, 1) / HOUR });
    fc.assert(
      fc.property(times, zones, (inHours, timeZone) => {
        const at = inHours * HOUR;
        const shown = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(at);
        const read = instantIn(shown, timeZone);
        // Where clocks are set back, an hour is shown twice.
        expect([0, HOUR, HOUR / 2]).toContain(Math.abs((read ?? Number.NaN) - at));
      }),
    );
  });
});
