import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { tool } from '@libfota2/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { asks, exchange } from '../test/raw.ts';
import { fixtures, image, publish, target } from '../test/server.ts';
import { firstRing, ringText } from '../test/trust.ts';
import { type FotaServer, restoreBackup, verifyBackup } from './index.ts';

const { folder, publishing, started } = fixtures(onTestFinished);
const tar = tool('tar', 'apt-get install tar');

interface Taken {
  readonly status: number | undefined;
  readonly bytes: Buffer;
}

/** Asks for a backup over the local socket. */
async function backedUp({ socket }: FotaServer): Promise<Taken> {
  const question = request({ socketPath: socket, method: 'POST', path: '/api/v1/backup', agent: false });
  question.end();
  const [answer] = await once(question, 'response');
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part);
  return { status: answer.statusCode, bytes: Buffer.concat(parts) };
}

async function saved(server: FotaServer): Promise<string> {
  const file = join(await folder(), 'backup.tar');
  await writeFile(file, (await backedUp(server)).bytes);
  return file;
}

describe('a backup', () => {
  it('is made while devices are answered, and a server on it knows all that was known when it began', async () => {
    const server = await publishing({ '1.1.0': image(), '1.2.0': image() });
    for (let id = 0; id < 20; id += 1) await exchange(server.port, asks(target('1.0.0', `before-${id}`)));
    const trusted = await server.operator.setKeyRing('sample', { text: ringText(firstRing('sample')) });
    let isDone = false;
    let answered = 0;
    const devices = (async () => {
      while (!isDone) {
        const { status } = await exchange(server.port, asks(target('1.0.0', `during-${answered}`)));
        expect(status).toBe(200);
        answered += 1;
      }
    })();
    const file = await saved(server);
    isDone = true;
    await devices;
    expect(answered).toBeGreaterThan(0);

    const dataDir = join(await folder(), 'restored');
    const manifest = await restoreBackup(file, dataDir);
    expect(manifest).toMatchObject({ format: 'fota-backup', schema: 3, missing: [] });
    expect(manifest.files).toHaveLength(3);
    if (process.platform !== 'win32') {
      expect((await stat(join(dataDir, 'fota.db'))).mode & 0o777).toBe(0o600);
      expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    }
    const again = await started({ dataDir });
    expect(again.operator.counts()).toMatchObject({ projects: 1, releases: 2 });
    expect(again.operator.keyRing('sample')).toEqual(trusted);
    const question = { project: 'sample', firmwareName: undefined, version: undefined };
    for (let id = 0; id < 20; id += 1) {
      const { circumstances } = again.operator.explain({ ...question, id: `before-${id}` });
      expect(circumstances.known?.deliveries).toMatchObject({ count: 1 });
    }
    const { status, body } = await exchange(again.port, asks(target('1.0.0', 'new')));
    expect([status, body.length]).toEqual([200, 60_000]);
  });

  it.skipIf(tar === undefined)('is a tar that tar reads', async () => {
    const server = await publishing({ '1.1.0': image() });
    const { stdout } = spawnSync(tar ?? '', ['-tvf', await saved(server)], { encoding: 'utf8' });
    expect(stdout).toMatch(
      /^-rw------- .* manifest\.json\n-rw------- .* fota\.db\n-rw------- .* packages\/[0-9a-f]{64}\n$/,
    );
  });

  it('names the packages that are damaged, and holds the others', async () => {
    const server = await publishing({ '1.1.0': image(), '1.2.0': image() });
    const [first = '', second = ''] = await readdir(join(server.dataDir, 'packages'));
    await writeFile(join(server.dataDir, 'packages', first), 'spoilt');
    const manifest = await verifyBackup(await saved(server));
    expect(manifest.missing).toEqual([first]);
    expect(manifest.files.map(({ path }) => path)).toEqual(['fota.db', `packages/${second}`]);
  });

  it('is made one at a time, and leaves nothing in the data folder', async () => {
    const server = await publishing({ '1.1.0': image() });
    const statuses = (await Promise.all([backedUp(server), backedUp(server)])).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 409]);
    expect((await backedUp(server)).status).toBe(200);
    await expect
      .poll(async () => (await readdir(server.dataDir)).filter((name) => name.includes('snapshot')))
      .toEqual([]);
  });

  it('whose client leaves is given up, and the next may be made', async () => {
    const server = await publishing({ '1.1.0': image(5_000_000) });
    const question = request({ socketPath: server.socket, method: 'POST', path: '/api/v1/backup', agent: false });
    question.on('error', () => undefined);
    question.end();
    const [answer] = await once(question, 'response');
    answer.destroy();
    await expect.poll(async () => (await backedUp(server)).status).toBe(200);
  });

  it('that was cut, changed or never was one is found out, and nothing comes of it', async () => {
    const server = await publishing({ '1.1.0': image(20_000) });
    const file = await saved(server);
    const whole = await readFile(file);
    const { files } = await verifyBackup(file);
    expect(files).toHaveLength(2);
    const spoilt = async (bytes: Uint8Array): Promise<void> => {
      await writeFile(file, bytes);
      await expect(verifyBackup(file)).rejects.toMatchObject({ code: 'backup-invalid' });
      const dataDir = await folder();
      await expect(restoreBackup(file, dataDir)).rejects.toMatchObject({ code: 'backup-invalid' });
      expect((await readdir(dataDir)).filter((name) => !name.startsWith('lock.db'))).toEqual([]);
    };
    for (const at of [0.001, 0.1, 0.5, 0.9]) await spoilt(whole.subarray(0, Math.floor(whole.length * at)));
    for (const at of [30, 600, 20_000, whole.length - 2_000]) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await spoilt(changed);
    }
    await spoilt(Buffer.from('no backup'));
    await truncate(file, 0);
    await expect(verifyBackup(file)).rejects.toMatchObject({ code: 'backup-invalid' });
    await rm(file);
    await expect(verifyBackup(file)).rejects.toMatchObject({ code: 'backup-unreadable' });
  });

  it('is never restored over anything', async () => {
    const server = await publishing({ '1.1.0': image() });
    const file = await saved(server);
    await expect(restoreBackup(file, server.dataDir)).rejects.toMatchObject({ code: 'data-dir-not-empty' });
    const other = await folder();
    await writeFile(join(other, 'mine'), '');
    await expect(restoreBackup(file, other)).rejects.toMatchObject({ code: 'data-dir-not-empty' });
    expect(await readdir(other)).toEqual(['mine']);
    expect((await exchange(server.port, asks(target()))).status).toBe(200);
  });

  it('whose restoring was killed lets no server start, and is restored anew', async () => {
    const server = await publishing({ '1.1.0': image() });
    const file = await saved(server);
    const dataDir = await folder();
    await mkdir(join(dataDir, '.restoring', 'packages'), { recursive: true });
    await mkdir(join(dataDir, 'packages'));
    await writeFile(join(dataDir, 'packages', 'half'), 'half');
    await expect(started({ dataDir })).rejects.toMatchObject({ code: 'restore-unfinished' });
    await restoreBackup(file, dataDir);
    expect((await started({ dataDir })).operator.counts()).toMatchObject({ releases: 1 });
    expect(await readdir(join(dataDir, 'packages'))).toHaveLength(1);
  });

  it('of a release that is published meanwhile has its package, or not the release', async () => {
    const server = await publishing({ '1.1.0': image() });
    const [file] = await Promise.all([saved(server), publish(server, '1.2.0', image())]);
    const { files } = await verifyBackup(file);
    const dataDir = join(await folder(), 'restored');
    await restoreBackup(file, dataDir);
    expect((await started({ dataDir })).operator.counts().releases).toBe(files.length - 1);
  });
});
