import type { DatedEvent, StoredEvent } from '../../domain/event.ts';
import type { EventStore } from '../../ports/events.ts';

/** The newest `limit` events in memory, give or take a thousandth, for tests and simulations. */
export function memoryEvents(limit = 100_000): EventStore {
  const staged = new Set<DatedEvent>();
  const kept: StoredEvent[] = [];
  let last = 0;
  let tell = (_events: readonly StoredEvent[]): void => undefined;
  return {
    stage(event) {
      const own = { ...event };
      staged.add(own);
      return () => void staged.delete(own);
    },
    async flush() {
      const written = [...staged].map((event, i) => ({ ...event, id: last + 1 + i }));
      staged.clear();
      last += written.length;
      kept.push(...written);
      if (kept.length > limit * 1.001) kept.splice(0, kept.length - limit);
      if (written.length > 0) tell(written);
    },
    onWritten(listener) {
      tell = listener;
    },
    newest: async () => last,
    oldest: async () => kept[0]?.id,
    after: async (id, most) => kept.filter((event) => event.id > id).slice(0, most),
    before: async (id, most) =>
      kept
        .filter((event) => event.id < id)
        .reverse()
        .slice(0, most),
  };
}
