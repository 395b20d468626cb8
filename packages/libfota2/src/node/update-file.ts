import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Kept, Notebook, Target, Vault } from '../core.ts';
import { isForeign, newPartName } from './owner.ts';

/** The file system calls that are used, so that tests can let each of them fail. */
export type FileSystem = Pick<
  typeof fs,
  | 'copyFile'
  | 'lstat'
  | 'mkdir'
  | 'open'
  | 'readdir'
  | 'readFile'
  | 'readlink'
  | 'rename'
  | 'rm'
  | 'stat'
  | 'statfs'
  | 'symlink'
>;

const IMAGE = 'update.bin';
const NOTES = 'update.bin.notes';
const TRUST = ['update.bin.trust.0', 'update.bin.trust.1'] as const;
/** Left free beside the image, for the notes and for everybody else. */
const SPARE_BYTES = 64 * 1024;
const READ_BYTES = 256 * 1024;

/** `update.bin` in a folder, its notes in `update.bin.notes` beside it, and what it trusts in `update.bin.trust.0` and `.1`. */
export function updateFile(
  dir: string,
  files: FileSystem = fs,
): { readonly target: Target; readonly notebook: Notebook; readonly vault: Vault } {
  const image = join(resolve(dir), IMAGE);
  return { target: fileTarget(image, files), ...besides(image, files) };
}

/** The notes and the vault beside a place for images. */
export function besides(image: string, files: FileSystem): { readonly notebook: Notebook; readonly vault: Vault } {
  const notebook = (name: string): Notebook => fileNotebook(join(dirname(image), name), image, files);
  const notes = notebook(NOTES);
  return {
    // Notes that cannot be read cost a download from the start, and are no reason to go without an upgrade.
    notebook: { ...notes, load: () => notes.load().catch(() => undefined) },
    vault: [notebook(TRUST[0]), notebook(TRUST[1])],
  };
}

interface Part {
  readonly path: string;
  readonly file: fs.FileHandle;
}

/** What becomes of a file that holds a whole image. */
export interface Settling {
  /** Bytes of the image that shows at the place. */
  size(): Promise<number | undefined>;
  /** Throws where no image could be settled now. */
  check(): Promise<void>;
  /** Bytes that it takes to settle an image of so many, beside the image itself. Default: none. */
  room?(size: number): Promise<number>;
  /** The file is whole and durable: what can be done before anything shows. `sha256` is its own, where it is known already. */
  prepare(path: string, sha256: string | undefined): Promise<void>;
  /** Shows the image, durably and at once, and resolves to its address. The file at `path` may be gone then. */
  show(path: string): Promise<string>;
  /** What was prepared will not show. Default: nothing is to be done then. */
  leave?(): Promise<void>;
}

/** The file becomes the one at the place. */
function asFile(place: string, files: FileSystem): Settling {
  return {
    size: async () => (await files.stat(place).catch(() => undefined))?.size,
    async check() {
      const stat = await files.stat(place).catch(() => undefined);
      // Otherwise only the last rename would find out, after the whole download.
      if (stat?.isDirectory()) throw new Error(`${place} is a folder`);
    },
    async prepare() {},
    async show(path) {
      await renameDurably(files, path, place);
      return place;
    },
  };
}

/**
 * A target whose bytes come in a file, which is settled only once it holds a whole image; by default it replaces the one at the place.
 *
 * The bytes come in `update.bin.<owner>.part`. The name tells the process that made it, so that nobody removes a part
 * of a process that lives; going on with one begins with a copy, so that each part has one writer for ever.
 */
export function fileTarget(place: string, files: FileSystem, settling: Settling = asFile(place, files)): Target {
  const folder = dirname(place);
  let part: Part | undefined;
  let written = 0;

  const opened = (): Part => {
    if (part === undefined) throw new Error('init must come first');
    return part;
  };
  const letGo = (): Part | undefined => {
    const current = part;
    part = undefined;
    return current;
  };
  /** The path of what was kept; nobody's word leads out of the folder. */
  const pathOf = (kept: Kept): string => join(folder, basename(kept.token));

  /**
   * Copies what was kept: its maker may live and write on, in a thread or a container that no process number tells of,
   * and no two writers may ever share a file. The bytes that were kept, or 0.
   */
  const takeOver = async (kept: Kept, path: string): Promise<number> => {
    try {
      await files.copyFile(pathOf(kept), path, constants.COPYFILE_FICLONE);
      return (await files.stat(path)).size >= kept.bytes ? kept.bytes : 0;
    } catch {
      return 0;
    }
  };

  const finish = async (ok: boolean): Promise<string> => {
    if (ok) {
      const { file, path } = opened();
      await file.close();
      const address = await settling.show(path);
      part = undefined;
      return address;
    }
    const { file, path } = letGo() ?? {};
    await file?.close().catch(() => undefined);
    await settling.leave?.();
    if (path !== undefined) await files.rm(path, { force: true });
    return place;
  };

  return {
    place,
    finish,
    size: settling.size,
    async init(size, kept) {
      await files.mkdir(folder, { recursive: true });
      await settling.check();
      await removeOrphans(place, files, kept);
      const path = newPartName(place);
      try {
        written = kept === undefined ? 0 : await takeOver(kept, path);
        part = { path, file: await files.open(path, written === 0 ? 'w+' : 'r+') };
        const beside = size === undefined ? 0 : await settling.room?.(size);
        await checkSpace(folder, (size ?? 0) - written + (beside ?? 0), files);
        // What lies beyond the last mark was never promised to be there.
        await part.file.truncate(written);
      } catch (error) {
        await finish(false);
        await files.rm(path, { force: true }).catch(() => undefined);
        throw error;
      }
      return written;
    },
    async wait() {},
    async *read(bytes) {
      for (let position = 0; position < bytes; ) {
        const length = Math.min(READ_BYTES, bytes - position);
        const { bytesRead, buffer } = await opened().file.read(new Uint8Array(length), 0, length, position);
        if (bytesRead === 0) return;
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    },
    async write(bytes) {
      for (let sent = 0; sent < bytes.length; ) {
        const { bytesWritten } = await opened().file.write(bytes, sent, bytes.length - sent, written);
        sent += bytesWritten;
        written += bytesWritten;
      }
    },
    async mark() {
      const { file, path } = opened();
      await file.datasync();
      return { token: basename(path), bytes: written };
    },
    async done(sha256) {
      const { file, path } = opened();
      await file.sync();
      await settling.prepare(path, sha256);
    },
    async forget(kept) {
      if (!isForeign(kept.token)) await files.rm(pathOf(kept), { force: true });
    },
    async suspend() {
      await letGo()?.file.close();
      await settling.leave?.();
    },
  };
}

/**
 * Removes what nobody will go on with beside a place, for each part may be as large as an image. What cannot go is in nobody's way.
 */
export async function removeOrphans(place: string, files: FileSystem, kept?: Kept | undefined): Promise<void> {
  const folder = dirname(place);
  for (const name of await files.readdir(folder)) {
    const isPart = name.startsWith(`${basename(place)}.`) && name.endsWith('.part') && name !== kept?.token;
    if (isPart && !isForeign(name)) await files.rm(join(folder, name), { force: true }).catch(() => undefined);
  }
}

/** @throws Error of code `ENOSPC` where so many bytes, and some to spare, have no room in a folder */
export async function checkSpace(folder: string, wanted: number, files: FileSystem): Promise<void> {
  const { bavail, blocks, bsize } = await files.statfs(folder);
  const needed = wanted + SPARE_BYTES;
  // Some file systems do not count at all.
  if (blocks === 0 || needed <= bavail * bsize) return;
  throw Object.assign(new Error(`${bavail * bsize} bytes free, ${needed} needed`), { code: 'ENOSPC' });
}

/** Bytes of all files below a folder; 0 where it is not there. Links count nothing: what they lead to lies elsewhere, or is here already. */
export async function bytesBelow(folder: string, files: FileSystem): Promise<number> {
  let bytes = 0;
  for (const name of await files.readdir(folder).catch((): string[] => [])) {
    const path = join(folder, name);
    const stat = await files.lstat(path).catch(() => undefined);
    if (stat?.isDirectory()) bytes += await bytesBelow(path, files);
    else if (stat?.isFile()) bytes += stat.size;
  }
  return bytes;
}

/** One small text near the image, replaced as a whole or not at all. */
export function fileNotebook(path: string, image: string, files: FileSystem): Notebook {
  return {
    load: () =>
      files.readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      }),
    async save(text) {
      await files.mkdir(dirname(path), { recursive: true });
      // Named as a part, so that one left by a power cut is cleared away with the others.
      const next = newPartName(image);
      const file = await files.open(next, 'wx');
      try {
        await file.writeFile(text);
        await file.sync();
        await file.close();
        await renameDurably(files, next, path);
      } catch (error) {
        await file.close().catch(() => undefined);
        await files.rm(next, { force: true });
        throw error;
      }
    },
  };
}

/**
 * A rename lasts only once its folder is on the disk too. From the rename on nothing counts as failed: the new file is
 * there, and saying otherwise would be wrong. Windows cannot sync a folder and needs it not.
 */
async function renameDurably(files: FileSystem, from: string, to: string): Promise<void> {
  const folder = process.platform === 'win32' ? undefined : await files.open(dirname(to), 'r');
  try {
    await files.rename(from, to);
    await folder?.sync().catch(() => undefined);
  } finally {
    await folder?.close().catch(() => undefined);
  }
}
