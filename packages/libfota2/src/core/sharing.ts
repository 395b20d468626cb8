import type { Progress } from './outcome.ts';
import { abortable, newStop, type Signal, type Stop } from './platform.ts';
import type { Clock } from './ports.ts';

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

/** See {@link createSharing}. */
export type Share<Result> = (place: string, question: string, caller: Caller, work: Work<Result>) => Promise<Result>;

/**
 * Lets calls for the same place share or queue: the same question is asked once and answered to all, another one waits
 * for its turn. A shared errand stops only when its last caller has aborted.
 */
export function createSharing<Result>(clock: Clock): Share<Result> {
  const places = new Map<string, Running<Result>>();

  const start = (place: string, question: string, work: Work<Result>): Running<Result> => {
    const stop = newStop();
    const seats = new Set<Seat>();
    const tell = (progress: Progress): void => {
      for (const seat of seats) {
        try {
          seat.listener?.(progress);
        } catch (error) {
          // Not called again, and not swallowed: it goes where the engine reports what nobody caught.
          seat.listener = undefined;
          clock.after(0, () => {
            throw error;
          });
        }
      }
    };
    const result = work(stop.signal, tell).finally(() => places.delete(place));
    const running = { question, result, seats, stop };
    places.set(place, running);
    return running;
  };

  const join = async ({ result, seats, stop }: Running<Result>, caller: Caller): Promise<Result> => {
    const seat: Seat = { listener: caller.onProgress };
    seats.add(seat);
    try {
      return await abortable(result, caller.signal);
    } finally {
      seats.delete(seat);
      if (seats.size === 0) {
        stop.abort(caller.signal?.reason);
        // The last one out waits until the target is let go, so that whoever comes next finds it free.
        await settled(result);
      }
    }
  };

  return async (place, question, caller, work) => {
    for (;;) {
      if (caller.signal?.aborted) throw caller.signal.reason;
      const running = places.get(place);
      if (running === undefined) return join(start(place, question, work), caller);
      if (running.question === question && !running.stop.signal.aborted) return join(running, caller);
      await abortable(settled(running.result), caller.signal);
    }
  };
}

function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch(() => undefined);
}
