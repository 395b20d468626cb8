import type { ApiDeferral } from '@libfota2/server';
import { clockTime } from './words.ts';

/** What a device puts off: `waits until 2026-11-26 02:00:00: outside of its window`. */
export function waitText({ until, reason }: ApiDeferral, now: number): string {
  const waits = until !== undefined && Date.parse(until) <= now ? 'waited' : 'waits';
  return `${waits}${until === undefined ? '' : ` until ${clockTime(until)}`}${reason === '' ? '' : `: ${reason}`}`;
}
