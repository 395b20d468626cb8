import type { KeptRing, Project, Release, ReleasePackage, ReleaseState } from '../../domain/catalogue.ts';
import { FotaServerError } from '../../domain/errors.ts';
import { type DatedEvent, releaseEvents } from '../../domain/event.ts';
import type { CatalogueStore } from '../../ports.ts';
import { type Database, resultCode } from './database.ts';
import type { Reading, Transaction } from './transaction.ts';

/** Whether devices below a release must pass through it; a step of the schema. */
export const FLOOR_COLUMN: string = `
  ALTER TABLE release ADD COLUMN is_floor INTEGER NOT NULL DEFAULT 0;
`;

/** Whose signatures the devices of a project believe, and what was signed; a step of the schema. */
export const TRUST_TABLES: string = `
  -- place 0 is the oldest ring; one without a signature began anew.
  CREATE TABLE key_ring (
    project TEXT NOT NULL REFERENCES project,
    place INTEGER NOT NULL,
    text TEXT NOT NULL,
    signature TEXT,
    PRIMARY KEY (project, place)
  ) STRICT, WITHOUT ROWID;
  ALTER TABLE release_package ADD COLUMN signature TEXT;
`;

/** SQLITE_CONSTRAINT. */
const CONSTRAINT = 19;

interface ReleaseRow extends Omit<Release, 'core' | 'isFloor' | 'packages' | 'publishedAt' | 'withdrawnAt'> {
  readonly core: string | null;
  readonly isFloor: 0 | 1;
  readonly publishedAt: number | null;
  readonly withdrawnAt: number | null;
}

interface PackageRow extends Omit<ReleasePackage, 'signature'> {
  readonly release: number;
  readonly signature: string | null;
}

interface RingRow extends Omit<KeptRing, 'signature'> {
  readonly project: string;
  readonly signature: string | null;
}

/** Writes another state of a release, and the events of that, in the transaction that runs. */
export type StateWriting = (release: Release, state: ReleaseState, at: number) => Release;

export function stateWriting(database: Database, tell: (events: readonly DatedEvent[]) => void): StateWriting {
  const set = database.prepare('UPDATE release SET state = ?, published_at = ?, withdrawn_at = ? WHERE id = ?');
  return (release, state, at) => {
    const changed = { ...release, state, ...timeOf(state, at) };
    set.run(state, changed.publishedAt ?? null, changed.withdrawnAt ?? null, release.id);
    tell(releaseEvents(release, changed));
    return changed;
  };
}

/** Projects and releases; `tell` writes the events of a change in its transaction. */
export function catalogueStore(
  database: Database,
  transaction: Transaction,
  reading: Reading,
  tell: (events: readonly DatedEvent[]) => void,
): CatalogueStore {
  const allProjects = database.prepare(
    'SELECT name, registration, refusals, created_at AS createdAt FROM project ORDER BY created_at, rowid',
  );
  const allKeys = database.prepare('SELECT project, key FROM project_key ORDER BY project, place');
  const insertProject = database.prepare(
    'INSERT INTO project (name, registration, refusals, created_at) VALUES (?, ?, ?, ?)',
  );
  const setProject = database.prepare('UPDATE project SET registration = ?, refusals = ? WHERE name = ?');
  const dropKeys = database.prepare('DELETE FROM project_key WHERE project = ?');
  const insertKey = database.prepare('INSERT INTO project_key (key, project, place) VALUES (?, ?, ?)');
  const allRings = database.prepare('SELECT project, text, signature FROM key_ring ORDER BY project, place');
  const dropRings = database.prepare('DELETE FROM key_ring WHERE project = ?');
  const insertRing = database.prepare('INSERT INTO key_ring (project, place, text, signature) VALUES (?, ?, ?, ?)');
  const allReleases = database.prepare(
    `SELECT id, project, firmware_name AS firmwareName, version, core, wire_version AS wireVersion, state, notes,
       is_floor AS isFloor, created_at AS createdAt, published_at AS publishedAt, withdrawn_at AS withdrawnAt
     FROM release ORDER BY id`,
  );
  const allPackages = database.prepare(
    `SELECT release, source, sha256, size, file_name AS fileName, format, signature
     FROM release_package ORDER BY release, source`,
  );
  const insertRelease = database.prepare(
    `INSERT INTO release (project, firmware_name, version, core, wire_version, state, notes, is_floor, created_at,
       published_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertPackage = database.prepare(
    `INSERT INTO release_package (release, source, sha256, size, file_name, format, signature)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const setSignature = database.prepare('UPDATE release_package SET signature = ? WHERE release = ? AND source = ?');
  const setState = database.prepare('UPDATE release SET state = ?, published_at = ?, withdrawn_at = ? WHERE id = ?');
  const writeState = stateWriting(database, tell);
  const setFloor = database.prepare('UPDATE release SET is_floor = ? WHERE id = ?');

  /** A second project of a name or key breaks a constraint. */
  const writeProject = (project: Project, write: () => void): void => {
    try {
      transaction('power-cut', () => {
        write();
        dropKeys.run(project.name);
        for (const [place, key] of [project.key, ...project.formerKeys].entries()) {
          insertKey.run(key, project.name, place);
        }
        dropRings.run(project.name);
        for (const [place, { text, signature }] of (project.keyRings ?? []).entries()) {
          insertRing.run(project.name, place, text, signature ?? null);
        }
      });
    } catch (error) {
      if (resultCode(error) !== CONSTRAINT) throw error;
      throw new FotaServerError('project-exists', `a project named "${project.name}", or with its key, exists`, error);
    }
  };

  const addPackage = (release: number, added: ReleasePackage): void => {
    const { source, sha256, size, fileName, format, signature } = added;
    insertPackage.run(release, source, sha256, size, fileName, format, signature ?? null);
  };

  return {
    async projects() {
      const keys = reading(() => allKeys.all()) as { readonly project: string; readonly key: string }[];
      const byProject = grouped(keys, ({ project }) => project);
      const rings = grouped(reading(() => allRings.all()) as unknown as RingRow[], ({ project }) => project);
      return (reading(() => allProjects.all()) as Omit<Project, 'key' | 'formerKeys'>[]).map((row) => {
        const [key = '', ...formerKeys] = (byProject.get(row.name) ?? []).map((one) => one.key);
        const keyRings = rings.get(row.name)?.map(({ text, signature }) => ({ text, ...known(signature) }));
        return { ...row, key, formerKeys, ...(keyRings && { keyRings }) };
      });
    },

    async releases() {
      const packages = reading(() => allPackages.all()) as unknown as PackageRow[];
      const byRelease = grouped(packages, ({ release }) => release);
      return (reading(() => allReleases.all()) as unknown as ReleaseRow[]).map((row) => ({
        ...row,
        core: row.core ?? undefined,
        isFloor: row.isFloor === 1,
        publishedAt: row.publishedAt ?? undefined,
        withdrawnAt: row.withdrawnAt ?? undefined,
        packages: (byRelease.get(row.id) ?? []).map(({ release: _, signature, ...one }) => ({
          ...one,
          ...known(signature),
        })),
      }));
    },

    async addProject(project) {
      const { name, registration, refusals, createdAt } = project;
      writeProject(project, () => insertProject.run(name, registration, refusals, createdAt));
    },

    async updateProject(project) {
      const { name, registration, refusals } = project;
      writeProject(project, () => setProject.run(registration, refusals, name));
    },

    async addRelease(release) {
      const { project, firmwareName, version, core, wireVersion, state, notes, isFloor, createdAt, publishedAt } =
        release;
      return transaction('power-cut', () => {
        const row = insertRelease.run(
          project,
          firmwareName,
          version,
          core ?? null,
          wireVersion,
          state,
          notes,
          isFloor ? 1 : 0,
          createdAt,
          publishedAt ?? null,
        );
        const id = Number(row.lastInsertRowid);
        for (const one of release.packages) addPackage(id, one);
        const added = { ...release, id, packages: bySource(release.packages) };
        tell(releaseEvents(undefined, added));
        return added;
      });
    },

    async addPackage(release, added, publishedAt) {
      const grown = { ...release, packages: bySource([...release.packages, added]) };
      const changed: Release =
        publishedAt === undefined ? grown : { ...grown, state: 'published', ...timeOf('published', publishedAt) };
      transaction('power-cut', () => {
        addPackage(release.id, added);
        setState.run(changed.state, changed.publishedAt ?? null, changed.withdrawnAt ?? null, release.id);
        tell(releaseEvents(release, changed));
      });
      return changed;
    },

    async setSignature(release, source, signature) {
      transaction('power-cut', () => setSignature.run(signature, release.id, source));
      const packages = release.packages.map((one) => (one.source === source ? { ...one, signature } : one));
      return { ...release, packages };
    },

    setState: async (release, state, at) => transaction('power-cut', () => writeState(release, state, at)),

    async setFloor(release, isFloor) {
      transaction('power-cut', () => setFloor.run(isFloor ? 1 : 0, release.id));
      return { ...release, isFloor };
    },
  };
}

function known(signature: string | null): { readonly signature?: string } {
  return signature === null ? {} : { signature };
}

/** As they are read. */
function bySource(packages: readonly ReleasePackage[]): ReleasePackage[] {
  return packages.toSorted((a, b) => (a.source < b.source ? -1 : 1));
}

function timeOf(state: ReleaseState, at: number): Partial<Pick<Release, 'publishedAt' | 'withdrawnAt'>> {
  if (state === 'published') return { publishedAt: at };
  return state === 'withdrawn' ? { withdrawnAt: at } : {};
}

function grouped<T, K>(rows: readonly T[], keyOf: (row: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}
