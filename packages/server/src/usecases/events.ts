import { FotaServerError } from '../domain/errors.ts';
import { type EventFilter, isWanted, type NewEvent, type StoredEvent } from '../domain/event.ts';
import type { EventStore } from '../ports/events.ts';
import type { Later, Now, Page, PageRequest } from '../ports.ts';

/** What was told after a place, up to another. */
export interface Portion {
  readonly events: readonly StoredEvent[];
  /** All up to this number was looked at: the next portion begins here. */
  readonly at: number;
  /** Whether this is all for now. */
  readonly isAll: boolean;
  /** Where events between the place that was asked for and these are not kept any more. */
  readonly lost: Lost | undefined;
}

export interface Lost {
  /** The place that was asked for. */
  readonly after: number;
  /** Of those that are kept; where the numbers begin anew it is not more than `after`. */
  readonly oldest: number;
  /** The events of that place were of another history: a backup was restored, or the server is another one. */
  readonly isAnother: boolean;
}

/**
 * What happens, for those who wait for it (docs/decisions/0016). An event has a number that grows and is never used again,
 * and nobody hears of it before it is durable. Readers keep a place and come for more when they have time: none is waited
 * for, and nothing is kept for one that is slow. The newest 100 000 can be had again.
 */
export interface Events {
  /**
   * Tells that something has happened. It is written with the next commit, whoever makes it, and within 50 ms; who emits
   * before the change that it tells of is handed to its store, in the same turn, loses no event by `kill -9`.
   */
  emit(event: NewEvent): void;
  /** Tells what `change` makes durable: the event is written with it, or just before, and not at all where it fails. */
  along<T>(event: NewEvent, change: () => Promise<T>): Promise<T>;
  /** The place behind all that was told. */
  newest(): number;
  /** A part of what was told after a place. */
  read(after: number, filter: EventFilter): Promise<Portion>;
  /** Calls `listener` whenever there is something new to read, until the function that it gives is called. */
  watch(listener: () => void): () => void;
  /** The newest first, down to those after a number. @throws FotaServerError `cursor-invalid` */
  page(filter: EventFilter, page: PageRequest, after?: number): Promise<Page<StoredEvent>>;
  /** Writes what waits. */
  flush(): Promise<void>;
}

/** Milliseconds that an event waits for a commit to go with. */
const GATHER_MS = 50;
/** Milliseconds until writing is tried again. */
const RETRY_MS = 1_000;
/** Events in memory for those who are almost up to date. */
const RECENT = 1_000;
/** Events that are looked at in one go. */
const PORTION = 500;

export async function openEvents(ports: {
  readonly store: EventStore;
  readonly now: Now;
  readonly later: Later;
  readonly onProblem: (problem: unknown) => void;
}): Promise<Events> {
  const { store, now, later, onProblem } = ports;
  /** Told, or about to be told in the next turn. */
  const recent: StoredEvent[] = [];
  const watchers = new Set<() => void>();
  let told = await store.newest();
  let isTelling = false;
  let timer: { cancel(): void } | undefined;

  const tell = (): void => {
    isTelling = false;
    told = recent.at(-1)?.id ?? told;
    for (const watcher of [...watchers]) watcher();
  };

  store.onWritten((events) => {
    recent.push(...events);
    if (recent.length > 2 * RECENT) recent.splice(0, recent.length - RECENT);
    // In a turn of its own: whoever hears of a change must find it made.
    if (!isTelling) later(0, tell);
    isTelling = true;
  });

  const writeSoon = (ms: number): void => {
    timer ??= later(ms, () => {
      timer = undefined;
      store.flush().catch((problem: unknown) => {
        onProblem(problem);
        writeSoon(RETRY_MS);
      });
    });
  };

  const stage = (event: NewEvent): (() => void) => {
    const takeBack = store.stage({ ...event, at: now() });
    writeSoon(GATHER_MS);
    return takeBack;
  };

  const written = async (after: number): Promise<readonly StoredEvent[]> => {
    const [first] = recent;
    const isRecent = first !== undefined && first.id <= after + 1;
    const found = isRecent ? recent.filter(({ id }) => id > after) : await store.after(after, PORTION);
    return found.filter(({ id }) => id <= told).slice(0, PORTION);
  };

  const lostAfter = async (after: number): Promise<Lost | undefined> => {
    const oldest = (await store.oldest()) ?? told + 1;
    const isAnother = after > told;
    return isAnother || after < oldest - 1 ? { after, oldest, isAnother } : undefined;
  };

  return {
    emit: (event) => void stage(event),

    async along(event, change) {
      const takeBack = stage(event);
      try {
        return await change();
      } catch (error) {
        takeBack();
        throw error;
      }
    },

    newest: () => told,

    async read(after, filter) {
      const lost = after === told ? undefined : await lostAfter(after);
      const begin = lost === undefined ? after : lost.oldest - 1;
      const found = await written(begin);
      const at = found.at(-1)?.id ?? Math.max(begin, told);
      return { events: found.filter((event) => isWanted(filter, event)), at, isAll: at >= told, lost };
    },

    watch(listener) {
      watchers.add(listener);
      return () => void watchers.delete(listener);
    },

    async page(filter, { limit, cursor }, after = 0) {
      const items: StoredEvent[] = [];
      let before = Math.min(placeOf(cursor), told + 1);
      while (items.length <= limit) {
        const found = await store.before(before, PORTION);
        items.push(...found.filter((event) => event.id > after && isWanted(filter, event)));
        before = found.at(-1)?.id ?? 0;
        if (found.length < PORTION || before <= after) break;
      }
      const page = items.slice(0, limit);
      return { items: page, cursor: items.length > limit ? String(page.at(-1)?.id) : undefined };
    },

    async flush() {
      timer?.cancel();
      timer = undefined;
      await store.flush();
    },
  };
}

/** @throws FotaServerError `cursor-invalid` */
function placeOf(cursor: string | undefined): number {
  if (cursor === undefined) return Number.POSITIVE_INFINITY;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new FotaServerError('cursor-invalid', `"${cursor.slice(0, 64)}" is no place among the events`);
}
