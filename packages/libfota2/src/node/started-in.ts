import { realpathSync } from 'node:fs';
import type { Slot } from '../core/boot-record.ts';

/** The slot in which the launcher of this folder started this process; `undefined` where it was started otherwise. */
export function startedIn(root: string): Slot | undefined {
  const { FOTA_DIR: dir, FOTA_SLOT: slot } = process.env;
  if (dir === undefined || realPath(dir) !== realPath(root)) return undefined;
  return slot === 'a' || slot === 'b' ? slot : undefined;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It is not there, and so nothing was started from it.
    return path;
  }
}
