/** Backups without a server: checking one, and making a data folder of it. */
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readArchive } from './adapters/disk/archive.ts';
import { translate } from './adapters/disk/errors.ts';
import { makeFolder } from './adapters/disk/folder.ts';
import { syncFolder } from './adapters/disk/packages.ts';
import { makePrivate } from './adapters/disk/private.ts';
import { checkDatabase } from './adapters/sqlite/copy.ts';
import { lockFolder } from './adapters/sqlite/lock.ts';
import { SCHEMA } from './adapters/sqlite/schema.ts';
import { type BackupManifest, DATABASE_PATH } from './domain/backup.ts';
import { FotaServerError } from './domain/errors.ts';

/** While it is there, the folder is not whole: see `restoreBackup`. */
export const UNFINISHED = '.restoring';

const LOCK = 'lock.db';

type Progress = (done: number, total: number) => void;

/**
 * Reads all of a backup: that it is what its manifest says, and that its database is sound and of a schema that this program
 * knows.
 * @throws FotaServerError `backup-unreadable`, `backup-invalid`, `database-damaged`, `database-newer`, `disk-full`
 */
export async function verifyBackup(path: string, onProgress: Progress = () => undefined): Promise<BackupManifest> {
  const room = await mkdtemp(join(tmpdir(), 'fota-verify-')).catch((error) => {
    throw translate(tmpdir(), error);
  });
  try {
    return await unpacked(path, (name) => (name === DATABASE_PATH ? join(room, name) : undefined), room, onProgress);
  } finally {
    await rm(room, { recursive: true, force: true });
  }
}

/**
 * Makes a data folder of a backup. All of it is checked before any of it is visible; until the last step a server refuses
 * the folder, and what an earlier try has left is taken away. Never writes over anything.
 * @throws FotaServerError `backup-unreadable`, `backup-invalid`, `data-dir-not-empty`, `data-dir-locked`,
 *   `data-dir-unusable`, `disk-full`, `database-damaged`, `database-newer`
 */
export async function restoreBackup(
  path: string,
  dataDir: string,
  onProgress: Progress = () => undefined,
): Promise<BackupManifest> {
  const folder = resolve(dataDir);
  await access(path).catch((error: Error) => {
    throw new FotaServerError('backup-unreadable', `${path}: ${error.message}`, error);
  });
  await makeFolder(folder);
  await refuseContent(folder);
  const locked = join(folder, LOCK);
  await makePrivate(locked);
  const lock = await lockFolder(locked);
  try {
    // Somebody else may have been faster.
    await refuseContent(folder);
    await clear(folder);
    const room = join(folder, UNFINISHED);
    await mkdir(join(room, 'packages'), { recursive: true, mode: 0o700 });
    await syncFolder(folder);
    try {
      const manifest = await unpacked(path, (name) => join(room, name), room, onProgress);
      await syncFolder(join(room, 'packages'));
      for (const name of ['packages', DATABASE_PATH]) await rename(join(room, name), join(folder, name));
      await syncFolder(folder);
      await rm(room, { recursive: true });
      await syncFolder(folder);
      return manifest;
    } catch (error) {
      // What cannot be taken away now keeps its mark, and is taken away by the next try.
      await clear(folder).catch(() => undefined);
      throw error;
    }
  } catch (error) {
    throw translate(folder, error);
  } finally {
    lock.close();
  }
}

/** Takes away what an unfinished restoring left, its mark last. */
async function clear(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter(isContent)) {
    if (name !== UNFINISHED) await rm(join(folder, name), { recursive: true });
  }
  await rm(join(folder, UNFINISHED), { recursive: true, force: true });
}

function isContent(name: string): boolean {
  return name !== LOCK && !name.startsWith(`${LOCK}-`);
}

/** A folder may hold a lock, and what an unfinished restoring left: that began in an empty folder. */
async function refuseContent(folder: string): Promise<void> {
  const names = await readdir(folder);
  const strangers = names.filter(isContent);
  if (strangers.length === 0 || strangers.includes(UNFINISHED)) return;
  throw new FotaServerError(
    'data-dir-not-empty',
    `${folder} is not empty: it holds ${strangers.slice(0, 3).join(', ')}`,
  );
}

async function unpacked(
  path: string,
  keep: (name: string) => string | undefined,
  room: string,
  onProgress: Progress,
): Promise<BackupManifest> {
  const manifest = await readArchive(path, { keep: (file) => keep(file.path), onProgress });
  const schema = await checkDatabase(join(room, DATABASE_PATH));
  if (schema > SCHEMA) {
    throw new FotaServerError('database-newer', `${path} has schema ${schema}, this program knows ${SCHEMA}`);
  }
  return manifest;
}
