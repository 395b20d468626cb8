import type { DeviceRecord, DeviceStore, Later, LogEntry } from '../ports.ts';

/** How patiently what is remembered waits for its group. */
export interface GroupingTimes {
  /** Milliseconds until log entries and changes that no rule depends on are written. */
  readonly soonMs: number;
  /** Milliseconds until it is written when a device was last seen. */
  readonly idleMs: number;
}

/** Writes what is remembered of devices in groups (docs/decisions/0008): a commit costs the same for one as for a hundred. */
export interface Grouping {
  /** Written with the next group; durable when it resolves. Rejects where the group could not be written. */
  durable(record: DeviceRecord, entry: LogEntry | undefined): Promise<void>;
  soon(record: DeviceRecord | undefined, entry: LogEntry | undefined): void;
  /** Only the time of the last question has changed. */
  idle(record: DeviceRecord): void;
  /** Writes what waits to be written soon. */
  settle(): Promise<void>;
  /** Writes all that waits. */
  flush(): Promise<void>;
}

/** Log entries that wait while they cannot be written; the oldest go first. */
const WAITING_ENTRIES = 10_000;
/** Records that one group of idle ones has: few enough that nobody waits for the write. */
const IDLE_GROUP = 200;
const PAUSE_MS = 20;

/** A device's record is one a firmware. */
export function recordKey(project: string, id: string, firmwareName: string): string {
  return `${project}\0${id}\0${firmwareName}`;
}

export function createGrouping(ports: {
  readonly store: Pick<DeviceStore, 'write'>;
  readonly later: Later;
  readonly times: GroupingTimes;
  readonly onProblem: (problem: unknown) => void;
}): Grouping {
  const { store, later, times, onProblem } = ports;
  let urgent = new Map<string, DeviceRecord>();
  const idle = new Map<string, DeviceRecord>();
  let entries: LogEntry[] = [];
  let writing: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  let soonTimer: { cancel(): void } | undefined;
  let idleTimer: { cancel(): void } | undefined;

  const keyOf = ({ project, id, firmwareName }: DeviceRecord): string => recordKey(project, id, firmwareName);

  /** Adds to what waits, and throws away what it replaces. */
  const add = (record: DeviceRecord | undefined, entry: LogEntry | undefined): void => {
    if (record !== undefined) {
      const key = keyOf(record);
      idle.delete(key);
      urgent.set(key, record);
    }
    if (entry !== undefined) entries.push(entry);
    if (entries.length > WAITING_ENTRIES) entries.splice(0, entries.length - WAITING_ENTRIES);
  };

  /** Writes all that is urgent; what cannot be written waits for the next group, unless it has changed since. */
  const writeUrgent = async (): Promise<void> => {
    soonTimer?.cancel();
    soonTimer = undefined;
    if (urgent.size === 0 && entries.length === 0) return;
    const records = urgent;
    const log = entries;
    urgent = new Map();
    entries = [];
    try {
      await store.write({ records: [...records.values()], access: [], log }, 'power-cut');
    } catch (problem) {
      for (const [key, record] of records) if (!urgent.has(key)) urgent.set(key, record);
      entries = [...log, ...entries].slice(-WAITING_ENTRIES);
      throw problem;
    }
  };

  const writeIdle = async (): Promise<void> => {
    const records = [...idle.values()].slice(0, IDLE_GROUP);
    if (records.length === 0) return;
    await store.write({ records, access: [], log: [] }, 'kill');
    for (const record of records) {
      const key = keyOf(record);
      if (idle.get(key) === record) idle.delete(key);
    }
  };

  /** One write at a time. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = writing.then(work);
    writing = done.catch(() => undefined);
    return done;
  };

  const soonAgain = (): void => {
    soonTimer ??= later(times.soonMs, () => {
      soonTimer = undefined;
      inTurn(writeUrgent).catch((problem: unknown) => {
        onProblem(problem);
        soonAgain();
      });
    });
  };

  const idleAgain = (ms: number): void => {
    idleTimer ??= later(ms, () => {
      idleTimer = undefined;
      inTurn(writeIdle)
        .then(() => idle.size > 0 && idleAgain(PAUSE_MS))
        .catch((problem: unknown) => {
          onProblem(problem);
          idleAgain(times.idleMs);
        });
    });
  };

  return {
    durable(record, entry) {
      add(record, entry);
      // All that arrives before the next group begins goes with it: what one turn of the loop brings shares one commit.
      next ??= new Promise<void>((resolve) => later(0, resolve)).then(() =>
        inTurn(() => {
          next = undefined;
          return writeUrgent();
        }),
      );
      return next;
    },
    soon(record, entry) {
      add(record, entry);
      soonAgain();
    },
    idle(record) {
      const key = keyOf(record);
      if (urgent.has(key)) urgent.set(key, record);
      else idle.set(key, record);
      idleAgain(times.idleMs);
    },
    settle: () => inTurn(writeUrgent),
    async flush() {
      soonTimer?.cancel();
      idleTimer?.cancel();
      soonTimer = undefined;
      idleTimer = undefined;
      await inTurn(writeUrgent);
      while (idle.size > 0) await inTurn(writeIdle);
    },
  };
}
