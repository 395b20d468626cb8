import { FotaServerError } from '../../domain/errors.ts';
import { ATTEMPT_TABLE } from './attempts.ts';
import { AUDIT_TABLE } from './audit.ts';
import { FLOOR_COLUMN, TRUST_TABLES } from './catalogue.ts';
import { keepCopy } from './copy.ts';
import { type Database, openDatabase, translate } from './database.ts';
import { KEY_RING_COLUMN, REPORTED_COLUMN } from './devices.ts';
import { EVENT_TABLE } from './events.ts';
import { GROUP_TABLE } from './groups.ts';
import { PROFILE_TABLE } from './profiles.ts';
import { REPEAT_TABLE } from './repeats.ts';
import { ROLLOUT_TABLES } from './rollouts.ts';
import { TOKEN_GRANTS, TOKEN_TABLE } from './tokens.ts';
import { USER_TABLES } from './users.ts';
import { VERSION_COUNT_TABLES } from './version-counts.ts';
import { WEBHOOK_TABLES } from './webhooks.ts';

/**
 * The steps from an empty file to the schema of today; `user_version` counts those that were made. Never edit a step that
 * was released: add one.
 */
const STEPS: readonly string[] = [
  `
  CREATE TABLE project (
    key TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE release (
    id INTEGER PRIMARY KEY,
    project_key TEXT NOT NULL REFERENCES project,
    firmware_name TEXT NOT NULL,
    version TEXT NOT NULL,
    canonical_version TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    published_at INTEGER NOT NULL,
    UNIQUE (project_key, firmware_name, canonical_version)
  ) STRICT;
  CREATE TABLE device (
    project_key TEXT NOT NULL REFERENCES project,
    firmware_name TEXT NOT NULL,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    offered_release INTEGER REFERENCES release,
    PRIMARY KEY (project_key, firmware_name, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE upgrade_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    project_key TEXT NOT NULL,
    firmware_name TEXT NOT NULL,
    device_id TEXT NOT NULL,
    from_version TEXT NOT NULL,
    registered INTEGER NOT NULL,
    code INTEGER NOT NULL,
    rule TEXT NOT NULL,
    release INTEGER REFERENCES release
  ) STRICT;
  `,
  // Projects by name with several keys; releases with states and packages; devices with what was sent to them; tokens.
  `
  ALTER TABLE project RENAME TO old_project;
  ALTER TABLE release RENAME TO old_release;
  ALTER TABLE device RENAME TO old_device;
  ALTER TABLE upgrade_log RENAME TO old_log;

  CREATE TABLE project (
    name TEXT PRIMARY KEY,
    registration TEXT NOT NULL,
    refusals TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  -- place 0 is the present key, the others are former ones, newest first.
  CREATE TABLE project_key (
    key TEXT PRIMARY KEY,
    project TEXT NOT NULL REFERENCES project,
    place INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE release (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL REFERENCES project,
    firmware_name TEXT NOT NULL,
    version TEXT NOT NULL,
    core TEXT,
    wire_version TEXT NOT NULL,
    state TEXT NOT NULL,
    notes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    published_at INTEGER,
    withdrawn_at INTEGER
  ) STRICT;
  CREATE TABLE release_package (
    release INTEGER NOT NULL REFERENCES release,
    source TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    file_name TEXT NOT NULL,
    format TEXT NOT NULL,
    PRIMARY KEY (release, source)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE device (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    firmware_name TEXT NOT NULL,
    id_kind TEXT NOT NULL,
    version TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    rule TEXT NOT NULL,
    sent_release INTEGER,
    sent_version TEXT,
    sent_sha256 TEXT,
    sent_size INTEGER,
    sent_told TEXT,
    sent_doubtful_until INTEGER,
    sent_at INTEGER,
    delivered_sha256 TEXT,
    delivered_version TEXT,
    delivered_count INTEGER,
    delivered_taken_back INTEGER,
    delivered_since INTEGER,
    PRIMARY KEY (project, id, firmware_name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX device_firmware ON device (firmware_name, project, id);
  CREATE TABLE device_access (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    access TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (project, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE upgrade_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    project TEXT NOT NULL,
    firmware_name TEXT NOT NULL,
    id_kind TEXT NOT NULL,
    device_id TEXT NOT NULL,
    version TEXT NOT NULL,
    code INTEGER NOT NULL,
    rule TEXT,
    release INTEGER,
    release_version TEXT,
    bytes INTEGER,
    detail TEXT
  ) STRICT;
  CREATE INDEX upgrade_log_device ON upgrade_log (device_id);
  -- For operators' lists, so that devices do not wait for one that finds little: each ends with the number of the entry.
  CREATE INDEX upgrade_log_project ON upgrade_log (project);
  CREATE INDEX upgrade_log_event ON upgrade_log (event);
  CREATE INDEX upgrade_log_firmware ON upgrade_log (firmware_name);
${TOKEN_TABLE}
  INSERT INTO project SELECT name, 'open', 'json', created_at FROM old_project;
  INSERT INTO project_key SELECT key, name, 0 FROM old_project;
  INSERT INTO release
    SELECT r.id, p.name, firmware_name, version, NULL, version, 'published', '', published_at, published_at, NULL
    FROM old_release r JOIN old_project p ON p.key = r.project_key;
  INSERT INTO release_package SELECT id, 'any', sha256, size, '', 'opaque' FROM old_release;
  INSERT INTO device
    SELECT p.name, d.id, d.firmware_name, 'imei', d.version, d.first_seen_at, d.last_seen_at, 1, 'newest',
      r.id, r.version, r.sha256, r.size, iif(r.id IS NULL, NULL, d.version), iif(r.id IS NULL, NULL, 0),
      iif(r.id IS NULL, NULL, d.last_seen_at), NULL, NULL, NULL, NULL, NULL
    FROM old_device d JOIN old_project p ON p.key = d.project_key LEFT JOIN old_release r ON r.id = d.offered_release;
  INSERT INTO upgrade_log
    SELECT l.id, l.at, CASE code WHEN 0 THEN 'offered' WHEN 304 THEN 'held' ELSE 'refused' END, coalesce(p.name, ''),
      l.firmware_name, 'imei', device_id, from_version, code, rule, r.id, r.version, NULL, NULL
    FROM old_log l LEFT JOIN old_project p ON p.key = l.project_key LEFT JOIN old_release r ON r.id = l.release;

  DROP TABLE old_log;
  DROP TABLE old_device;
  DROP TABLE old_release;
  DROP TABLE old_project;
  `,
  // What each capability added.
  [
    TOKEN_GRANTS,
    AUDIT_TABLE,
    USER_TABLES,
    EVENT_TABLE,
    PROFILE_TABLE,
    GROUP_TABLE,
    ATTEMPT_TABLE,
    ROLLOUT_TABLES,
    VERSION_COUNT_TABLES,
    WEBHOOK_TABLES,
    REPEAT_TABLE,
    FLOOR_COLUMN,
    REPORTED_COLUMN,
    KEY_RING_COLUMN,
    TRUST_TABLES,
  ].join(''),
];

/** The schema that this program works with. */
export const SCHEMA: number = STEPS.length;

/**
 * Opens the server's database and brings its schema up to date, all steps or none; a copy of what it was is made first, of
 * which `onMigrated` is told: no failure, but what an operator should know.
 * @throws FotaServerError `database-newer`, `database-damaged`, `disk-full`, `data-dir-unusable`
 */
export async function openSchema(path: string, onMigrated?: (told: FotaServerError) => void): Promise<Database> {
  let database: Database | undefined;
  try {
    database = await openDatabase(path, 5000);
    // NORMAL: kill -9 loses nothing, a power cut may lose the last commits but never damages. Publishing raises it to FULL.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
    const { user_version: from } = database.prepare('PRAGMA user_version').get() as { readonly user_version: number };
    const to = SCHEMA;
    if (from > to) throw new FotaServerError('database-newer', `${path} has schema ${from}, this program knows ${to}`);
    if (from === to) return database;
    // What has no schema yet is empty.
    const copy = from === 0 ? undefined : await keepCopy(database, path, from, new Date());
    // With a sync: what is answered from now on must not be lost with the steps.
    database.exec('PRAGMA synchronous = FULL');
    database.exec(`BEGIN IMMEDIATE; ${STEPS.slice(from).join('')} PRAGMA user_version = ${to}; COMMIT`);
    database.exec('PRAGMA synchronous = NORMAL');
    if (copy !== undefined) onMigrated?.(migrated(from, to, copy));
    return database;
  } catch (error) {
    // A connection with statements is only half closed: its transaction would go on.
    if (database?.isTransaction === true) database.exec('ROLLBACK');
    database?.close();
    throw translate(path, error);
  }
}

function migrated(from: number, to: number, copy: string): FotaServerError {
  const detail = `the database was brought from schema ${from} to ${to}; as it was, it is kept as ${copy}`;
  return new FotaServerError('database-migrated', detail, undefined, { from, to, copy });
}
