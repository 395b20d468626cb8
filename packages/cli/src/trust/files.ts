/** The small files of trust: keys, key rings and signatures. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseSignature } from '@libfota2/protocol';
import { CommandError } from '../failure.ts';
import { reasonOf, shown } from './paths.ts';

/** Larger than any of them. */
const LARGEST = 16_384;

export interface WrittenFile {
  readonly path: string;
  readonly text: string;
  /** Nobody else may read it. */
  readonly isSecret?: boolean;
}

/** @throws CommandError `file-unreadable` */
export async function readSmall(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= LARGEST) return await readFile(path, 'utf8');
  } catch (error) {
    throw new CommandError('file-unreadable', `${shown(path)} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
  throw new CommandError('file-unreadable', `${shown(path)} is no key, key ring or signature: it is too large for one`);
}

/** The text of a small file that need not be there. */
export async function readIfThere(path: string): Promise<string | undefined> {
  const isThere = await stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  return isThere ? readSmall(path) : undefined;
}

/** Refuses before any work what would be refused at its end. @throws CommandError `file-exists` */
export async function refuseThere(paths: readonly string[], isForced: boolean): Promise<void> {
  if (isForced) return;
  for (const path of paths) if ((await stat(path).catch(() => undefined)) !== undefined) throw exists(path);
}

/**
 * Whether a signature is there that may be replaced; anything else that is there stays: `--out` may be a slip of the hand.
 * @throws CommandError `file-exists`
 */
export async function isSignatureThere(path: string): Promise<boolean> {
  const text = await readIfThere(path).catch(() => '');
  if (text === undefined) return false;
  try {
    parseSignature(text);
    return true;
  } catch {
    throw new CommandError('file-exists', `${shown(path)} is there already, and is no signature`);
  }
}

/**
 * Writes it so that it is there whole and durable, or not at all. `mayReplace`: what is there already goes.
 * @throws CommandError `file-exists`, `file-unwritable`
 */
export async function writeDurably({ path, text, isSecret = false }: WrittenFile, mayReplace: boolean): Promise<void> {
  // Nobody else's file has this name, nor does another one that is written now.
  const part = `${path}.${randomBytes(4).toString('hex')}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(part, 'wx', isSecret ? 0o600 : 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await (mayReplace ? rename(part, path) : appear(part, path));
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    if (error instanceof CommandError) throw error;
    throw new CommandError('file-unwritable', `${shown(path)} cannot be written: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** Never over a file that somebody makes meanwhile, where the disk has links. */
async function appear(part: string, path: string): Promise<void> {
  try {
    await link(part, path);
    await rm(part);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw exists(path);
    await refuseThere([path], false);
    await rename(part, path);
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

function exists(path: string): CommandError {
  return new CommandError('file-exists', `${shown(path)} is there already`);
}
