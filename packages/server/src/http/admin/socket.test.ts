import { mkdir, readdir, stat, symlink } from 'node:fs/promises';
import { createServer, get, type Server } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import { listenLocally } from './socket.ts';

const folder = folders(onTestFinished);

function server(): Server {
  const made = createServer((_request, response) => response.end('here'));
  onTestFinished(() => new Promise((resolve) => made.close(() => resolve())));
  return made;
}

function statusAt(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path: '/', agent: false }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode));
    }).once('error', reject);
  });
}

/** The rights of a path as `chmod` takes them. */
async function rights(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

describe.skipIf(process.platform === 'win32')('the local socket', () => {
  it('is only its user’s, leaves nothing beside it, and goes with the server', async () => {
    const dir = await folder();
    const listening = server();
    const { path, remove } = await listenLocally(listening, dir);
    expect(path).toBe(join(dir, 'admin.sock'));
    expect(await rights(path)).toBe('600');
    expect(await readdir(dir)).toEqual(['admin.sock']);
    expect(await statusAt(path)).toBe(200);
    await new Promise((resolve) => listening.close(resolve));
    await remove();
    expect(await readdir(dir)).toEqual([]);
  });

  it('takes the place of one that a killed server left', async () => {
    const dir = await folder();
    const stale = createSocketServer();
    await new Promise<void>((resolve) => stale.listen(join(dir, 'left.sock'), resolve));
    await symlink('left.sock', join(dir, 'admin.sock'));
    onTestFinished(() => new Promise((resolve) => stale.close(() => resolve())));
    const { path } = await listenLocally(server(), dir);
    expect(await statusAt(path)).toBe(200);
  });

  it('lies in a private folder elsewhere where the path is too long for a socket', async () => {
    const dir = join(await folder(), 'long '.repeat(20));
    await mkdir(dir);
    const { path, remove } = await listenLocally(server(), dir);
    expect(dirname(path)).not.toBe(dir);
    expect(await rights(dirname(path))).toBe('700');
    expect(await rights(path)).toBe('600');
    expect(await statusAt(path)).toBe(200);
    expect(await readdir(dir)).toEqual([]);
    await remove();
    await expect(stat(dirname(path))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
