import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fixtures, KEY } from '../../../test/server.ts';
import type { CheckIn } from '../../ports.ts';
import { openDatabase } from './database.ts';
import { openSqliteStore } from './store.ts';

const { folder } = fixtures(onTestFinished);

async function opened(path?: string): Promise<Awaited<ReturnType<typeof openSqliteStore>>> {
  const store = await openSqliteStore(path ?? join(await folder(), 'fota.db'));
  onTestFinished(() => store.close());
  return store;
}

const release = {
  projectKey: KEY,
  firmwareName: 'app',
  version: '1.1.0',
  sha256: 'f'.repeat(64),
  size: 7,
  publishedAt: 5,
};
const device = { projectKey: KEY, firmwareName: 'app', id: '867', version: '1.0.0' };
const upgrade: CheckIn = { at: 9, device, registered: true, code: 0, rule: 'newer-release', release };

describe('the SQLite store', () => {
  it('keeps a version once, however it is spelt', async () => {
    const { catalogue } = await opened();
    await catalogue.addProject({ key: KEY, name: 'sample' }, 1);
    expect(await catalogue.addRelease(release)).toEqual(release);
    expect(await catalogue.addRelease({ ...release, version: '01.1', sha256: 'e'.repeat(64) })).toEqual(release);
    expect(await catalogue.releases()).toEqual([release]);
  });

  it('refuses a second project of the same name or key', async () => {
    const { catalogue } = await opened();
    await catalogue.addProject({ key: KEY, name: 'sample' }, 1);
    for (const twin of [
      { key: KEY, name: 'other' },
      { key: 'o'.repeat(32), name: 'sample' },
    ]) {
      await expect(catalogue.addProject(twin, 2)).rejects.toMatchObject({ code: 'project-exists' });
    }
    expect(await catalogue.projects()).toEqual([{ key: KEY, name: 'sample' }]);
  });

  it('remembers what a device was sent until it is sent something else', async () => {
    const { catalogue, devices } = await opened();
    await catalogue.addProject({ key: KEY, name: 'sample' }, 1);
    await catalogue.addRelease(release);
    expect(await devices.offered(device)).toBeUndefined();
    await devices.record(upgrade);
    const refused: CheckIn = { ...upgrade, at: 10, code: 27, rule: 'newest', release: undefined };
    await devices.record(refused);
    expect(await devices.offered(device)).toEqual(release);
    expect(await devices.offered({ ...device, id: 'other' })).toBeUndefined();
    expect(await devices.log(9)).toEqual([refused, upgrade]);
  });

  it('keeps the newest 100 000 rows of the log', async () => {
    const path = join(await folder(), 'fota.db');
    const { devices } = await opened(path);
    const database = await openDatabase(path, 0);
    onTestFinished(() => database.close());
    database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 101999)
      INSERT INTO upgrade_log (at, project_key, firmware_name, device_id, from_version, registered, code, rule)
      SELECT i, '', '', '', '', 0, 3, 'id-missing' FROM n`);
    await devices.record({ ...upgrade, registered: false, release: undefined });
    expect(database.prepare('SELECT count(*) AS rows, max(id) AS last FROM upgrade_log').get()).toMatchObject({
      rows: 100_000,
      last: 102_000,
    });
  });

  it('refuses what it does not know: a newer schema, or no database at all', async () => {
    const path = join(await folder(), 'fota.db');
    const database = await openDatabase(path, 0);
    database.exec('PRAGMA user_version = 99');
    database.close();
    await expect(openSqliteStore(path)).rejects.toMatchObject({ code: 'database-newer' });
    const other = join(await folder(), 'fota.db');
    await writeFile(other, 'no database '.repeat(100));
    await expect(openSqliteStore(other)).rejects.toMatchObject({ code: 'database-damaged' });
  });
});
