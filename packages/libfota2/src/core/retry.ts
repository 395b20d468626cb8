import { EVENTS, type FailureCode } from '@libfota2/protocol';
import { type FotaError, failure } from './errors.ts';
import type { Policy } from './plan.ts';

/** How a call has gone so far, as far as it matters for asking again. */
export interface Course {
  /** Body bytes were taken in this call, so the server was well not long ago. */
  readonly begun: boolean;
  /** Answers in a row that brought no byte nearer to the end. */
  readonly fruitless: number;
  /** Knocks in a row at a closed door: no connection, or a server that fails. */
  readonly unconnected: number;
  /** The most bytes that an attempt has left to build on. */
  readonly furthest: number;
  /** The last time that a standing connection was lost. */
  readonly lastBreak: FotaError | undefined;
}

export const OUTSET: Course = { begun: false, fruitless: 0, unconnected: 0, furthest: 0, lastBreak: undefined };

/** One request that did not end in an outcome. */
export interface Setback {
  readonly error: FotaError;
  /** Its connection stood. */
  readonly connected: boolean;
  /** Bytes at the target that the next request can build on; 0 when it would start over. */
  readonly reached: number;
  /** Only a GET may be asked twice. */
  readonly repeatable: boolean;
  readonly elapsedMs: number;
  /** What the server asked for, or 0. */
  readonly retryAfterMs: number;
}

/** Ask again after `waitMs`, or end with `error`. */
export type Next = { readonly course: Course; readonly waitMs: number } | { readonly error: FotaError };

/** So many fruitless answers in a row, and the server is given up: each may cost the device a whole image. */
const MOST_FRUITLESS = 5;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/**
 * Decides whether to ask again within this call (docs/protocol.md §7). Pure.
 * A server that vanished in the middle is waited for until the deadline, for knocking at a closed door costs nothing.
 */
export function afterSetback(course: Course, setback: Setback, policy: Policy, random: number): Next {
  const error =
    setback.error.code === 'deadline' && !setback.connected
      ? failure('connect-timeout', 'No connection before the deadline.', 'connect')
      : setback.error;
  const knock = isKnock(error.code);
  const gained = setback.reached > course.furthest;
  const next: Course = {
    begun: course.begun,
    fruitless: knock ? course.fruitless : gained ? 0 : course.fruitless + 1,
    unconnected: knock ? course.unconnected + 1 : 0,
    furthest: Math.max(course.furthest, setback.reached),
    lastBreak: error.result === 3 ? error : course.lastBreak,
  };
  // Asking again after a break has only led to closed doors: then the break is what happened.
  const ending = { error: knock ? (next.lastBreak ?? error) : error };
  if (!setback.repeatable || !isWorthwhile(next, error, policy)) return ending;
  const doublings = Math.max(next.fruitless, next.unconnected, 1) - 1;
  const backoff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** doublings) * (0.5 + random / 2);
  const waitMs = Math.max(backoff, setback.retryAfterMs);
  return setback.elapsedMs + waitMs < policy.timeoutMs ? { course: next, waitMs } : ending;
}

function isWorthwhile(course: Course, error: FotaError, policy: Policy): boolean {
  if (error.result === 1) return course.begun || course.unconnected <= policy.connectRetries;
  if (error.code === 'server-error') return course.begun;
  return (error.result === 3 || error.code === 'range-mismatch') && course.fruitless < MOST_FRUITLESS;
}

/** Failures that say only that the server is not there now. */
function isKnock(code: FailureCode): boolean {
  return EVENTS[code].result === 1 || code === 'server-error';
}

/**
 * Whether what was received is as good as before, so that a later call may go on with it. A signature that does not hold
 * says nothing of bytes that came before it.
 */
export function isInterruption(error: FotaError): boolean {
  return (
    error.result === 3 || error.code === 'deadline' || isKnock(error.code) || /^(signature|manifest)-/.test(error.code)
  );
}
