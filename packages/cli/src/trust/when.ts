/** Times that a signature is held to. */
import { parseDuration, parseInstant } from '@libfota2/protocol';
import { CommandError, EXIT } from '../failure.ts';
import { ago } from '../output/words.ts';

/**
 * An instant as queries write it (`2026-12-31`, `2026-12-31T18:00+08:00`), or a duration from now (`90d`), in seconds since 1970.
 * @throws CommandError `usage`
 */
export function secondOf(option: string, text: string, now: number): number {
  const span = parseDuration(text);
  const at = span === undefined ? parseInstant(text) : now + span;
  if (at !== undefined && at >= 0) return Math.floor(at / 1_000);
  throw new CommandError('usage', `${option} takes a date such as 2026-12-31T18:00Z, or a time from now such as 90d`, {
    exitCode: EXIT.usage,
  });
}

/** `2026-12-31T18:00:00Z (in 3 months)` */
export function shownSecond(second: number, now: number): string {
  const at = isoOf(second);
  return `${at} (${ago(at, now)})`;
}

/** Beyond what calendars have it stays a number. */
export function isoOf(second: number): string {
  const date = new Date(second * 1_000);
  return Number.isNaN(date.getTime()) ? `second ${second}` : date.toISOString().replace('.000Z', 'Z');
}
