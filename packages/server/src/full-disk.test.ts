/** What is made of the data folder, and in it, on a disk that gets full in the midst of it. */
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { smallDisks } from '@libfota2/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { asks, exchange } from '../test/raw.ts';
import { fixtures, image, target } from '../test/server.ts';
import { checkDatabase } from './adapters/sqlite/copy.ts';
import { openDatabase } from './adapters/sqlite/database.ts';
import { type FotaServer, restoreBackup, verifyBackup } from './index.ts';

const { folder, publishing, started } = fixtures(onTestFinished);
const MIB = 1024 ** 2;
/** What a disk has in the first try of a sweep, and so much more in each one after it. */
const STEP = 16 * 1024;
const onProblem = (): void => undefined;
const disks = smallDisks();

function diskOf(bytes: number): ReturnType<NonNullable<typeof disks>> {
  if (disks === undefined) throw new Error('this test should have been skipped');
  const disk = disks(bytes);
  onTestFinished(disk.remove);
  return disk;
}

async function backedUp({ socket }: FotaServer): Promise<{ readonly status?: number; readonly bytes: Buffer }> {
  const question = request({ socketPath: socket, method: 'POST', path: '/api/v1/backup', agent: false });
  question.end();
  const [answer] = await once(question, 'response');
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part);
  return { status: answer.statusCode, bytes: Buffer.concat(parts) };
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

describe.skipIf(disks === undefined)('a disk that gets full', { timeout: 120_000 }, () => {
  it('while the database is copied for a backup ends that backup alone; once there is room it is made', async () => {
    const disk = diskOf(400 * MIB);
    const dataDir = join(disk.path, 'data');
    const server = await publishing({ '1.1.0': image() }, { dataDir, onProblem });
    const asked = async (): Promise<number> => (await exchange(server.port, asks(target('1.0.0', 'a')))).status;
    expect(await asked()).toBe(200);
    const ballast = await openDatabase(join(dataDir, 'fota.db'), 5_000);
    // Many small rows: copying them takes its time.
    ballast.exec(`CREATE TABLE ballast AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000)
      SELECT randomblob(60) AS bytes FROM n; CREATE INDEX by_bytes ON ballast (bytes); PRAGMA wal_checkpoint(TRUNCATE)`);
    ballast.close();
    const lies = async (): Promise<string[]> => (await readdir(dataDir)).toSorted();
    const before = await lies();

    // Seen beforehand, it is told beforehand.
    disk.fill(100 * MIB);
    const refused = await backedUp(server);
    expect([refused.status, JSON.parse(`${refused.bytes}`).code]).toEqual([507, 'disk-full']);
    expect(`${refused.bytes}`).toContain('a backup copies the database first');
    disk.empty();

    // There is room when it begins, and none when it goes on.
    disk.fill(140 * MIB);
    const taken = backedUp(server);
    await expect.poll(() => sizeOf(join(dataDir, '.snapshot.db')), { interval: 1, timeout: 20_000 }).toBeGreaterThan(0);
    disk.fill();
    const { status, bytes } = await taken;
    expect([status, JSON.parse(`${bytes}`).code]).toEqual([507, 'disk-full']);
    expect(`${bytes}`).not.toContain('a backup copies the database first');
    expect(await lies()).toEqual(before);
    expect(await asked()).toBe(200);

    disk.empty();
    const whole = await backedUp(server);
    expect(whole.status).toBe(200);
    const file = join(await folder(), 'backup.tar');
    await writeFile(file, whole.bytes);
    expect(await verifyBackup(file)).toMatchObject({ missing: [] });
    expect(await asked()).toBe(200);
  });

  it('anywhere in a restoring leaves the folder empty and the backup whole; once there is room it is restored', async () => {
    const server = await publishing({ '1.1.0': image(), '1.2.0': image(90_000), '1.3.0': image(120_000) });
    await exchange(server.port, asks(target('1.0.0', 'a')));
    const file = join(await folder(), 'backup.tar');
    const { bytes } = await backedUp(server);
    await writeFile(file, bytes);

    const disk = diskOf(8 * MIB);
    const dataDir = join(disk.path, 'data');
    const seen = new Set<string>();
    let tries = 0;
    for (let isDone = false; !isDone; tries += 1) {
      disk.empty();
      disk.fill(tries * STEP);
      let last = 'nothing';
      const problem = await restoreBackup(file, dataDir, () => {
        last = 'something';
      }).catch((error: unknown) => error);
      isDone = !(problem instanceof Error);
      if (isDone) continue;
      seen.add(last);
      expect(problem).toMatchObject({ name: 'FotaServerError', code: 'disk-full' });
      const left = await readdir(dataDir).catch(() => []);
      expect(left.filter((name) => !name.startsWith('lock.db'))).toEqual([]);
    }
    expect([...seen].toSorted()).toEqual(['nothing', 'something']);
    expect(tries).toBeGreaterThan(20);
    expect((await readFile(file)).equals(bytes)).toBe(true);

    disk.empty();
    const again = await started({ dataDir });
    expect(again.operator.counts()).toMatchObject({ projects: 1, releases: 3 });
    const question = { project: 'sample', firmwareName: undefined, version: undefined, id: 'a' };
    expect(again.operator.explain(question).circumstances.known?.deliveries).toMatchObject({ count: 1 });
    const { status, body } = await exchange(again.port, asks(target('1.0.0', 'b')));
    expect([status, body.length]).toEqual([200, 120_000]);
  });

  it('anywhere in an update keeps the database as it was, starts no server, and lets it start once there is room', async () => {
    const disk = diskOf(16 * MIB);
    const dataDir = join(disk.path, 'data');
    await mkdir(dataDir);
    const path = join(dataDir, 'fota.db');
    const old = await openDatabase(path, 0);
    old.exec(await readFile(new URL('../test/databases/schema-2.sql', import.meta.url), 'utf8'));
    const contents = old.prepare('SELECT * FROM upgrade_log').all();
    old.close();
    expect(contents).not.toEqual([]);

    let tries = 0;
    const copies = async (): Promise<string[]> => (await readdir(dataDir)).filter((name) => /\.bak|\.part/.test(name));
    const seen = new Set<string>();
    for (let isDone = false; !isDone; tries += 1) {
      disk.fill(tries * STEP);
      const problem = await started({ dataDir, onProblem }).catch((error: unknown) => error);
      disk.empty();
      isDone = !(problem instanceof Error);
      if (isDone) continue;
      expect(problem).toMatchObject({ name: 'FotaServerError', code: 'disk-full' });
      const now = await openDatabase(path, 0);
      const { user_version: schema } = now.prepare('PRAGMA user_version').get() as { readonly user_version: number };
      // What opens the database after its form has changed may find no room as well; then it is whole in its new form.
      if (schema === 2) expect(now.prepare('SELECT * FROM upgrade_log').all()).toEqual(contents);
      seen.add(`schema ${schema}, ${(await copies()).length > 0 ? 'copied' : 'no copy'}`);
      now.close();
      expect([2, 3]).toContain(await checkDatabase(path));
      for (const copy of await copies())
        expect([copy.endsWith('.bak'), await checkDatabase(join(dataDir, copy))]).toEqual([true, 2]);
    }
    expect(seen).toContain('schema 2, no copy');
    expect(seen).toContain('schema 2, copied');
    expect((await copies()).length).toBeGreaterThan(0);
  });
});
