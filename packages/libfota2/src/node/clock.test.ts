import { describe, expect, it } from 'vitest';
import { nodeClock } from './clock.ts';

describe('a time of day on the wall', () => {
  const at = (text: string): number => new Date(text).getTime();

  it('is today where it lies ahead, else tomorrow', () => {
    expect(nodeClock.nextLocalTime(210, at('2026-01-01T02:00:00'))).toBe(at('2026-01-01T03:30:00'));
    expect(nodeClock.nextLocalTime(210, at('2026-01-01T03:30:00'))).toBe(at('2026-01-02T03:30:00'));
    expect(nodeClock.nextLocalTime(0, at('2026-12-31T12:00:00'))).toBe(at('2027-01-01T00:00:00'));
  });

  it('is never now or past, and never more than 25 hours off, on every day of the year', () => {
    for (let day = at('2026-01-01T12:00:00'); day < at('2027-01-01T00:00:00'); day += 86_400_000) {
      for (const minute of [0, 90, 150, 719, 720, 1439]) {
        const ahead = nodeClock.nextLocalTime(minute, day) - day;
        expect(ahead).toBeGreaterThan(0);
        expect(ahead).toBeLessThanOrEqual(25 * 3_600_000);
      }
    }
  });
});
