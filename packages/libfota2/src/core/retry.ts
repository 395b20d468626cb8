import type { FotaError } from './errors.ts';
import type { Policy } from './plan.ts';

/** What is known when a request has failed. */
export interface Setback {
  readonly error: FotaError;
  /** Only a GET may be asked twice. */
  readonly repeatable: boolean;
  /** Body bytes have been taken in this call, so the server was well not long ago. */
  readonly begun: boolean;
  /** Setbacks in a row that brought no byte nearer to the end, this one included if so. */
  readonly fruitless: number;
  /** Connections in a row that could not be made. */
  readonly unconnected: number;
  readonly elapsedMs: number;
  /** What the server asked for, or 0. */
  readonly retryAfterMs: number;
}

/** So many fruitless answers in a row, and the server is given up: each may cost the device a whole image. */
const MOST_FRUITLESS = 5;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/**
 * Decides whether to ask again within this call, and after how many milliseconds (docs/protocol.md §7).
 * A server that vanished in the middle is waited for until the deadline, for asking a closed port costs nothing.
 */
export function retryDelay(setback: Setback, policy: Policy, random: number): number | undefined {
  const { error, repeatable, begun, fruitless, unconnected, elapsedMs } = setback;
  if (!repeatable) return undefined;
  if (error.result === 1) {
    if (!begun && unconnected > policy.connectRetries) return undefined;
  } else if (error.code === 'server-error') {
    if (!begun) return undefined;
  } else if ((error.result !== 3 && error.code !== 'range-mismatch') || fruitless >= MOST_FRUITLESS) {
    return undefined;
  }
  const doublings = Math.max(fruitless, unconnected, 1) - 1;
  const backoff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** doublings) * (0.5 + random / 2);
  const wait = Math.max(backoff, setback.retryAfterMs);
  return elapsedMs + wait < policy.timeoutMs ? wait : undefined;
}
