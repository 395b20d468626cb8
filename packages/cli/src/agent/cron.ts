/** Times as cron writes them. Nothing runs here: only the next time is told. */
import { Cron } from 'croner';

/** The first moment after `wallMs` that a pattern names by the local clock, both milliseconds since 1970. */
export type CronTimes = (wallMs: number) => number;

const YEAR_MS = 366 * 86_400_000;

/** `undefined` where the pattern is none, or names no time at all, as the 31st of February. */
export function cronTimes(pattern: string): CronTimes | undefined {
  try {
    const cron = new Cron(pattern, { paused: true });
    const after = (wallMs: number): number | undefined => cron.nextRun(new Date(wallMs))?.getTime();
    if (after(Date.now()) === undefined) return undefined;
    // A pattern may end with a certain year; by then somebody will have asked.
    return (wallMs) => after(wallMs) ?? wallMs + YEAR_MS;
  } catch {
    return undefined;
  }
}
