import type { DeviceRecord, LogEntry } from '../ports.ts';

/** A record, and when it came: of two of one device, the later one is what is known. */
export interface Numbered {
  readonly what: DeviceRecord;
  readonly number: number;
}

/** Records by device, and log entries. */
export interface Portion {
  readonly records: ReadonlyMap<string, Numbered>;
  readonly log: readonly LogEntry[];
}

/** What is to be written soon, and was promised to nobody. */
export interface Waiting {
  /** The greater of its numbers of records and entries. */
  readonly size: number;
  has(key: string): boolean;
  /** The next number. */
  number(): number;
  add(key: string, record: DeviceRecord): void;
  note(entry: LogEntry): void;
  /** Takes so many records and so many entries, the oldest. */
  take(most: number): Portion;
  /** What could not be written waits again, unless it has changed since. */
  takeBack(portion: Portion): void;
  /** A record that came with this number is written: older ones need not be. */
  isWritten(key: string, number: number): void;
  /** Drops the records that came before this number. */
  forget(isOf: (key: string) => boolean, number: number): void;
}

/** Log entries that wait while they cannot be written, give or take a tenth; the oldest go first. */
const MOST_ENTRIES = 10_000;

export function createWaiting(): Waiting {
  const records = new Map<string, Numbered>();
  let log: LogEntry[] = [];
  let count = 0;

  const number = (): number => {
    count += 1;
    return count;
  };

  const dropOlder = (key: string, than: number): void => {
    if ((records.get(key)?.number ?? than) < than) records.delete(key);
  };

  return {
    get size() {
      return Math.max(records.size, log.length);
    },
    has: (key) => records.has(key),
    number,
    add: (key, record) => void records.set(key, { what: record, number: number() }),
    note(entry) {
      log.push(entry);
      log = newest(log);
    },
    take(most) {
      const taken = new Map(next(records.entries(), most));
      for (const key of taken.keys()) records.delete(key);
      return { records: taken, log: log.splice(0, most) };
    },
    takeBack(portion) {
      for (const [key, before] of portion.records) if (!records.has(key)) records.set(key, before);
      log = newest([...portion.log, ...log]);
    },
    isWritten: dropOlder,
    forget(isOf, than) {
      for (const key of records.keys()) if (isOf(key)) dropOlder(key, than);
    },
  };
}

/** The next ones, up to `most`. Who begins at the front of a large map each time walks over all that was deleted there. */
export function next<T>(from: Iterator<T, undefined>, most: number): T[] {
  const some: T[] = [];
  while (some.length < most) {
    const { value, done } = from.next();
    if (done === true) break;
    some.push(value);
  }
  return some;
}

function newest(log: LogEntry[]): LogEntry[] {
  return log.length > MOST_ENTRIES * 1.1 ? log.slice(-MOST_ENTRIES) : log;
}
