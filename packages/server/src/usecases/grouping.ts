import type { DeviceAccess, DeviceGroup, DeviceName, DeviceRecord, DeviceStore, Later, LogEntry } from '../ports.ts';

/** How patiently what is remembered waits for its group. */
export interface GroupingTimes {
  /** Milliseconds that what is promised waits for others to share its commit. */
  readonly gatherMs: number;
  /** Milliseconds until log entries and changes that no rule depends on are written. */
  readonly soonMs: number;
  /** Milliseconds until it is written when a device was last seen. */
  readonly idleMs: number;
}

/** Writes what is remembered of devices in groups (docs/decisions/0008): a commit costs the same for one as for a hundred. */
export interface Grouping {
  /**
   * Written with the next group; durable when it resolves. Rejects where the group could not be written: nothing of it is
   * tried again then, for whoever waited has been told otherwise.
   */
  durable(promised: DeviceGroup): Promise<void>;
  /** Written with the next group, or with one of those after it. */
  soon(record: DeviceRecord | undefined, entry: LogEntry | undefined): void;
  /** Only the time of the last question has changed. */
  idle(record: DeviceRecord): void;
  /** Writes what waits to be written soon. */
  settle(): Promise<void>;
  /** Writes all that waits. */
  flush(): Promise<void>;
}

interface Waiting<T> {
  readonly what: T;
  readonly isPromised: boolean;
}

/** What the next commit writes. */
interface Group {
  readonly forgotten: DeviceName[];
  /** By device. */
  readonly records: Map<string, Waiting<DeviceRecord>>;
  readonly access: DeviceAccess[];
  log: Waiting<LogEntry>[];
  /** Settled when the group is written, or is not. */
  readonly written: Promise<void>;
  readonly end: (problem?: unknown) => void;
}

/** Log entries that wait while they cannot be written, give or take a tenth; the oldest go first. */
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
  let urgent = emptyGroup();
  const idle = new Map<string, DeviceRecord>();
  let last: Promise<void> = Promise.resolve();
  let isNextDue = false;
  let isDraining = false;
  let soonTimer: { cancel(): void } | undefined;
  let idleTimer: { cancel(): void } | undefined;

  const addRecord = (what: DeviceRecord, isPromised: boolean): void => {
    const key = keyOf(what);
    idle.delete(key);
    urgent.records.set(key, { what, isPromised });
  };

  /** One write at a time. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };

  /** What waits to be written of a device must not bring it back. */
  const forget = (device: DeviceName): void => {
    for (const records of [urgent.records, idle]) {
      for (const key of records.keys())
        if (key.startsWith(recordKey(device.project, device.id, ''))) records.delete(key);
    }
    urgent.forgotten.push(device);
  };

  /** What nobody was promised waits for the next group, unless it has changed since. */
  const takeBack = (group: Group): void => {
    const isForgotten = ({ project, id }: DeviceName): boolean =>
      urgent.forgotten.some((device) => device.project === project && device.id === id);
    for (const [key, { what, isPromised }] of group.records) {
      if (!isPromised && !urgent.records.has(key) && !isForgotten(what)) addRecord(idle.get(key) ?? what, false);
    }
    urgent.log = [...group.log.filter(({ isPromised }) => !isPromised), ...urgent.log];
    forgetOldest(urgent);
    if (!isEmpty(urgent)) soonAgain();
  };

  const writeUrgent = async (): Promise<void> => {
    soonTimer?.cancel();
    soonTimer = undefined;
    const group = urgent;
    if (isEmpty(group)) return;
    urgent = emptyGroup();
    try {
      const [records, log] = [[...group.records.values()].map(({ what }) => what), group.log.map(({ what }) => what)];
      const { forgotten, access } = group;
      await store.write({ ...(forgotten.length > 0 && { forgotten }), records, access, log }, 'power-cut');
      group.end();
    } catch (problem) {
      takeBack(group);
      group.end(problem);
      throw problem;
    }
  };

  const soonAgain = (): void => {
    soonTimer ??= later(times.soonMs, () => {
      soonTimer = undefined;
      inTurn(writeUrgent).catch(onProblem);
    });
  };

  const writeIdle = async (count: number): Promise<void> => {
    const records = [...idle.values()].slice(0, count);
    if (records.length === 0) return;
    await store.write({ records, access: [], log: [] }, 'kill');
    for (const record of records) {
      const key = keyOf(record);
      if (idle.get(key) === record) idle.delete(key);
    }
  };

  /** Writes as many as waited when it began, with pauses; those that come meanwhile wait their own time. */
  const drain = (left: number): void => {
    idleTimer = undefined;
    const over = (): void => {
      isDraining = false;
      if (idle.size > 0) idleAgain();
    };
    inTurn(() => writeIdle(Math.min(left, IDLE_GROUP))).then(
      () => {
        if (left > IDLE_GROUP && idle.size > 0) idleTimer = later(PAUSE_MS, () => drain(left - IDLE_GROUP));
        else over();
      },
      (problem: unknown) => {
        onProblem(problem);
        over();
      },
    );
  };

  const idleAgain = (): void => {
    if (isDraining) return;
    idleTimer ??= later(times.idleMs, () => {
      isDraining = true;
      drain(idle.size);
    });
  };

  return {
    durable({ forgotten = [], records, access, log }) {
      for (const device of forgotten) forget(device);
      for (const record of records) addRecord(record, true);
      urgent.access.push(...access);
      urgent.log.push(...log.map((what) => ({ what, isPromised: true })));
      const { written } = urgent;
      // All that arrives before the next group begins goes with it: under load, one commit for dozens.
      if (!isNextDue) {
        isNextDue = true;
        later(times.gatherMs, () => {
          isNextDue = false;
          // Those who wait are told by their group.
          inTurn(writeUrgent).catch(() => undefined);
        });
      }
      return written;
    },
    soon(record, entry) {
      if (record !== undefined) addRecord(record, false);
      if (entry !== undefined) urgent.log.push({ what: entry, isPromised: false });
      forgetOldest(urgent);
      soonAgain();
    },
    idle(record) {
      const key = keyOf(record);
      if (urgent.records.has(key)) urgent.records.set(key, { what: record, isPromised: false });
      else idle.set(key, record);
      idleAgain();
    },
    settle: () => inTurn(writeUrgent),
    async flush() {
      soonTimer?.cancel();
      idleTimer?.cancel();
      soonTimer = undefined;
      idleTimer = undefined;
      isDraining = false;
      await inTurn(writeUrgent);
      while (idle.size > 0) await inTurn(() => writeIdle(IDLE_GROUP));
    },
  };
}

function emptyGroup(): Group {
  let end: Group['end'] = () => undefined;
  const written = new Promise<void>((resolve, reject) => {
    end = (problem) => (problem === undefined ? resolve() : reject(problem));
  });
  // Of a group in which nobody was promised anything, nobody waits.
  written.catch(() => undefined);
  return { forgotten: [], records: new Map(), access: [], log: [], written, end };
}

function isEmpty({ forgotten, records, access, log }: Group): boolean {
  return forgotten.length === 0 && records.size === 0 && access.length === 0 && log.length === 0;
}

/** Keeps what waits bounded, but for what somebody waits for. */
function forgetOldest(group: Group): void {
  if (group.log.length <= WAITING_ENTRIES * 1.1) return;
  let excess = group.log.length - WAITING_ENTRIES;
  group.log = group.log.filter(({ isPromised }) => {
    if (!isPromised) excess -= 1;
    return isPromised || excess < 0;
  });
}

function keyOf({ project, id, firmwareName }: DeviceRecord): string {
  return recordKey(project, id, firmwareName);
}
