import type { DeviceAccess, DeviceGroup, DeviceName, DeviceRecord, LogEntry, StoredAttempt } from '../ports.ts';
import { recordKey } from './keys.ts';
import type { Numbered, Portion } from './waiting.ts';

/** A device that is forgotten, as far as its records came before. */
export interface Forgotten {
  readonly device: DeviceName;
  readonly number: number;
}

/** What the next commit writes because it was promised. */
export interface Group {
  readonly forgotten: Forgotten[];
  readonly former: StoredAttempt[];
  /** By device. */
  readonly records: Map<string, Numbered>;
  readonly access: DeviceAccess[];
  readonly log: LogEntry[];
  /** Settled when the group is written, or is not. */
  readonly written: Promise<void>;
  readonly end: (problem?: unknown) => void;
}

export function emptyGroup(): Group {
  let end: Group['end'] = () => undefined;
  const written = new Promise<void>((resolve, reject) => {
    end = (problem) => (problem === undefined ? resolve() : reject(problem));
  });
  // Of a group in which nobody was promised anything, nobody waits.
  written.catch(() => undefined);
  return { forgotten: [], former: [], records: new Map(), access: [], log: [], written, end };
}

export function isEmpty({ records, ...lists }: Group): boolean {
  return (
    records.size === 0 && [lists.forgotten, lists.former, lists.access, lists.log].every(({ length }) => length === 0)
  );
}

/** Of each device what came last. */
export function groupOf({ forgotten, former, records, access, log }: Group, carried: Portion): DeviceGroup {
  const alive = [...carried.records].filter(
    ([key, { number }]) => !forgotten.some((one) => number < one.number && isOf(one.device, key)),
  );
  const latest = new Map([...alive, ...records].sort(([, a], [, b]) => a.number - b.number));
  return {
    ...(forgotten.length > 0 && { forgotten: forgotten.map(({ device }) => device) }),
    ...(former.length > 0 && { former }),
    records: [...latest.values()].map(({ what }) => what),
    access,
    log: [...carried.log, ...log],
  };
}

export function isOf({ project, id }: DeviceName, key: string): boolean {
  return key.startsWith(recordKey(project, id, ''));
}

export function keyOf({ project, id, firmwareName }: DeviceRecord): string {
  return recordKey(project, id, firmwareName);
}
