import { FakeClock } from '@libfota2/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBeyondReach, nextDue, parseDuration, parseTiming, remainingMs, type Timing } from './timing.ts';

describe('a duration', () => {
  it.each([
    ['4h', 14_400_000],
    ['90s', 90_000],
    ['1d12h', 129_600_000],
    ['1h30m15s', 5_415_000],
    ['250ms', 250],
    [1500, 1500],
    [0, 0],
  ])('%j is %i ms', (text, ms) => {
    expect(parseDuration(text, 'every')).toBe(ms);
  });

  it.each(['', '4', '4 h', 'h', '-1h', '1h1d', '9999d', -1, Number.NaN, Number.POSITIVE_INFINITY, '1.5h'])(
    '%j is none, and the message shows how to write one',
    (text) => {
      expect(() => parseDuration(text, 'every')).toThrow(/^every must be .*'4h'/);
    },
  );

  it('comes back from its parts', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(23), fc.nat(59), fc.nat(59), (d, h, m, s) => {
        expect(parseDuration(`${d}d${h}h${m}m${s}s`, 'every')).toBe((((d * 24 + h) * 60 + m) * 60 + s) * 1000);
      }),
    );
  });
});

describe('a timing', () => {
  it('is every 4 hours, a tenth sooner or later, unless said otherwise', () => {
    expect(parseTiming({})).toEqual({ kind: 'every', everyMs: 14_400_000, jitterMs: 2_880_000 });
  });

  it('may be a time of day', () => {
    const timing = parseTiming({ at: '03:30', jitter: 0 });
    const clock = new FakeClock();
    const today = Math.floor(clock.wallMs() / 86_400_000) * 86_400_000;
    expect(nextDue(timing, clock, 0)).toEqual({ kind: 'wall', ms: today + 210 * 60_000 });
  });

  it('may be a calendar of one’s own, which the clock may be set back under', () => {
    const clock = new FakeClock();
    const hour = 3_600_000;
    const timing: Timing = parseTiming({ next: (wallMs: number): number => Math.floor(wallMs / hour + 1) * hour });
    const due = nextDue(timing, clock, 0.9);
    expect(remainingMs(due, clock)).toBe(hour);
    expect(isBeyondReach(timing, due, clock)).toBe(false);
    clock.jump(-1);
    expect(isBeyondReach(timing, due, clock)).toBe(true);
  });

  it.each([
    [{ every: '500ms' }, RangeError],
    [{ every: 0 }, RangeError],
    [{ every: '1h', jitter: '2h' }, RangeError],
    [{ at: '24:00' }, RangeError],
    [{ at: '3' }, RangeError],
    [{ at: '03:30', every: '4h' }, TypeError],
    [{ next: (): number => 1, every: '4h' }, TypeError],
    [{ next: (): number => 1, at: '03:30' }, TypeError],
  ])('is never %j', (options, error) => {
    expect(() => parseTiming(options)).toThrow(error);
  });
});
