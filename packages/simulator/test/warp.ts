import type { FleetClock } from '../src/index.ts';

/** Turns of the loop without anything going on, after which nothing goes on: what a loopback does is done by then. */
const STILL = 30;

/**
 * A clock for fleets over real sockets: it stands still while `isBusy`, and goes to its next timer whenever nothing is left
 * to do, so that days pass at once.
 */
export function createWarp(isBusy: () => boolean): FleetClock & { stop(): void } {
  let nowMs = 0;
  let still = 0;
  const pending = new Set<{ readonly dueMs: number; readonly work: () => void }>();
  const turn = (): void => {
    still = isBusy() ? 0 : still + 1;
    if (still >= STILL) {
      still = 0;
      const [next] = [...pending].sort((one, other) => one.dueMs - other.dueMs);
      if (next !== undefined) {
        pending.delete(next);
        nowMs = Math.max(nowMs, next.dueMs);
        next.work();
      }
    }
    loop = setImmediate(turn);
  };
  let loop = setImmediate(turn);
  return {
    now: () => nowMs,
    after(ms, work) {
      const timer = { dueMs: nowMs + ms, work };
      pending.add(timer);
      return { cancel: () => void pending.delete(timer) };
    },
    stop: () => clearImmediate(loop),
  };
}
