import type { Clock } from './ports.ts';

/** When a schedule runs. One of `every`, `at` and `next`; `every: '4h'` when none is given. */
export interface ScheduleOptions {
  /** Milliseconds, or a duration as `'90s'`, `'4h'`, `'1d12h'`. 1 second to 366 days. */
  readonly every?: number | string | undefined;
  /** A time of day by the machine's local clock, as `'03:30'`: runs daily. */
  readonly at?: string | undefined;
  /** A calendar of one's own: the next moment after `wallMs`, both milliseconds since 1970. Runs at each. */
  readonly next?: ((wallMs: number) => number) | undefined;
  /**
   * How far runs are spread, so that a fleet that lost its power together does not ask together: milliseconds or a
   * duration. With `every` a run comes up to half of it sooner or later, with `at` and `next` up to all of it later.
   * Default: a fifth of `every`; 30 minutes for `at`, 0 for `next`. 0 switches it off.
   */
  readonly jitter?: number | string | undefined;
  /** Runs once at the start as well. Default false: the first run comes after the interval. */
  readonly runNow?: boolean | undefined;
}

/** Checked timing. */
export type Timing =
  | { readonly kind: 'every'; readonly everyMs: number; readonly jitterMs: number }
  | { readonly kind: 'calendar'; readonly next: (wallMs: number, clock: Clock) => number; readonly jitterMs: number };

/** A moment to wait for: by uptime, which no change of the clock moves, or by the clock on the wall. */
export type Due = { readonly kind: 'uptime' | 'wall'; readonly ms: number };

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
const DURATION = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const SHORTEST_MS = 1_000;
const LONGEST_MS = 366 * UNITS.d;
const TIME_OF_DAY = /^([01]?\d|2[0-3]):([0-5]\d)$/;

/** Milliseconds of `'1d12h'`, `'90s'` or a number. @throws RangeError for anything else */
export function parseDuration(value: number | string, name: string): number {
  const match = typeof value === 'string' && value !== '' ? DURATION.exec(value) : null;
  const ms =
    match === null ? value : Object.values(UNITS).reduce((sum, unit, i) => sum + unit * Number(match[i + 1] ?? 0), 0);
  if (typeof ms === 'number' && ms >= 0 && ms <= LONGEST_MS) return ms;
  throw new RangeError(`${name} must be milliseconds or a duration as '90s' or '4h', at most 366d.`);
}

/** Checks the options of a schedule. @throws RangeError, TypeError */
export function parseTiming(options: ScheduleOptions): Timing {
  const { every, at, next, jitter } = options;
  if ([every, at, next].filter((one) => one !== undefined).length > 1) {
    throw new TypeError('A schedule takes one of every, at and next.');
  }
  if (next !== undefined) return { kind: 'calendar', next, jitterMs: parseDuration(jitter ?? 0, 'jitter') };
  if (at !== undefined) {
    const match = TIME_OF_DAY.exec(at);
    if (match === null) throw new RangeError("at must be a time of day as '03:30'.");
    const minuteOfDay = Number(match[1]) * 60 + Number(match[2]);
    const daily = (wallMs: number, clock: Clock): number => clock.nextLocalTime(minuteOfDay, wallMs);
    return { kind: 'calendar', next: daily, jitterMs: parseDuration(jitter ?? '30m', 'jitter') };
  }
  const everyMs = parseDuration(every ?? '4h', 'every');
  if (everyMs < SHORTEST_MS) throw new RangeError('every must be 1 second or more.');
  const jitterMs = parseDuration(jitter ?? everyMs / 5, 'jitter');
  if (jitterMs > everyMs) throw new RangeError('jitter must not exceed every.');
  return { kind: 'every', everyMs, jitterMs };
}

/** The run after one that started at `now`. `random` is in [0, 1). */
export function nextDue(timing: Timing, clock: Clock, random: number): Due {
  if (timing.kind === 'every') {
    return { kind: 'uptime', ms: clock.uptimeMs() + timing.everyMs + timing.jitterMs * (random - 0.5) };
  }
  return { kind: 'wall', ms: timing.next(clock.wallMs(), clock) + timing.jitterMs * random };
}

/** Milliseconds until `due`; 0 or less when it is time. */
export function remainingMs(due: Due, clock: Clock): number {
  return due.ms - (due.kind === 'uptime' ? clock.uptimeMs() : clock.wallMs());
}

/** No run of a calendar lies further off than its next one and the jitter: if it does, the clock was set back. */
export function isBeyondReach(timing: Timing, due: Due, clock: Clock): boolean {
  if (timing.kind === 'every') return false;
  return due.ms > timing.next(clock.wallMs(), clock) + timing.jitterMs;
}
