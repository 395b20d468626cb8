import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Slot } from '../core/boot-record.ts';
import type { FileSystem } from './update-file.ts';

/**
 * The slot that the launcher of this folder started: the one that this process was started in, else what it says of its last start, for
 * a process that looks after another one. `undefined` where it started nothing yet.
 */
export async function startedIn(root: string, files: Pick<FileSystem, 'readlink'>): Promise<Slot | undefined> {
  return ownSlot(root) ?? (await lastSlot(root, files));
}

async function lastSlot(root: string, files: Pick<FileSystem, 'readlink'>): Promise<Slot | undefined> {
  const to = await files.readlink(join(root, 'current')).catch((error: NodeJS.ErrnoException) => {
    // It is not there, or no link. Anything else might be an answer that was not heard.
    if (error.code !== 'ENOENT' && error.code !== 'EINVAL') throw error;
    return undefined;
  });
  return slotOf(to?.replace(/^slots\//, ''));
}

function ownSlot(root: string): Slot | undefined {
  const { FOTA_DIR: dir, FOTA_SLOT: slot } = process.env;
  if (dir === undefined || realPath(dir) !== realPath(root)) return undefined;
  return slotOf(slot);
}

function slotOf(text: string | undefined): Slot | undefined {
  return text === 'a' || text === 'b' ? text : undefined;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It is not there, and so nothing was started from it.
    return path;
  }
}
