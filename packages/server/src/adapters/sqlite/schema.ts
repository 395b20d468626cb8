import { FotaServerError } from '../../domain/errors.ts';
import { type Database, openDatabase, translate } from './database.ts';

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
];

/**
 * Opens the server's database and brings its schema up to date, all steps or none.
 * @throws FotaServerError `database-newer`, `database-damaged`, `disk-full`, `data-dir-unusable`
 */
export async function openSchema(path: string): Promise<Database> {
  let database: Database | undefined;
  try {
    database = await openDatabase(path, 5000);
    // NORMAL: kill -9 loses nothing, a power cut may lose the last commits but never damages. Publishing raises it to FULL.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
    const { user_version: made } = database.prepare('PRAGMA user_version').get() as { readonly user_version: number };
    if (made > STEPS.length) {
      throw new FotaServerError('database-newer', `${path} has schema ${made}, this program knows ${STEPS.length}`);
    }
    const missing = STEPS.slice(made).join('');
    if (missing !== '') database.exec(`BEGIN IMMEDIATE; ${missing} PRAGMA user_version = ${STEPS.length}; COMMIT`);
    return database;
  } catch (error) {
    database?.close();
    throw translate(path, error);
  }
}
