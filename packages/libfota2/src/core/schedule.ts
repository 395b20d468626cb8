import type { Clock, Timer } from './ports.ts';
import { type Due, isBeyondReach, nextDue, parseTiming, remainingMs, type ScheduleOptions } from './timing.ts';

/** A running schedule. */
export interface Schedule {
  /** Ends it. A run under way is finished, and its callback called. */
  stop(): void;
  /** Milliseconds until the next run; `undefined` once stopped. */
  readonly nextInMs: number | undefined;
}

/** Timers stand still while a machine sleeps, and clocks jump: no wait is trusted for longer than this. */
const LONGEST_NAP_MS = 30_000;

/**
 * Runs `run` by `options` until stopped (docs/protocol.md §9). Never overlaps itself: the next run is set when one has
 * ended, and comes no sooner than so many milliseconds later as `run` resolves to. It must not throw; what it reports to
 * others is its own affair.
 * @throws RangeError, TypeError for options that make no timing
 */
export function startSchedule(
  run: () => Promise<number>,
  options: ScheduleOptions,
  clock: Clock,
  random: () => number,
): Schedule {
  const timing = parseTiming(options);
  let stopped = false;
  let due: Due = options.runNow === true ? { kind: 'uptime', ms: clock.uptimeMs() } : nextDue(timing, clock, random());
  let timer: Timer;

  const nap = (): void => {
    if (stopped) return;
    timer = clock.after(Math.min(Math.max(remainingMs(due, clock), 0), LONGEST_NAP_MS), wake);
  };
  const wake = (): void => {
    if (isBeyondReach(timing, due, clock)) due = nextDue(timing, clock, random());
    if (remainingMs(due, clock) > 0) {
      nap();
    } else {
      due = nextDue(timing, clock, random());
      run().then((waitMs) => {
        if (remainingMs(due, clock) < waitMs) due = { kind: 'uptime', ms: clock.uptimeMs() + waitMs };
        nap();
      }, nap);
    }
  };
  nap();

  return {
    stop() {
      stopped = true;
      timer.cancel();
    },
    get nextInMs() {
      return stopped ? undefined : Math.max(remainingMs(due, clock), 0);
    },
  };
}

const TIMER_MAX = 2 ** 31 - 1;

/** LuatOS' `sys`: timers by number. */
export interface Sys {
  /**
   * Calls `work(...args)` every `ms` milliseconds, first after `ms`, without jitter, until stopped. Returns its number.
   * With `request` itself as `work` a call comes later where the server asked for that (`Retry-After`), by a day at most.
   * @param ms 1 to 2^31−1
   * @throws TypeError when `work` is no function, RangeError for `ms`
   */
  timerLoopStart<Args extends readonly unknown[]>(work: (...args: Args) => unknown, ms: number, ...args: Args): number;
  /** Ends a timer; an unknown number is ignored. */
  timerStop(timerId: number): void;
}

/** How a function is called again and again, and how long it must not be: milliseconds from now. */
export interface Patient<Work> {
  readonly work: Work;
  waitMs(): number;
}

export function createSys(clock: Clock, patient: <Work>(work: Work) => Patient<Work>): Sys {
  const timers = new Map<number, Timer>();
  let lastId = 0;
  return {
    timerLoopStart(work, ms, ...args) {
      if (typeof work !== 'function') throw new TypeError('timerLoopStart needs a function');
      if (!(ms >= 1 && ms <= TIMER_MAX)) throw new RangeError(`ms must be 1 to ${TIMER_MAX}.`);
      const { work: call, waitMs } = patient(work);
      lastId += 1;
      const id = lastId;
      // Counted from the first start, so that many small delays do not add up to drift.
      let dueMs = clock.monotonicMs();
      const arm = (byMs: number): void => {
        dueMs = Math.max(dueMs + byMs, clock.monotonicMs());
        timers.set(id, clock.after(dueMs - clock.monotonicMs(), ring));
      };
      const ring = (): void => {
        const early = waitMs();
        // Armed first: a function that throws ends its own call, not the loop.
        arm(early > 0 ? early : ms);
        if (early <= 0) call(...args);
      };
      arm(ms);
      return id;
    },
    timerStop(timerId) {
      timers.get(timerId)?.cancel();
      timers.delete(timerId);
    },
  };
}
