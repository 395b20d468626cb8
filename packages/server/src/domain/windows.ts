import type { Window } from './rollout.ts';

/** Whether a rollout may offer now. */
export interface Opening {
  readonly isOpen: boolean;
  /** Milliseconds since 1970 when that changes next; `undefined`: within a week it does not. */
  readonly changesAt: number | undefined;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** Whether `timeZone` is one that this machine knows. */
export function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone });
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether any window is open at `now`, by the clock on the wall there: where clocks are set, a window keeps its times and
 * is an hour longer or shorter that day.
 */
export function openingOf(windows: readonly Window[], timeZone: string, now: number): Opening {
  if (windows.length === 0) return { isOpen: true, changesAt: undefined };
  const local = localTimes(timeZone);
  const isOpen = isWithin(windows, local(now));
  // Windows begin and end on whole minutes, and zones are whole minutes apart.
  const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  for (let ahead = 1; ahead <= WEEK_MINUTES; ) {
    const at = minute + ahead * MINUTE_MS;
    const time = local(at);
    if (isWithin(windows, time) !== isOpen) return { isOpen, changesAt: at };
    ahead += Math.max(1, Math.min(toNextEdge(windows, time), minutesToHour(time)));
  }
  return { isOpen, changesAt: undefined };
}

/** Minutes since Monday, 0:00. */
type WeekMinute = number;

function localTimes(timeZone: string): (at: number) => WeekMinute {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const day = DAYS.indexOf(parts.get('weekday') ?? '');
    return day * DAY_MINUTES + Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
  };
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Each window as the minutes of the week from which and until which it is open, on each of its days. */
function spans(windows: readonly Window[]): readonly (readonly [from: WeekMinute, minutes: number])[] {
  return windows.flatMap(({ days, from, to }) =>
    days.map((day) => {
      const minutes = to > from ? to - from : to + DAY_MINUTES - from;
      return [(day - 1) * DAY_MINUTES + from, minutes] as const;
    }),
  );
}

function isWithin(windows: readonly Window[], time: WeekMinute): boolean {
  return spans(windows).some(([from, minutes]) => (time - from + WEEK_MINUTES) % WEEK_MINUTES < minutes);
}

/** Minutes until a window begins or ends, at least 1. */
function toNextEdge(windows: readonly Window[], time: WeekMinute): number {
  const edges = spans(windows).flatMap(([from, minutes]) => [from, from + minutes]);
  return Math.min(...edges.map((edge) => (edge - time - 1 + 2 * WEEK_MINUTES) % WEEK_MINUTES)) + 1;
}

/** Clocks are set on whole hours, as far as this looks; no step goes over one. */
function minutesToHour(time: WeekMinute): number {
  return 60 - (time % 60);
}
