import { canonicalVersion, type Project, type Release } from '../../domain/catalogue.ts';
import type { Device, Rule } from '../../domain/decide.ts';
import { FotaServerError } from '../../domain/errors.ts';
import type { CatalogueStore, CheckIn, DeviceStore } from '../../ports.ts';
import { type Database, resultCode, translate } from './database.ts';
import { openSchema } from './schema.ts';

/** Rows of the upgrade log that are kept; every so many rows the older ones go. */
const LOG_LIMIT = 100_000;
const LOG_SLACK = 1_000;

const RELEASE = `r.project_key AS projectKey, r.firmware_name AS firmwareName, r.version, r.sha256, r.size,
  r.published_at AS publishedAt`;

/** Projects, releases, devices and the upgrade log in one SQLite file. One process at a time, see `lockFolder`. */
export async function openSqliteStore(
  path: string,
): Promise<{ readonly catalogue: CatalogueStore; readonly devices: DeviceStore; close(): void }> {
  const database = await openSchema(path);
  const transaction = transactions(database, path);
  return {
    catalogue: catalogueStore(database, transaction),
    devices: deviceStore(database, transaction),
    close: () => database.close(),
  };
}

type Transaction = <T>(durability: 'NORMAL' | 'FULL', work: () => T) => T;

function transactions(database: Database, path: string): Transaction {
  return (durability, work) => {
    try {
      if (durability === 'FULL') database.exec('PRAGMA synchronous = FULL');
      database.exec('BEGIN IMMEDIATE');
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
      throw translate(path, error);
    } finally {
      if (durability === 'FULL' && database.isOpen) database.exec('PRAGMA synchronous = NORMAL');
    }
  };
}

/** SQLITE_CONSTRAINT. */
const CONSTRAINT = 19;

function catalogueStore(database: Database, transaction: Transaction): CatalogueStore {
  const allProjects = database.prepare('SELECT key, name FROM project ORDER BY created_at, name');
  const allReleases = database.prepare(`SELECT ${RELEASE} FROM release r ORDER BY r.id`);
  const insertProject = database.prepare('INSERT INTO project (key, name, created_at) VALUES (?, ?, ?)');
  const insertRelease = database.prepare(
    `INSERT INTO release (project_key, firmware_name, version, canonical_version, sha256, size, published_at)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const sameVersion = database.prepare(
    `SELECT ${RELEASE} FROM release r WHERE project_key = ? AND firmware_name = ? AND canonical_version = ?`,
  );
  return {
    projects: async () => allProjects.all() as Project[],
    releases: async () => allReleases.all() as Release[],

    async addProject(project, at) {
      try {
        transaction('FULL', () => insertProject.run(project.key, project.name, at));
      } catch (error) {
        if (resultCode(error) !== CONSTRAINT) throw error;
        throw new FotaServerError(
          'project-exists',
          `a project named "${project.name}", or with its key, exists`,
          error,
        );
      }
    },

    async addRelease(release) {
      const { projectKey, firmwareName, version, sha256, size, publishedAt } = release;
      const canonical = canonicalVersion(version);
      return transaction('FULL', () => {
        insertRelease.run(projectKey, firmwareName, version, canonical, sha256, size, publishedAt);
        return sameVersion.get(projectKey, firmwareName, canonical) as Release;
      });
    },
  };
}

interface LogRow extends Device, Release {
  readonly at: number;
  readonly code: number;
  readonly rule: Rule;
  readonly registered: number;
  readonly releaseVersion: string | null;
}

function deviceStore(database: Database, transaction: Transaction): DeviceStore {
  const releaseId = database.prepare(
    'SELECT id FROM release WHERE project_key = ? AND firmware_name = ? AND version = ?',
  );
  const upsert = database.prepare(
    `INSERT INTO device (project_key, firmware_name, id, version, first_seen_at, last_seen_at, offered_release)
     VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)
     ON CONFLICT DO UPDATE SET version = ?4, last_seen_at = ?5, offered_release = coalesce(?6, offered_release)`,
  );
  const insert = database.prepare(
    `INSERT INTO upgrade_log (at, project_key, firmware_name, device_id, from_version, registered, code, rule, release)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const trim = database.prepare('DELETE FROM upgrade_log WHERE id <= ?');
  const offer = database.prepare(
    `SELECT ${RELEASE} FROM device d JOIN release r ON r.id = d.offered_release
     WHERE d.project_key = ? AND d.firmware_name = ? AND d.id = ?`,
  );
  const newest = database.prepare(
    `SELECT l.at, l.project_key AS projectKey, l.firmware_name AS firmwareName, l.device_id AS id,
       l.from_version AS version, l.registered, l.code, l.rule,
       r.version AS releaseVersion, r.sha256, r.size, r.published_at AS publishedAt
     FROM upgrade_log l LEFT JOIN release r ON r.id = l.release ORDER BY l.id DESC LIMIT ?`,
  );
  return {
    async record({ at, device, registered, code, rule, release }) {
      const { projectKey, firmwareName, id, version } = device;
      transaction('NORMAL', () => {
        const found = release && releaseId.get(release.projectKey, release.firmwareName, release.version);
        const sent = (found as { readonly id: number } | undefined)?.id ?? null;
        if (registered) upsert.run(projectKey, firmwareName, id, version, at, sent);
        const row = insert.run(at, projectKey, firmwareName, id, version, Number(registered), code, rule, sent);
        const last = Number(row.lastInsertRowid);
        if (last % LOG_SLACK === 0) trim.run(last - LOG_LIMIT);
      });
    },

    offered: async ({ projectKey, firmwareName, id }) => offer.get(projectKey, firmwareName, id) as Release | undefined,

    log: async (limit) => (newest.all(limit) as LogRow[]).map(checkInOf),
  };
}

function checkInOf(row: LogRow): CheckIn {
  const { at, projectKey, firmwareName, id, version, code, rule, releaseVersion, sha256, size, publishedAt } = row;
  return {
    at,
    device: { projectKey, firmwareName, id, version },
    registered: row.registered === 1,
    code,
    rule,
    release:
      releaseVersion === null
        ? undefined
        : { projectKey, firmwareName, version: releaseVersion, sha256, size, publishedAt },
  };
}
