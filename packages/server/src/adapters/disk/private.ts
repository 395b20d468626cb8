import { chmod, open, stat } from 'node:fs/promises';
import { translate } from './errors.ts';

/**
 * Makes an empty file that nobody else can open, whatever its folder lets others do: who can only read a database may
 * lock it as well. One that is there already is never opened, which could end a lock on it; it is closed to others.
 * @throws FotaServerError `data-dir-unusable`, `disk-full`
 */
export async function makePrivate(path: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw translate(path, error);
    await closeToOthers(path);
  }
}

/** Takes a file or folder, if it is there and this user's, out of reach of all others. */
export async function closeToOthers(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || (found.mode & 0o077) === 0 || found.uid !== process.getuid?.()) return;
  // Where a file system knows no rights, there are none to be taken.
  await chmod(path, found.mode & 0o700).catch(() => undefined);
}
