import type { DatedEvent, EventData, EventType, StoredEvent } from '../../domain/event.ts';
import type { EventStore } from '../../ports/events.ts';
import type { Database } from './database.ts';
import type { Along, Reading, Transaction } from './transaction.ts';

/** What holds events; a step of the schema. */
export const EVENT_TABLE: string = `
  CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    project TEXT,
    data TEXT NOT NULL
  ) STRICT;
`;

interface EventRow {
  readonly id: number;
  readonly at: number;
  readonly type: EventType;
  readonly project: string | null;
  readonly data: string;
}

/** What other stores of the same database need of this one. */
export interface EventWriting extends Along {
  /** Writes events in the transaction that runs. */
  readonly write: (events: readonly DatedEvent[]) => void;
}

/** Events that stay staged while nothing can be written; the oldest go first. */
const MOST_STAGED = 10_000;

/** How events come into the table: with a change that they tell of, or staged, with whatever is committed next. */
export function eventWriting(
  database: Database,
  limit: number,
): EventWriting & Pick<EventStore, 'stage' | 'onWritten'> & { readonly hasStaged: () => boolean } {
  const insert = database.prepare('INSERT INTO event (at, type, project, data) VALUES (?, ?, ?, ?)');
  const trim = database.prepare('DELETE FROM event WHERE id <= ?');
  const slack = Math.ceil(limit / 1_000);
  const staged = new Set<DatedEvent>();
  /** Of the transaction that runs. */
  let written: StoredEvent[] = [];
  let tell = (_events: readonly StoredEvent[]): void => undefined;

  const write = (events: Iterable<DatedEvent>): void => {
    for (const event of events) {
      const { at, type, project, data } = event;
      const id = Number(insert.run(at, type, project ?? null, JSON.stringify(data)).lastInsertRowid);
      if (id % slack === 0) trim.run(id - limit);
      written.push({ ...event, id });
    }
  };

  return {
    write,
    begin() {
      written = [];
    },
    beforeCommit: () => write(staged),
    committed() {
      staged.clear();
      if (written.length > 0) tell(written);
    },
    stage(event) {
      // The same object twice is two events.
      const own = { ...event };
      staged.add(own);
      const [oldest] = staged.size > MOST_STAGED ? staged : [];
      if (oldest !== undefined) staged.delete(oldest);
      return () => void staged.delete(own);
    },
    hasStaged: () => staged.size > 0,
    onWritten(listener) {
      tell = listener;
    },
  };
}

/** Events in the server's database: the newest `limit`, give or take a thousandth. */
export function eventStore(
  database: Database,
  writing: ReturnType<typeof eventWriting>,
  transaction: Transaction,
  reading: Reading,
): EventStore {
  const newest = database.prepare("SELECT seq AS id FROM sqlite_sequence WHERE name = 'event'");
  const oldest = database.prepare('SELECT min(id) AS id FROM event');
  const after = database.prepare('SELECT * FROM event WHERE id > ? ORDER BY id LIMIT ?');
  const before = database.prepare('SELECT * FROM event WHERE id < ? ORDER BY id DESC LIMIT ?');
  const eventsOf = (rows: unknown[]): StoredEvent[] => (rows as EventRow[]).map(eventOf);

  return {
    stage: writing.stage,
    onWritten: writing.onWritten,
    async flush() {
      if (writing.hasStaged()) transaction('power-cut', () => undefined);
    },
    newest: async () => reading(() => newest.get() as { readonly id: number } | undefined)?.id ?? 0,
    oldest: async () => reading(() => oldest.get() as { readonly id: number | null }).id ?? undefined,
    after: async (id, most) => reading(() => eventsOf(after.all(id, most))),
    before: async (id, most) => reading(() => eventsOf(before.all(id, most))),
  };
}

function eventOf({ id, at, type, project, data }: EventRow): StoredEvent {
  return { id, at, type, project: project ?? undefined, data: JSON.parse(data) as EventData };
}
