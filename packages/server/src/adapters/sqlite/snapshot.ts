import { createReadStream } from 'node:fs';
import { open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { FotaServerError } from '../../domain/errors.ts';
import type { Snapshot, Snapshots } from '../../ports/backup.ts';
import { isBuiltIn, translate } from './database.ts';

/** From `src/adapters/sqlite` and from `dist/adapters/sqlite` alike. */
const WORKER = new URL('../../../workers/snapshot.mjs', import.meta.url);
const NAME = '.snapshot.db';
/** Bytes that a snapshot leaves free: devices must not find a full disk because somebody makes a backup. */
const LEFT_FREE = 64 * 1024 ** 2;

type Told = Omit<Snapshot, 'read' | 'remove'> | { readonly error: { readonly message: string } };

/** Snapshots of the database at `path`, which lie beside it for as long as they are read. One at a time. */
export async function openSnapshots(path: string): Promise<Snapshots> {
  const file = join(dirname(path), NAME);
  const remove = async (): Promise<void> => {
    for (const name of await readdir(dirname(path)))
      if (name.startsWith(NAME)) await rm(join(dirname(path), name), { force: true });
  };
  // What a server that was killed has left.
  await remove();
  return {
    async take() {
      try {
        await checkSpace(path);
        await remove();
        // SQLite writes into a file that is empty, and would make one that others can read.
        await (await open(file, 'wx', 0o600)).close();
        const told = await copied(path, file);
        if ('error' in told) throw Object.assign(new Error(told.error.message), told.error);
        return { ...told, read: () => createReadStream(file, { highWaterMark: 1 << 18 }), remove };
      } catch (error) {
        await remove().catch(() => undefined);
        throw translate(file, error);
      }
    },
  };
}

async function checkSpace(path: string): Promise<void> {
  const sizes = await Promise.all(['', '-wal'].map((end) => stat(path + end).catch(() => undefined)));
  const needed = sizes.reduce((sum, found) => sum + (found?.size ?? 0), LEFT_FREE);
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize >= needed) return;
  const detail = `a backup copies the database first, which takes ${needed} bytes; ${bavail * bsize} are free`;
  throw new FotaServerError('disk-full', detail);
}

async function copied(from: string, to: string): Promise<Told> {
  const worker = new Worker(WORKER, { workerData: { from, to, isBuiltIn: isBuiltIn() } });
  try {
    return await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the thread that copies the database has ended')));
    });
  } finally {
    await worker.terminate();
  }
}
