/** The hours in which a device may install and restart: by its own clock on the wall. */
import { openingOf, type Window } from '@libfota2/server/domain';
import { hours } from '../rollouts/words.ts';

/** `undefined` where a text is no window such as `Mon-Fri 02:00-05:00`. */
export function windowIn(text: string): Window | undefined {
  try {
    const { days, from, to } = hours(text);
    return { days, from: minuteOf(from), to: minuteOf(to) };
  } catch {
    return undefined;
  }
}

/** Milliseconds since 1970 at which one of the windows opens; `now` where one is open, or where there is none. */
export function opensAt(windows: readonly Window[], now: number, timeZone: string = localZone()): number | undefined {
  const { isOpen, changesAt } = openingOf(windows, timeZone, now);
  return isOpen ? now : changesAt;
}

function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function minuteOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}
