import type { IdKind } from '@libfota2/protocol';
import type { Access, Rule } from '../../domain/decide.ts';
import { FotaServerError } from '../../domain/errors.ts';
import type { AttemptStore } from '../../ports/rollouts.ts';
import type {
  DeviceAccess,
  DeviceListing,
  DeviceName,
  DeviceRecord,
  DeviceStore,
  LogEntry,
  StoredLogEntry,
} from '../../ports.ts';
import { attemptOf, attemptTable, type LatestRow, withLatest } from './attempts.ts';
import type { Database } from './database.ts';
import { cursorText, placeOf } from './lists.ts';
import { DEVICE, devicePages, LOG, logQueries } from './queries.ts';
import type { Reading, Transaction } from './transaction.ts';

type Value = string | number | null;

interface DeviceRow extends LatestRow {
  readonly project: string;
  readonly id: string;
  readonly firmware_name: string;
  readonly id_kind: IdKind;
  readonly version: string;
  readonly first_seen_at: number;
  readonly last_seen_at: number;
  readonly asked: number;
  readonly rule: Rule;
  readonly sent_release: number | null;
  readonly sent_version: string | null;
  readonly sent_sha256: string | null;
  readonly sent_size: number | null;
  readonly sent_told: string | null;
  readonly sent_doubtful_until: number | null;
  readonly sent_at: number | null;
  readonly delivered_sha256: string | null;
  readonly delivered_version: string | null;
  readonly delivered_count: number | null;
  readonly delivered_taken_back: number | null;
  readonly delivered_since: number | null;
  readonly spent_bytes: number | null;
  readonly spent_since: number | null;
  /** `null` where the device never asked. */
  readonly reported: string | null;
  readonly key_ring: number | null;
}

interface ListRow extends Omit<DeviceRow, 'version'> {
  /** `null` where the device never asked. */
  readonly version: string | null;
  readonly access: Access | null;
}

interface LogRow {
  readonly log_id: number;
  readonly at: number;
  readonly event: LogEntry['event'];
  readonly project: string;
  readonly firmware_name: string;
  readonly id_kind: IdKind;
  readonly device_id: string;
  readonly version: string;
  readonly code: number;
  readonly rule: Rule | null;
  readonly release: number | null;
  readonly release_version: string | null;
  readonly bytes: number | null;
  readonly detail: string | null;
}

/** What tells a device's reports from repeats. */
export const REPORTED_COLUMN: string = `
  ALTER TABLE device ADD COLUMN reported TEXT NOT NULL DEFAULT '';
`;

/** The number of the key ring that a device told last; 0: none. */
export const KEY_RING_COLUMN: string = `
  ALTER TABLE device ADD COLUMN key_ring INTEGER NOT NULL DEFAULT 0;
`;

/** Devices, their attempts and the log; of the log the newest `logLimit` entries, give or take a thousandth. */
export function deviceStore(
  database: Database,
  transaction: Transaction,
  reading: Reading,
  logLimit: number,
): DeviceStore & AttemptStore {
  const all = database.prepare(withLatest('device'));
  const accesses = database.prepare('SELECT project, id, access, at FROM device_access');
  const upsert = database.prepare(
    `INSERT OR REPLACE INTO device (${DEVICE}) VALUES (${marks(DEVICE.split(',').length)})`,
  );
  const setSeen = database.prepare(
    'UPDATE device SET id_kind = ?, last_seen_at = ?, asked = ? WHERE project = ? AND id = ? AND firmware_name = ?',
  );
  const setAccess = database.prepare(
    'INSERT OR REPLACE INTO device_access (project, id, access, at) VALUES (?, ?, ?, ?)',
  );
  const dropAccess = database.prepare('DELETE FROM device_access WHERE project = ? AND id = ?');
  const dropRecords = database.prepare('DELETE FROM device WHERE project = ? AND id = ?');
  const insert = database.prepare(`INSERT INTO upgrade_log (${LOG}) VALUES (${marks(LOG.split(',').length)})`);
  const trim = database.prepare('DELETE FROM upgrade_log WHERE id <= ?');
  const logSlack = Math.ceil(logLimit / 1_000);
  const pages = devicePages(database);
  const logPages = logQueries(database);
  const attempts = attemptTable(database, reading);

  const writeAccess = ({ project, id, access, at }: DeviceAccess): void => {
    if (access === 'default') dropAccess.run(project, id);
    else setAccess.run(project, id, access, at);
  };

  const writeRecord = (record: DeviceRecord): void => {
    const { project, id, firmwareName, attempt } = record;
    upsert.run(...valuesOf(record));
    if (attempt !== undefined) attempts.write({ ...attempt, project, id, firmwareName });
  };

  const writeEntry = (entry: LogEntry): void => {
    const last = Number(insert.run(...entryValues(entry)).lastInsertRowid);
    if (last % logSlack === 0) trim.run(last - logLimit);
  };

  const see = ({ idKind, lastSeenAt, asked, project, id, firmwareName }: DeviceRecord): void => {
    setSeen.run(idKind, lastSeenAt, asked, project, id, firmwareName);
  };

  const forget = (device: DeviceName): void => {
    dropRecords.run(device.project, device.id);
    dropAccess.run(device.project, device.id);
    attempts.forget(device);
  };

  return {
    counts: attempts.counts,
    attempts: attempts.attempts,

    *records() {
      const rows = reading(() => all.iterate() as IterableIterator<unknown>);
      for (let row = reading(() => rows.next()); row.done !== true; row = reading(() => rows.next())) {
        yield recordOf(row.value as DeviceRow);
      }
    },

    accesses: async () => reading(() => accesses.all()) as DeviceAccess[],

    async write({ forgotten = [], former = [], records, idle = [], access, log: entries }, against) {
      transaction(against, () => {
        forgotten.forEach(forget);
        former.forEach(attempts.write);
        records.forEach(writeRecord);
        idle.forEach(see);
        access.forEach(writeAccess);
        entries.forEach(writeEntry);
      });
    },

    async list(filter, { limit, cursor }) {
      const after = cursor === undefined ? undefined : placeOf(cursor, ['string', 'string', 'string']);
      const rows = reading(() => pages(filter, after, limit + 1)) as unknown as ListRow[];
      const last = rows.length > limit ? rows[limit - 1] : undefined;
      return {
        items: rows.slice(0, limit).map(listingOf),
        cursor: last && cursorText([last.project, last.id, last.firmware_name]),
      };
    },

    async log(filter, { limit, cursor }) {
      const before = logPlaceOf(cursor);
      const rows = reading(() => logPages(filter, before, limit + 1)) as unknown as LogRow[];
      const last = rows.length > limit ? rows[limit - 1] : undefined;
      return { items: rows.slice(0, limit).map(logEntryOf), cursor: last && String(last.log_id) };
    },
  };
}

function marks(count: number): string {
  return Array.from({ length: count }, () => '?').join(', ');
}

function valuesOf(record: DeviceRecord): Value[] {
  const { project, id, firmwareName, idKind, version, firstSeenAt, lastSeenAt, asked, rule } = record;
  const { sent, deliveries, attempt, spent, reported, keyRing } = record;
  const device = [project, id, firmwareName, idKind, version, firstSeenAt, lastSeenAt, asked, rule];
  const last = [sent?.release, sent?.version, sent?.sha256, sent?.size, sent?.told, sent?.doubtfulUntil, sent?.at];
  const counted = [
    deliveries?.sha256,
    deliveries?.version,
    deliveries?.count,
    deliveries?.takenBack,
    deliveries?.since,
  ];
  const latest = [attempt?.release, attempt && (attempt.rollout ?? 0), spent?.bytes, spent?.since];
  return [...device, ...[...last, ...counted, ...latest].map((value) => value ?? null), reported, keyRing];
}

function recordOf(row: DeviceRow): DeviceRecord {
  const { sent_release, sent_sha256, delivered_sha256, spent_bytes } = row;
  return {
    project: row.project,
    id: row.id,
    firmwareName: row.firmware_name,
    idKind: row.id_kind,
    version: row.version,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    asked: row.asked,
    rule: row.rule,
    sent:
      sent_release === null || sent_sha256 === null
        ? undefined
        : {
            release: sent_release,
            version: row.sent_version ?? '',
            sha256: sent_sha256,
            size: row.sent_size ?? 0,
            told: row.sent_told ?? '',
            doubtfulUntil: row.sent_doubtful_until ?? 0,
            at: row.sent_at ?? 0,
          },
    deliveries:
      delivered_sha256 === null
        ? undefined
        : {
            sha256: delivered_sha256,
            version: row.delivered_version ?? '',
            count: row.delivered_count ?? 0,
            takenBack: row.delivered_taken_back ?? 0,
            since: row.delivered_since ?? 0,
          },
    attempt: attemptOf(row),
    spent: spent_bytes === null ? undefined : { bytes: spent_bytes, since: row.spent_since ?? 0 },
    reported: row.reported ?? '',
    keyRing: row.key_ring ?? 0,
  };
}

function listingOf(row: ListRow): DeviceListing {
  const { project, id, version, access } = row;
  return {
    project,
    id,
    access: access ?? 'default',
    record: version === null ? undefined : recordOf({ ...row, version }),
  };
}

function entryValues(entry: LogEntry): Value[] {
  const { at, event, device, code, rule, release, releaseVersion, bytes, detail } = entry;
  const { project, firmwareName, idKind, id, version } = device;
  const rest = [rule, release, releaseVersion, bytes, detail].map((value) => value ?? null);
  return [at, event, project, firmwareName, idKind, id, version, code, ...rest];
}

function logEntryOf(row: LogRow): StoredLogEntry {
  return {
    id: row.log_id,
    at: row.at,
    event: row.event,
    device: {
      project: row.project,
      firmwareName: row.firmware_name,
      idKind: row.id_kind,
      id: row.device_id,
      version: row.version,
    },
    code: row.code,
    rule: row.rule ?? undefined,
    release: row.release ?? undefined,
    releaseVersion: row.release_version ?? undefined,
    bytes: row.bytes ?? undefined,
    detail: row.detail ?? undefined,
  };
}

/** The entry before which the page begins. @throws FotaServerError `cursor-invalid` */
function logPlaceOf(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new FotaServerError('cursor-invalid', `"${cursor.slice(0, 64)}" is no place in the log`);
}
