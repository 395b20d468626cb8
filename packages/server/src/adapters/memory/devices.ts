import { FotaServerError } from '../../domain/errors.ts';
import type { AttemptStore } from '../../ports/rollouts.ts';
import type {
  DeviceAccess,
  DeviceFilter,
  DeviceGroup,
  DeviceListing,
  DeviceName,
  DeviceRecord,
  DeviceStore,
  LogEntry,
  LogFilter,
  StoredAttempt,
  StoredLogEntry,
} from '../../ports.ts';
import { memoryAttempts } from './attempts.ts';
import { compareTexts } from './lists.ts';

/** Devices, their attempts and the newest entries of the log in memory, for tests and simulations. What they keep is gone with them. */
export function memoryDevices(logLimit = 1_000_000): DeviceStore & AttemptStore {
  const records = new Map<string, DeviceRecord>();
  const accesses = new Map<string, DeviceAccess>();
  const attempts = memoryAttempts();
  const log: StoredLogEntry[] = [];
  let lastId = 0;

  const listings = (): DeviceListing[] => {
    const asked = [...records.values()].map((record) => ({
      project: record.project,
      id: record.id,
      access: accesses.get(placeText([record.project, record.id]))?.access ?? 'default',
      record,
    }));
    const known = new Set(asked.map(({ project, id }) => placeText([project, id])));
    const silent = [...accesses].filter(([key]) => !known.has(key));
    return [...asked, ...silent.map(([, { project, id, access }]) => ({ project, id, access, record: undefined }))];
  };

  const forget = ({ project, id }: DeviceName): void => {
    accesses.delete(placeText([project, id]));
    for (const [key, record] of records) {
      if (record.project === project && record.id === id) records.delete(key);
    }
    attempts.forget({ project, id });
  };

  const see = ({ project, id, firmwareName, idKind, lastSeenAt, asked }: DeviceRecord): void => {
    const key = placeText([project, id, firmwareName]);
    const before = records.get(key);
    if (before !== undefined) records.set(key, { ...before, idKind, lastSeenAt, asked });
  };

  return {
    counts: attempts.counts,
    attempts: attempts.attempts,
    records: () => [...records.values()],
    accesses: async () => [...accesses.values()],

    async write(group) {
      // All is looked at before anything is kept.
      const { forgotten, former, asked, words, entries } = looked(group);
      forgotten.forEach(forget);
      for (const attempt of former) attempts.write(attempt);
      for (const [key, record] of asked) {
        records.set(key, record);
        const { project, id, firmwareName, attempt } = record;
        if (attempt !== undefined) attempts.write({ ...attempt, project, id, firmwareName });
      }
      group.idle?.forEach(see);
      for (const [key, word] of words) {
        if (word.access === 'default') accesses.delete(key);
        else accesses.set(key, word);
      }
      for (const entry of entries) {
        lastId += 1;
        log.push({ ...entry, id: lastId });
      }
      if (log.length > logLimit * 1.001) log.splice(0, log.length - logLimit);
    },

    async list(filter, { limit, cursor }) {
      const after = cursor === undefined ? undefined : placeOf(cursor);
      const rest = listings()
        .filter((one) => isListed(filter, one) && (after === undefined || compare(placeIn(one), after) > 0))
        .sort((a, b) => compare(placeIn(a), placeIn(b)));
      const items = rest.slice(0, limit);
      const last = items.at(-1);
      return { items, cursor: rest.length > limit && last !== undefined ? placeText(placeIn(last)) : undefined };
    },

    async log(filter, { limit, cursor }) {
      const before = cursor === undefined ? Number.POSITIVE_INFINITY : entryOf(cursor);
      const rest = log.filter((entry) => entry.id < before && isLogged(filter, entry)).reverse();
      const items = rest.slice(0, limit);
      return { items, cursor: rest.length > limit ? String(items.at(-1)?.id) : undefined };
    },
  };
}

function looked({ forgotten = [], former = [], records, access, log }: DeviceGroup): {
  readonly forgotten: readonly DeviceName[];
  readonly former: readonly StoredAttempt[];
  readonly asked: ReadonlyArray<readonly [string, DeviceRecord]>;
  readonly words: ReadonlyArray<readonly [string, DeviceAccess]>;
  readonly entries: readonly LogEntry[];
} {
  return {
    forgotten: forgotten.map((device) => ({ ...device })),
    former: former.map((attempt) => ({ ...attempt })),
    asked: records.map((record) => [placeText([record.project, record.id, record.firmwareName]), { ...record }]),
    words: access.map((word) => [placeText([word.project, word.id]), { ...word }]),
    entries: log.map((entry) => ({ ...entry })),
  };
}

function isListed(filter: DeviceFilter, listing: DeviceListing): boolean {
  const { project, within, firmwareName, access, idPrefix } = filter;
  return (
    (within === undefined || within.includes(listing.project)) &&
    (project === undefined || listing.project === project) &&
    (firmwareName === undefined || listing.record?.firmwareName === firmwareName) &&
    (access === undefined || listing.access === access) &&
    listing.id.startsWith(idPrefix ?? '')
  );
}

function isLogged(filter: LogFilter, { id, event, device }: StoredLogEntry): boolean {
  return (
    (filter.within === undefined || filter.within.includes(device.project)) &&
    (filter.project === undefined || device.project === filter.project) &&
    (filter.firmwareName === undefined || device.firmwareName === filter.firmwareName) &&
    (filter.deviceId === undefined || device.id === filter.deviceId) &&
    (filter.event === undefined || event === filter.event) &&
    (filter.after === undefined || id > filter.after)
  );
}

function placeIn({ project, id, record }: DeviceListing): readonly string[] {
  return [project, id, record?.firmwareName ?? ''];
}

function compare(a: readonly string[], b: readonly string[]): number {
  const place = a.findIndex((part, at) => part !== b[at]);
  return place === -1 ? 0 : compareTexts(a[place] ?? '', b[place] ?? '');
}

function placeText(place: readonly string[]): string {
  return JSON.stringify(place);
}

/** @throws FotaServerError `cursor-invalid` */
function placeOf(cursor: string): readonly string[] {
  try {
    const place: unknown = JSON.parse(cursor);
    if (Array.isArray(place) && place.length === 3 && place.every((part) => typeof part === 'string')) return place;
  } catch {
    // Told below.
  }
  throw new FotaServerError('cursor-invalid', `"${cursor.slice(0, 64)}" is no place in the list`);
}

/** @throws FotaServerError `cursor-invalid` */
function entryOf(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new FotaServerError('cursor-invalid', `"${cursor.slice(0, 64)}" is no place in the log`);
}
