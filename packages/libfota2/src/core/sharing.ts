import type { Progress } from './outcome.ts';
import { newStop, type Signal, type Stop } from './platform.ts';

/** Who takes part in an errand. */
export interface Caller {
  readonly signal?: Signal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

type Work<Result> = (signal: Signal, onProgress: (progress: Progress) => void) => Promise<Result>;

/** A caller's place at a running errand. */
interface Seat {
  listener: Caller['onProgress'];
}

interface Running<Result> {
  readonly question: string;
  readonly result: Promise<Result>;
  readonly seats: Set<Seat>;
  readonly stop: Stop;
}

/**
 * Lets calls for the same place share or queue: the same question is asked once and answered to all, another one waits
 * for its turn. A shared errand stops only when its last caller has aborted.
 */
export class Sharing<Result> {
  readonly #running = new Map<string, Running<Result>>();
  readonly #onThrow: (error: unknown) => void;

  /** `onThrow` gets what a caller's `onProgress` throws. */
  constructor(onThrow: (error: unknown) => void) {
    this.#onThrow = onThrow;
  }

  async run(place: string, question: string, caller: Caller, work: Work<Result>): Promise<Result> {
    for (;;) {
      if (caller.signal?.aborted) throw caller.signal.reason;
      const current = this.#running.get(place);
      if (current === undefined) return this.#join(this.#start(place, question, work), caller);
      if (current.question === question && !current.stop.signal.aborted) return this.#join(current, caller);
      await abortable(
        current.result.catch(() => undefined),
        caller.signal,
      );
    }
  }

  #start(place: string, question: string, work: Work<Result>): Running<Result> {
    const stop = newStop();
    const seats = new Set<Seat>();
    const tell = (progress: Progress): void => {
      for (const seat of seats) this.#tell(seat, progress);
    };
    const result = work(stop.signal, tell).finally(() => this.#running.delete(place));
    const running = { question, result, seats, stop };
    this.#running.set(place, running);
    return running;
  }

  async #join(running: Running<Result>, caller: Caller): Promise<Result> {
    const seat: Seat = { listener: caller.onProgress };
    running.seats.add(seat);
    try {
      return await abortable(running.result, caller.signal);
    } finally {
      running.seats.delete(seat);
      if (running.seats.size === 0) {
        running.stop.abort(caller.signal?.reason);
        // The last one out waits until the target is let go, so that whoever comes next finds it free.
        await running.result.catch(() => undefined);
      }
    }
  }

  /** A listener that throws is not called again, and what it threw is not swallowed. */
  #tell(seat: Seat, progress: Progress): void {
    try {
      seat.listener?.(progress);
    } catch (error) {
      seat.listener = undefined;
      this.#onThrow(error);
    }
  }
}

/** `promise`, or the signal's reason as soon as it fires. */
function abortable<Result>(promise: Promise<Result>, signal: Signal | undefined): Promise<Result> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
