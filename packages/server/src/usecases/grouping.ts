import type { DeviceGroup, DeviceRecord, DeviceStore, Later, LogEntry } from '../ports.ts';
import { emptyGroup, type Group, groupOf, isEmpty, isOf, keyOf } from './group.ts';
import { createWaiting, next, type Portion } from './waiting.ts';

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
   * Written with the next group; durable when it resolves. Rejects where the group could not be written, and for a second
   * after that at once: nothing of it is tried again then, for whoever waited has been told otherwise. What waited of the
   * device before goes on waiting. Of a device that is being forgotten nothing may come until this is settled.
   */
  durable(promised: DeviceGroup): Promise<void>;
  /** Written with the next group, or with one of those after it. */
  soon(record: DeviceRecord | undefined, ...entries: readonly (LogEntry | undefined)[]): void;
  /** Only the time of the last question has changed. */
  idle(record: DeviceRecord): void;
  /** Writes what waits to be written soon. */
  settle(): Promise<void>;
  /** Writes all that waits. */
  flush(): Promise<void>;
}

/** Waiting records, and waiting entries, that one commit has: few enough that nobody waits for a write, nor for one that fails. */
const CARRIED = 1_000;
/** Idle records that one commit has. */
const IDLE_GROUP = 200;
const PAUSE_MS = 20;
/** How long nothing more is promised after a promise could not be kept. */
const REFUSAL_MS = 1_000;

const NOTHING: Portion = { records: new Map(), log: [] };

export function createGrouping(ports: {
  readonly store: Pick<DeviceStore, 'write'>;
  readonly later: Later;
  readonly times: GroupingTimes;
  readonly onProblem: (problem: unknown) => void;
}): Grouping {
  const { store, later, times, onProblem } = ports;
  let promised = emptyGroup();
  /** The group that is being written. */
  let writing: Group | undefined;
  const waiting = createWaiting();
  const idle = new Map<string, DeviceRecord>();
  let last: Promise<void> = Promise.resolve();
  let isNextDue = false;
  let isDraining = false;
  /** What is promised does not share the fate of what waits, once that could not be written. */
  let isTroubled = false;
  let refusal: { readonly problem: unknown; readonly timer: { cancel(): void } } | undefined;
  let soonTimer: { cancel(): void } | undefined;
  let idleTimer: { cancel(): void } | undefined;

  /** One write at a time. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };

  /** Everybody else's turn. */
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      later(0, resolve);
    });

  const addWaiting = (key: string, record: DeviceRecord): void => {
    idle.delete(key);
    waiting.add(key, record);
  };

  const takeBack = (carried: Portion): void => {
    waiting.takeBack(carried);
    for (const key of carried.records.keys()) {
      const since = idle.get(key);
      if (since !== undefined) addWaiting(key, since);
    }
  };

  const stopRefusing = (): void => {
    refusal?.timer.cancel();
    refusal = undefined;
  };

  const stopSoon = (): void => {
    soonTimer?.cancel();
    soonTimer = undefined;
  };

  /** What came before of these devices need not be written any more. */
  const isWritten = ({ forgotten, records }: Group): void => {
    for (const { device, number } of forgotten) {
      for (const key of idle.keys()) if (isOf(device, key)) idle.delete(key);
      waiting.forget((key) => isOf(device, key), number);
    }
    for (const [key, { number }] of records) {
      idle.delete(key);
      waiting.isWritten(key, number);
    }
  };

  const commit = async (group: Group, carried: Portion): Promise<void> => {
    writing = group;
    const isCarrying = carried !== NOTHING;
    if (isCarrying) stopSoon();
    let isMore = false;
    try {
      await store.write(groupOf(group, carried), 'power-cut');
      isWritten(group);
      stopRefusing();
      if (isCarrying) isTroubled = false;
      isMore = carried.records.size === CARRIED || carried.log.length === CARRIED;
      group.end();
    } catch (problem) {
      takeBack(carried);
      isTroubled = true;
      if (!isEmpty(group)) {
        stopRefusing();
        refusal = { problem, timer: later(REFUSAL_MS, stopRefusing) };
      }
      group.end(problem);
      throw problem;
    } finally {
      writing = undefined;
      if (waiting.size > 0) soonAgain(isMore ? PAUSE_MS : times.soonMs);
    }
  };

  const writePromised = async (): Promise<void> => {
    if (isEmpty(promised)) return;
    const group = promised;
    promised = emptyGroup();
    await commit(group, isTroubled || waiting.size === 0 ? NOTHING : waiting.take(CARRIED));
  };

  const writeWaiting = async (): Promise<void> => {
    if (waiting.size > 0) await commit(emptyGroup(), waiting.take(CARRIED));
  };

  const settle = async (): Promise<void> => {
    // As many as wait now: those that come meanwhile wait their own time.
    for (let left = waiting.size; left > 0; left -= CARRIED) {
      await inTurn(writeWaiting);
      if (left > CARRIED) await pause();
    }
  };

  const soonAgain = (ms: number): void => {
    soonTimer ??= later(ms, () => {
      soonTimer = undefined;
      inTurn(writeWaiting).catch(onProblem);
    });
  };

  /** Writes the next idle records; `from` remembers where it is in them. */
  const writeIdle = async (from: Iterator<DeviceRecord, undefined>, most: number): Promise<void> => {
    const records = next(from, most);
    if (records.length === 0) return;
    await store.write({ records: [], idle: records, access: [], log: [] }, 'kill');
    for (const record of records) {
      const key = keyOf(record);
      if (idle.get(key) === record) idle.delete(key);
    }
  };

  /** Writes as many as waited when it began, with pauses; those that come meanwhile wait their own time. */
  const drain = (from: Iterator<DeviceRecord, undefined>, left: number): void => {
    idleTimer = undefined;
    const over = (): void => {
      isDraining = false;
      if (idle.size > 0) idleAgain();
    };
    inTurn(() => writeIdle(from, Math.min(left, IDLE_GROUP))).then(
      () => {
        // A flush has taken over.
        if (!isDraining) return;
        if (left > IDLE_GROUP && idle.size > 0) idleTimer = later(PAUSE_MS, () => drain(from, left - IDLE_GROUP));
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
      drain(idle.values(), idle.size);
    });
  };

  const stopTimers = (): void => {
    stopRefusing();
    stopSoon();
    idleTimer?.cancel();
    idleTimer = undefined;
    isDraining = false;
  };

  return {
    durable({ forgotten = [], former = [], records, access, log }) {
      if (refusal !== undefined) return Promise.reject(refusal.problem);
      promised.forgotten.push(...forgotten.map((device) => ({ device, number: waiting.number() })));
      for (const record of records) promised.records.set(keyOf(record), { what: record, number: waiting.number() });
      promised.former.push(...former);
      promised.access.push(...access);
      promised.log.push(...log);
      const { written } = promised;
      // All that arrives before the next group begins goes with it: under load, one commit for dozens.
      if (!isNextDue) {
        isNextDue = true;
        later(times.gatherMs, () => {
          isNextDue = false;
          // Those who wait are told by their group.
          inTurn(writePromised).catch(() => undefined);
        });
      }
      return written;
    },
    soon(record, ...entries) {
      if (record !== undefined) addWaiting(keyOf(record), record);
      for (const entry of entries) if (entry !== undefined) waiting.note(entry);
      soonAgain(times.soonMs);
    },
    idle(record) {
      const key = keyOf(record);
      if ([waiting, promised.records, writing?.records].some((records) => records?.has(key))) {
        addWaiting(key, record);
        soonAgain(times.soonMs);
        return;
      }
      idle.set(key, record);
      idleAgain();
    },
    settle,
    async flush() {
      stopTimers();
      try {
        await inTurn(writePromised);
        await settle();
        for (let from = idle.values(); idle.size > 0; from = idle.values()) {
          for (let left = idle.size; left > 0; left -= IDLE_GROUP) {
            await inTurn(() => writeIdle(from, IDLE_GROUP));
            if (idle.size > 0) await pause();
          }
        }
      } finally {
        // Also where it failed: nothing is tried after the end.
        stopTimers();
      }
    },
  };
}
