import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { translate } from './errors.ts';

/**
 * Makes the folder of an absolute path, and those above it, for this user alone. One by one: Node's `recursive` never comes
 * back where the system lets nobody make any, such as below /proc.
 * @throws FotaServerError `data-dir-unusable`, `disk-full`
 */
export async function makeFolder(path: string): Promise<void> {
  const parent = dirname(path);
  if (await isFolder(path)) return;
  if (parent !== path) await makeFolder(parent);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    // Somebody was faster.
    if (!(await isFolder(path))) throw translate(path, error);
  }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}
