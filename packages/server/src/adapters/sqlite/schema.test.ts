import { readFileSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import { NO_FILTER } from '../../../test/suites/samples.ts';
import { checkDatabase } from './copy.ts';
import { type Database, openDatabase } from './database.ts';
import { openSqliteStore } from './store.ts';
import { sqliteTokens } from './tokens.ts';

const folder = folders(onTestFinished);

/** What the first server made of an empty file, and never again. */
const FIRST_SCHEMA = `
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
  PRAGMA user_version = 1;
`;

function raise(message: string): never {
  throw new Error(message);
}

const [KEY, OTHER, SHA] = ['k'.repeat(32), 'o'.repeat(32), 'f'.repeat(64)];

/** As a server of the first schema left it, in the journal mode that it used. */
async function written(): Promise<{ readonly path: string; readonly database: Database }> {
  const path = join(await folder(), 'fota.db');
  const database = await openDatabase(path, 0);
  onTestFinished(() => {
    if (database.isOpen) database.close();
  });
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; ${FIRST_SCHEMA}
    INSERT INTO project VALUES ('${KEY}', 'sample', 10), ('${OTHER}', '其他', 11);
    INSERT INTO release VALUES
      (3, '${KEY}', 'app', '1.1.0', '1.1', '${SHA}', 60000, 20),
      (7, '${OTHER}', '固件', '2012.001.005', '2012.1.5', '${SHA}', 60000, 21);
    INSERT INTO device VALUES
      ('${KEY}', 'app', '867', '1.0.0', 30, 40, 3),
      ('${KEY}', 'app', '868', 'x', 31, 41, NULL),
      ('${OTHER}', '固件', '867', '2012.001.004', 32, 42, 7);
    INSERT INTO upgrade_log VALUES
      (5, 40, '${KEY}', 'app', '867', '1.0.0', 1, 0, 'newer-release', 3),
      (6, 41, '${KEY}', 'app', '868', 'x', 1, 27, 'version-unreadable', NULL),
      (8, 42, 'unknown', 'app', '9', '', 0, 25, 'project-unknown', NULL),
      (9, 43, '${OTHER}', '固件', '867', '2012.001.004', 1, 304, 'newer-release', 7)`);
  return { path, database };
}

it('a database of the first schema goes on with all that it knows', async () => {
  const { path, database } = await written();
  database.close();
  const { catalogue, devices, close } = await openSqliteStore(path);
  onTestFinished(close);

  const plain = { formerKeys: [], registration: 'open', refusals: 'json' };
  expect(await catalogue.projects()).toEqual([
    { ...plain, name: 'sample', key: KEY, createdAt: 10 },
    { ...plain, name: '其他', key: OTHER, createdAt: 11 },
  ]);
  const release = { core: undefined, state: 'published', notes: '', isFloor: false, withdrawnAt: undefined };
  const packages = [{ source: 'any', sha256: SHA, size: 60_000, fileName: '', format: 'opaque' }];
  expect(await catalogue.releases()).toEqual([
    {
      ...release,
      id: 3,
      project: 'sample',
      firmwareName: 'app',
      version: '1.1.0',
      wireVersion: '1.1.0',
      packages,
      createdAt: 20,
      publishedAt: 20,
    },
    {
      ...release,
      id: 7,
      project: '其他',
      firmwareName: '固件',
      version: '2012.001.005',
      wireVersion: '2012.001.005',
      packages,
      createdAt: 21,
      publishedAt: 21,
    },
  ]);
  // What a device was being sent is what its resume goes on with.
  const { items } = await devices.list(NO_FILTER, { limit: 10, cursor: undefined });
  expect(items.map(({ record }) => record)).toMatchObject([
    {
      id: '867',
      version: '1.0.0',
      firstSeenAt: 30,
      lastSeenAt: 40,
      sent: { release: 3, version: '1.1.0', sha256: SHA, size: 60_000, at: 40 },
      deliveries: undefined,
    },
    { id: '868', version: 'x', sent: undefined, deliveries: undefined, attempt: undefined, spent: undefined },
    { id: '867', project: '其他', sent: { release: 7, sha256: SHA } },
  ]);
  const log = await devices.log(NO_FILTER, { limit: 10, cursor: undefined });
  expect(log.items).toMatchObject([
    { id: 9, event: 'held', code: 304, release: 7, device: { project: '其他' } },
    { id: 8, event: 'refused', code: 25, rule: 'project-unknown', device: { project: '', id: '9' } },
    { id: 6, event: 'refused', code: 27, release: undefined },
    { id: 5, event: 'offered', code: 0, release: 3, releaseVersion: '1.1.0', device: { project: 'sample' } },
  ]);

  // Numbers go on where they were.
  const [first] = await catalogue.releases();
  if (first !== undefined) expect((await catalogue.addRelease(first)).id).toBe(8);
  const [entry] = log.items;
  if (entry !== undefined) await devices.write({ records: [], access: [], log: [entry] }, 'kill');
  expect((await devices.log(NO_FILTER, { limit: 1, cursor: undefined })).items).toMatchObject([{ id: 10 }]);
});

it('a database of the second schema, as a server left it, goes on with all that it knows', async () => {
  const path = join(await folder(), 'fota.db');
  const database = await openDatabase(path, 0);
  database.exec(readFileSync(new URL('../../../test/databases/schema-2.sql', import.meta.url), 'utf8'));
  database.close();
  const { catalogue, devices, database: opened, migrated, close } = await openSqliteStore(path);
  onTestFinished(close);
  expect(migrated).toMatchObject({ code: 'database-migrated', facts: { from: 2, to: 3 } });
  const releases = await catalogue.releases();
  expect(releases.map(({ version, state, notes }) => [version, state, notes])).toEqual([
    ['1.1.0', 'withdrawn', ''],
    ['1.2.0', 'published', 'better'],
  ]);
  const { items } = await devices.list(NO_FILTER, { limit: 10, cursor: undefined });
  expect(items.map(({ id, access, record }) => [id, access, record?.rule, record?.deliveries?.count])).toEqual([
    ['867', 'default', 'newer-release', 1],
    ['868', 'blocked', 'newest', undefined],
    ['869', 'default', 'version-unreadable', undefined],
  ]);
  expect((await devices.log(NO_FILTER, { limit: 10, cursor: undefined })).items).toHaveLength(4);
  // Nobody has signed anything then, and from now on somebody may.
  const [project] = await catalogue.projects();
  expect(project).not.toHaveProperty('keyRings');
  expect(releases.flatMap(({ packages }) => packages).filter((one) => 'signature' in one)).toEqual([]);
  const ringed = {
    ...(project ?? raise('no project')),
    keyRings: [{ text: 'one' }, { text: 'two', signature: 'by one' }],
  };
  await catalogue.updateProject(ringed);
  expect((await catalogue.projects())[0]).toEqual(ringed);
  // Who came in before still does.
  expect(await sqliteTokens(opened, path).tokens()).toMatchObject([{ id: 'pXqUlG0i', name: 'first', role: 'admin' }]);
});

describe('before its schema changes, a database', () => {
  const copies = async (path: string): Promise<string[]> => {
    const names = await readdir(dirname(path));
    return names.filter((name) => name.startsWith('fota.db.')).toSorted();
  };

  it('is copied beside itself, whole, for this user alone, and opens as it was', async () => {
    const { path, database } = await written();
    database.close();
    const { migrated, close } = await openSqliteStore(path);
    close();
    const copy = String(migrated?.facts['copy']);
    expect(copy).toMatch(/fota\.db\.schema-1\.\d{8}T\d{6}Z\.bak$/);
    expect(migrated?.message).toContain(copy);
    if (process.platform !== 'win32') expect((await stat(copy)).mode & 0o777).toBe(0o600);
    expect(await checkDatabase(copy)).toBe(1);
    const before = await openDatabase(copy, 0);
    onTestFinished(() => before.close());
    expect(before.prepare('SELECT count(*) AS count FROM device').get()).toMatchObject({ count: 3 });
    expect(await copies(path)).toEqual([basename(copy)]);
    const again = await openSqliteStore(path);
    onTestFinished(again.close);
    expect(again.migrated).toBeUndefined();
    expect(await copies(path)).toEqual([basename(copy)]);
  });

  it('that is new is not', async () => {
    const path = join(await folder(), 'fota.db');
    const { migrated, close } = await openSqliteStore(path);
    close();
    expect(migrated).toBeUndefined();
    expect(await copies(path)).toEqual([]);
  });

  it('is copied with at most two older copies staying', async () => {
    const { path, database } = await written();
    database.close();
    const olds = ['schema-9.20250101T000000Z', 'schema-1.20260101T000000Z', 'schema-2.20260201T000000Z'];
    for (const old of olds) await writeFile(`${path}.${old}.bak`, '');
    const { migrated, close } = await openSqliteStore(path);
    close();
    const [, second, third] = olds;
    const kept = [basename(String(migrated?.facts['copy'])), `fota.db.${second}.bak`, `fota.db.${third}.bak`];
    expect(await copies(path)).toEqual(kept.toSorted());
  });

  it('that is damaged is not touched: the copy is found wrong, and nothing is changed', async () => {
    const { path, database } = await written();
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    const bytes = await readFile(path);
    // The second page holds rows.
    bytes.fill(0xff, 4_096, 4_096 + 64);
    await writeFile(path, bytes);
    await expect(openSqliteStore(path)).rejects.toMatchObject({ code: 'database-damaged' });
    expect(await copies(path)).toEqual([]);
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });
});

it('a migration that cannot be made leaves the database as it was', async () => {
  const { path, database } = await written();
  // A table that the second schema wants to make.
  database.exec('CREATE TABLE release_package (x)');
  await expect(openSqliteStore(path)).rejects.toThrow('release_package');
  expect(database.prepare('PRAGMA user_version').get()).toMatchObject({ user_version: 1 });
  expect(database.prepare('SELECT count(*) AS count FROM device').get()).toMatchObject({ count: 3 });
  database.exec('DROP TABLE release_package');
  database.close();
  const { catalogue, close } = await openSqliteStore(path);
  onTestFinished(close);
  expect(await catalogue.releases()).toHaveLength(2);
});
