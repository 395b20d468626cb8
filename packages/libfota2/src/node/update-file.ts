import * as fs from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Kept, Notebook, Target } from '../core.ts';
import { isInUse, newPartName } from './owner.ts';

/** The file system calls that are used, so that tests can let each of them fail. */
export type FileSystem = Pick<
  typeof fs,
  'mkdir' | 'open' | 'readdir' | 'readFile' | 'rename' | 'rm' | 'stat' | 'statfs'
>;

const IMAGE = 'update.bin';
const NOTES = 'update.bin.notes';
/** Left free beside the image, for the notes and for everybody else. */
const SPARE_BYTES = 64 * 1024;
const READ_BYTES = 256 * 1024;

/** `update.bin` in a folder, and its notes in `update.bin.notes` beside it. */
export function updateFile(
  dir: string,
  files: FileSystem = fs,
): { readonly target: Target; readonly notebook: Notebook } {
  const image = join(resolve(dir), IMAGE);
  return { target: fileTarget(image, files), notebook: fileNotebook(join(resolve(dir), NOTES), image, files) };
}

interface Part {
  readonly path: string;
  readonly file: fs.FileHandle;
}

/**
 * The default target: a file that is replaced only by a whole image, durably.
 *
 * The bytes come in `update.bin.<owner>.part`. The name tells the process that made it, so that nobody takes a part
 * from a process that lives; taking one over is a rename, which only one can win.
 */
function fileTarget(place: string, files: FileSystem): Target {
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
  /** The path of a part that is not in another process' hands; whoever hands us anything else gets nothing. */
  const free = (kept: Kept): string | undefined => {
    const name = basename(kept.token);
    return name === kept.token && !isInUse(name, 'elsewhere') ? join(folder, name) : undefined;
  };

  /** Renames what an earlier call left to a name of ours; 0 where it is gone, short or in another process' hands. */
  const takeOver = async (kept: Kept, path: string): Promise<number> => {
    try {
      await files.rename(free(kept) ?? '', path);
      if ((await files.stat(path)).size >= kept.bytes) return kept.bytes;
      await files.rm(path);
    } catch {
      // Gone: start over.
    }
    return 0;
  };

  /** Removes parts that no living process owns: each may be as large as an image. */
  const removeOrphans = async (): Promise<void> => {
    for (const name of await files.readdir(folder)) {
      const isPart = name.startsWith(`${basename(place)}.`) && name.endsWith('.part');
      if (isPart && !isInUse(name, 'anywhere')) await files.rm(join(folder, name), { force: true });
    }
  };

  const checkSpace = async (wanted: number): Promise<void> => {
    const { bavail, blocks, bsize } = await files.statfs(folder);
    // Some file systems do not count at all.
    if (blocks === 0 || wanted <= bavail * bsize) return;
    throw Object.assign(new Error(`${bavail * bsize} bytes free, ${wanted} needed`), { code: 'ENOSPC' });
  };

  const finish = async (ok: boolean): Promise<string> => {
    if (ok) {
      const { file, path } = opened();
      await file.close();
      await renameDurably(files, path, place);
      part = undefined;
    } else {
      const { file, path } = letGo() ?? {};
      await file?.close().catch(() => undefined);
      if (path !== undefined) await files.rm(path, { force: true });
    }
    return place;
  };

  return {
    place,
    finish,
    async size() {
      const stat = await files.stat(place).catch(() => undefined);
      return stat?.size;
    },
    async init(size, kept) {
      await files.mkdir(folder, { recursive: true });
      const stat = await files.stat(place).catch(() => undefined);
      // Otherwise only the last rename would find out, after the whole download.
      if (stat?.isDirectory()) throw new Error(`${place} is a folder`);
      const path = newPartName(place);
      written = kept === undefined ? 0 : await takeOver(kept, path);
      await removeOrphans();
      part = { path, file: await files.open(path, written === 0 ? 'wx+' : 'r+', 0o644) };
      try {
        await checkSpace((size ?? 0) - written + SPARE_BYTES);
        // What lies beyond the last mark was never promised to be there.
        await part.file.truncate(written);
      } catch (error) {
        await finish(false);
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
    async done() {
      await opened().file.sync();
    },
    async forget(kept) {
      const path = free(kept);
      if (path !== undefined) await files.rm(path, { force: true });
    },
    async suspend() {
      await letGo()?.file.close();
    },
  };
}

/** One small text beside the image, replaced as a whole or not at all. */
function fileNotebook(path: string, image: string, files: FileSystem): Notebook {
  return {
    async load() {
      try {
        return await files.readFile(path, 'utf8');
      } catch (error) {
        if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async save(text) {
      // Named as a part, so that one left by a power cut is cleared away with the others.
      const next = newPartName(image);
      const file = await files.open(next, 'wx', 0o600);
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
