import { open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import { testAttemptStore } from '../../../test/suites/attempt-store.ts';
import { testCatalogueStore } from '../../../test/suites/catalogue-store.ts';
import { testDeviceStore } from '../../../test/suites/device-store.ts';
import { testGroupStore } from '../../../test/suites/group-store.ts';
import { testProfileStore } from '../../../test/suites/profile-store.ts';
import { rolloutOf, testRolloutStore } from '../../../test/suites/rollout-store.ts';
import { entryOf, groupOf, NO_FILTER, projectOf, recordOf, releaseOf } from '../../../test/suites/samples.ts';
import { testVersionCountStore } from '../../../test/suites/version-count-store.ts';
import type { DeviceStore } from '../../ports.ts';
import { catalogueStore } from './catalogue.ts';
import { openSqliteStore, type SqliteStore } from './store.ts';
import { readings, type Transaction } from './transaction.ts';
import { versionCountStore } from './version-counts.ts';

const folder = folders(onTestFinished);
const EVERYTHING = { limit: 1_000, cursor: undefined };

async function opened(path?: string, logLimit?: number): Promise<SqliteStore> {
  const store = await openSqliteStore(path ?? join(await folder(), 'fota.db'), logLimit);
  onTestFinished(() => {
    if (store.database.isOpen) store.close();
  });
  return store;
}

/** A store, and further ones on the same file: what one has written, the next must find. */
async function reopening(logLimit?: number): Promise<{ first: SqliteStore; again(): Promise<SqliteStore> }> {
  const path = join(await folder(), 'fota.db');
  return { first: await opened(path, logLimit), again: () => opened(path, logLimit) };
}

describe('projects and releases in SQLite', () =>
  testCatalogueStore(async () => {
    const { first, again } = await reopening();
    return { store: first.catalogue, reopened: async () => (await again()).catalogue };
  }));

describe('devices and the log in SQLite', () =>
  testDeviceStore(async (logLimit) => {
    const { first, again } = await reopening(logLimit);
    return { store: first.devices, reopened: async () => (await again()).devices };
  }));

describe('what is said of devices in SQLite', () =>
  testProfileStore(async () => {
    const { first, again } = await reopening();
    return { store: first.profiles, reopened: async () => (await again()).profiles };
  }));

describe('attempts in SQLite', () =>
  testAttemptStore(async () => {
    const { first, again } = await reopening();
    return { store: first.devices, reopened: async () => (await again()).devices };
  }));

describe('rollouts in SQLite', () =>
  testRolloutStore(async () => {
    const { first, again } = await reopening();
    await first.catalogue.addProject(projectOf('p'));
    const catalogue = first.catalogue;
    await catalogue.addRelease(releaseOf());
    return { store: first.rollouts, catalogue, reopened: async () => (await again()).rollouts };
  }));

it('a rollout that cannot be written leaves its draft as it was, and tells nothing', async () => {
  const { catalogue, rollouts, events, database } = await opened();
  await catalogue.addProject(projectOf('p'));
  const draft = await catalogue.addRelease(releaseOf());
  // As if the disk were full, or the process killed, between both.
  database.exec("CREATE TEMP TRIGGER no BEFORE INSERT ON rollout BEGIN SELECT RAISE(ABORT, 'no'); END");
  await expect(rollouts.add(rolloutOf(), draft)).rejects.toThrow('no');
  database.exec('DROP TRIGGER no');
  expect([await catalogue.releases(), await rollouts.rollouts()]).toEqual([[draft], []]);
  expect(await events.newest()).toBe(0);
  await rollouts.add(rolloutOf(), draft);
  expect(await catalogue.releases()).toMatchObject([{ state: 'published', publishedAt: 5 }]);
  expect(await events.after(0, 9)).toMatchObject([{ type: 'release.published' }]);
});

describe('version counts in SQLite', () =>
  testVersionCountStore(async (hoursKept) => {
    const { first, again } = await reopening();
    const of = ({ database, transaction }: SqliteStore) =>
      versionCountStore(database, transaction, readings(''), hoursKept);
    return { store: of(first), reopened: async () => of(await again()) };
  }));

describe('groups in SQLite', () =>
  testGroupStore(async () => {
    const { first, again } = await reopening();
    for (const name of ['p', 'q']) await first.catalogue.addProject(projectOf(name));
    return { store: first.groups, reopened: async () => (await again()).groups };
  }));

function synchronous({ database }: SqliteStore): number {
  return (database.prepare('PRAGMA synchronous').get() as { readonly synchronous: number }).synchronous;
}

describe('durability', () => {
  const [NORMAL, FULL] = [1, 2];

  it('against power cuts asks for a sync at each commit, against kills it does without', async () => {
    const store = await opened();
    expect(store.database.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
    expect(store.transaction('power-cut', () => synchronous(store))).toBe(FULL);
    expect(store.transaction('kill', () => synchronous(store))).toBe(NORMAL);
    const broken = (): never => {
      throw new Error('in the middle');
    };
    expect(() => store.transaction('power-cut', broken)).toThrow('in the middle');
    expect(store.transaction('kill', () => synchronous(store))).toBe(NORMAL);
  });

  it('of projects and releases is against power cuts, whatever is written', async () => {
    const store = await opened();
    const asked: string[] = [];
    const watched: Transaction = (against, work) => {
      asked.push(against);
      return store.transaction(against, work);
    };
    const catalogue = catalogueStore(store.database, watched, readings(''), () => undefined);
    await catalogue.addProject(projectOf('p'));
    await catalogue.updateProject(projectOf('p', { refusals: 'empty' }));
    const release = await catalogue.addRelease(releaseOf());
    const [any] = release.packages;
    if (any !== undefined) await catalogue.addPackage(release, { ...any, source: '2012' });
    await catalogue.setState(release, 'published', 2);
    expect(asked).toEqual(Array.from({ length: 5 }, () => 'power-cut'));
  });
});

describe('a full disk', () => {
  const fill = async (devices: DeviceStore): Promise<number> => {
    for (let group = 0; ; group += 1) {
      if (group > 1_000) throw new Error('the disk does not get full');
      const number = (n: number): string => `${group}-${n}`;
      const records = Array.from({ length: 50 }, (_, n) => recordOf({ id: number(n) }));
      const log = Array.from({ length: 50 }, (_, n) => entryOf({ detail: number(n) }));
      const access = [{ project: 'p', id: number(0), access: 'blocked' as const, at: 1 }];
      const problem: unknown = await devices.write({ records, access, log }, 'power-cut').catch((error) => error);
      if (problem === undefined) continue;
      expect(problem).toMatchObject({ name: 'FotaServerError', code: 'disk-full' });
      return group;
    }
  };

  it('leaves nothing half-written, tells so by its code, and can be written again once there is room', async () => {
    const { first, again } = await reopening();
    const { catalogue, database } = first;
    await catalogue.addProject(projectOf('p'));
    const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { readonly page_count: number };
    database.exec(`PRAGMA max_page_count = ${pages + 60}`);
    const groups = await fill(first.devices);
    expect(groups).toBeGreaterThan(0);
    // More than what the group that found no room would have needed.
    const large = releaseOf({ notes: 'n'.repeat(60_000) });
    await expect(catalogue.addRelease(large)).rejects.toMatchObject({ code: 'disk-full' });
    const project = projectOf('q'.repeat(60_000), { key: 'q'.repeat(32) });
    await expect(catalogue.addProject(project)).rejects.toMatchObject({ code: 'disk-full' });

    const whole = async ({ devices, catalogue: kept }: SqliteStore): Promise<void> => {
      expect([...(devices.records() as Iterable<unknown>)]).toHaveLength(50 * groups);
      expect(await devices.accesses()).toHaveLength(groups);
      expect((await devices.log({ ...NO_FILTER, after: 50 * groups - 1 }, EVERYTHING)).items).toHaveLength(1);
      expect(await kept.releases()).toEqual([]);
      expect(await kept.projects()).toEqual([projectOf('p')]);
    };
    await whole(first);
    // The limit was one of the connection: the next one has room.
    const next = await again();
    await whole(next);
    await next.devices.write(groupOf({ records: [recordOf({ id: 'after' })] }), 'power-cut');
    expect((await next.catalogue.addRelease(large)).id).toBe(1);
  });
});

describe('a file that is not as it should be', () => {
  it('is refused where a newer program has written it', async () => {
    const { first, again } = await reopening();
    first.database.exec('PRAGMA user_version = 99');
    await expect(again()).rejects.toMatchObject({ code: 'database-newer' });
  });

  it('is refused where it is no database, and left alone', async () => {
    const path = join(await folder(), 'fota.db');
    await writeFile(path, 'no database '.repeat(100));
    await expect(openSqliteStore(path)).rejects.toMatchObject({ code: 'database-damaged' });
    expect((await stat(path)).size).toBe(1_200);
  });

  it.each([
    ['{', 'JSON'],
    ['[]', 'no object'],
    [`json_remove(rest, '$.soakMs')`, 'soakMs: no whole number'],
    [`json_set(rest, '$.limits.downloads', 'many')`, 'limits: downloads: no whole number'],
    [`json_set(rest, '$.waves[0]', json('{}'))`, 'waves: 0: ids: no list'],
    [`json_set(rest, '$.target.kind', 'some')`, 'target: '],
    [`json_set(rest, '$.surprise', 1)`, 'surprise: nobody knows'],
  ])('is told to be damaged where of a rollout the rest is %s', async (rest, message) => {
    const { first, again } = await reopening();
    await first.catalogue.addProject(projectOf('p'));
    await first.catalogue.addRelease(releaseOf());
    await first.rollouts.add(rolloutOf());
    first.database.exec(`UPDATE rollout SET rest = ${rest.startsWith('json') ? rest : `'${rest}'`}`);
    const read = (await again()).rollouts.rollouts();
    await expect(read).rejects.toMatchObject({ code: 'database-damaged', message: expect.stringContaining(message) });
  });

  it('is told to be damaged by whatever reads or writes the damaged part', async () => {
    const path = join(await folder(), 'fota.db');
    const healthy = await opened(path);
    await healthy.catalogue.addProject(projectOf('p'));
    await healthy.catalogue.addRelease(releaseOf());
    const records = Array.from({ length: 2_000 }, (_, n) => recordOf({ id: `device ${n}` }));
    const log = records.map(() => entryOf());
    const access = records.map(({ project, id }) => ({ project, id, access: 'blocked' as const, at: 1 }));
    await healthy.devices.write({ records, access, log }, 'kill');
    healthy.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const schema = healthy.database.prepare('SELECT rootpage AS page FROM sqlite_schema WHERE rootpage > 1').all();
    const roots = schema.map((row) => (row as { readonly page: number }).page);
    healthy.close();
    const file = await open(path, 'r+');
    // Where each table and index begins, but not what tells of them.
    for (const page of roots) await file.write(Buffer.alloc(4_096, 0xa5), 0, 4_096, (page - 1) * 4_096);
    await file.close();

    const { catalogue, devices } = await opened(path);
    const damaged = { code: 'database-damaged' };
    await expect(catalogue.projects()).rejects.toMatchObject(damaged);
    await expect(catalogue.releases()).rejects.toMatchObject(damaged);
    await expect(devices.accesses()).rejects.toMatchObject(damaged);
    await expect(devices.list(NO_FILTER, EVERYTHING)).rejects.toMatchObject(damaged);
    await expect(devices.log(NO_FILTER, EVERYTHING)).rejects.toMatchObject(damaged);
    await expect(devices.write(groupOf({ records: [recordOf()] }), 'kill')).rejects.toMatchObject(damaged);
    expect(() => [...(devices.records() as Iterable<unknown>)]).toThrow(expect.objectContaining(damaged));
  });
});
