/** Server-sent events, as browsers read them (HTML standard, section 9.2). */
import type { ServerResponse } from 'node:http';
import { FotaServerError } from '../../domain/errors.ts';
import type { EventFilter, StoredEvent } from '../../domain/event.ts';
import type { Events, Lost } from '../../usecases/events.ts';
import { eventView } from './views.ts';

/** Those who listen at the same time, at most: each costs a connection of the few that there are. */
const MOST_LISTENERS = 64;
/** Milliseconds after which a client that lost the connection comes again. */
const RETRY_MS = 3_000;
/** Milliseconds of silence until a heartbeat: below what proxies, and our own servers, wait for a byte. */
const HEARTBEAT_MS = 15_000;

export interface Streaming {
  /**
   * Writes what happens after a place, until the client leaves or the server closes. A client that is slow is not written to
   * until it has read, and nothing is kept for it: it goes on where it was.
   * @throws FotaServerError `listeners-full`, before anything is written
   */
  serve(response: ServerResponse, wanted: Wanted): Promise<void>;
}

interface Wanted {
  readonly after: number;
  readonly filter: EventFilter;
  /** Asked before anything is told: whether the client may still hear it. */
  readonly mayStay: () => boolean;
}

/** `ending` is aborted when the server begins to close. */
export function createStreaming(ports: {
  readonly events: Events;
  readonly ending: AbortSignal;
  readonly onProblem: (problem: unknown) => void;
  readonly heartbeatMs?: number;
}): Streaming {
  const { events, ending, onProblem, heartbeatMs = HEARTBEAT_MS } = ports;
  /** Of each listener what wakes it. */
  const bells = new Set<Bell>();
  ending.addEventListener('abort', () => {
    for (const bell of bells) bell.ring();
  });
  return {
    async serve(response, wanted) {
      if (bells.size >= MOST_LISTENERS) {
        throw new FotaServerError('listeners-full', `${bells.size} clients listen to events already`);
      }
      const bell = createBell();
      bells.add(bell);
      try {
        response.writeHead(200, {
          'Content-Type': 'text/event-stream; charset=utf-8',
          // nginx would gather events before it passes them on.
          'X-Accel-Buffering': 'no',
        });
        await write(response, events, bell, { ...wanted, ending, heartbeatMs });
      } catch (problem) {
        onProblem(problem);
      } finally {
        bells.delete(bell);
        response.end();
      }
    },
  };
}

async function write(
  response: ServerResponse,
  events: Events,
  bell: Bell,
  wanted: Wanted & { readonly ending: AbortSignal; readonly heartbeatMs: number },
): Promise<void> {
  const { after, filter, mayStay, ending, heartbeatMs } = wanted;
  const leave = events.watch(bell.ring);
  for (const over of ['close', 'error', 'drain']) response.on(over, bell.ring);
  const isOver = (): boolean => ending.aborted || response.destroyed || !mayStay();
  let quietSince = performance.now();
  /** The place that the client knows. */
  let known = after;
  const say = (text: string, place: number): void => {
    response.write(text);
    quietSince = performance.now();
    known = place;
  };
  try {
    say(`retry: ${RETRY_MS}\nid: ${after}\n\n`, after);
    for (let at = after; !isOver(); ) {
      const { events: found, at: next, isAll, lost } = await events.read(at, filter);
      at = next;
      if (lost !== undefined) say(lostFrame(lost), lost.oldest - 1);
      const last = found.at(-1);
      if (last !== undefined) say(found.map(frame).join(''), last.id);
      while (!isOver() && response.writableNeedDrain) await bell.rung(heartbeatMs);
      if (isAll && !isOver()) await bell.rung(quietSince + heartbeatMs - performance.now());
      // Without the place, who wants little would come again with one that is not kept any more.
      const isQuiet = performance.now() >= quietSince + heartbeatMs;
      if (isQuiet && !isOver()) say(`: still here\n${at === known ? '' : `id: ${at}\n`}\n`, at);
    }
  } finally {
    leave();
  }
}

function frame(event: StoredEvent): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(eventView(event))}\n\n`;
}

/** Its own type, and no number that a later event would not have passed. */
function lostFrame({ after, oldest, isAnother }: Lost): string {
  const reason = isAnother ? 'no event of this server has this number yet' : 'events after this number are not kept';
  return `id: ${oldest - 1}\nevent: reset\ndata: ${JSON.stringify({ after, oldest, reason })}\n\n`;
}

/** Something to wait for that may come while nobody waits. */
interface Bell {
  ring(): void;
  /** Resolves once it rang since the last time, or after so many milliseconds. */
  rung(ms: number): Promise<void>;
}

function createBell(): Bell {
  let hasRung = false;
  let wake = (): void => undefined;
  return {
    ring() {
      hasRung = true;
      wake();
    },
    async rung(ms) {
      let timer: NodeJS.Timeout | undefined;
      if (!hasRung) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, Math.ceil(ms));
        });
      }
      clearTimeout(timer);
      wake = () => undefined;
      hasRung = false;
    },
  };
}
