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
const NOTES = 'update.bin.json';
/** Left free beside the image, for the notes and for everybody else. */
const SPARE_BYTES = 64 * 1024;
const READ_BYTES = 256 * 1024;

/** `update.bin` in a folder, and its notes in `update.bin.json` beside it. */
export function updateFile(
  dir: string,
  files: FileSystem = fs,
): { readonly target: Target; readonly notebook: Notebook } {
  const image = join(resolve(dir), IMAGE);
  return { target: new FileTarget(image, files), notebook: new FileNotebook(join(resolve(dir), NOTES), image, files) };
}

/**
 * The default target: a file that is replaced only by a whole image, durably.
 *
 * The bytes come in `update.bin.<owner>.part`. The name tells the process that made it, so that nobody takes a part
 * from a process that lives; taking one over is a rename, which only one can win.
 */
class FileTarget implements Target {
  readonly place: string;
  readonly #files: FileSystem;
  #part: { readonly path: string; readonly file: fs.FileHandle } | undefined;
  #written = 0;

  constructor(path: string, files: FileSystem) {
    this.place = path;
    this.#files = files;
  }

  async size(): Promise<number | undefined> {
    try {
      return (await this.#files.stat(this.place)).size;
    } catch {
      return undefined;
    }
  }

  async init(size: number | undefined, kept: Kept | undefined): Promise<number> {
    const folder = dirname(this.place);
    await this.#files.mkdir(folder, { recursive: true });
    await this.#refuseFolder();
    const path = newPartName(this.place);
    this.#written = kept === undefined ? 0 : await this.#takeOver(kept, path);
    await this.#removeOrphans(folder);
    try {
      const file = await this.#files.open(path, this.#written === 0 ? 'wx+' : 'r+', 0o644);
      this.#part = { path, file };
      await this.#checkSpace(folder, (size ?? 0) - this.#written);
      // What lies beyond the last mark was never promised to be there.
      await file.truncate(this.#written);
    } catch (error) {
      await this.#discard();
      throw error;
    }
    return this.#written;
  }

  async wait(): Promise<void> {}

  async *read(bytes: number): AsyncGenerator<Uint8Array> {
    const { file } = this.#open();
    for (let position = 0; position < bytes; ) {
      const length = Math.min(READ_BYTES, bytes - position);
      const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { file } = this.#open();
    for (let sent = 0; sent < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, sent, bytes.length - sent, this.#written);
      sent += bytesWritten;
      this.#written += bytesWritten;
    }
  }

  async mark(): Promise<Kept> {
    const { file, path } = this.#open();
    await file.datasync();
    return { token: basename(path), bytes: this.#written };
  }

  async done(): Promise<void> {
    await this.#open().file.sync();
  }

  async finish(ok: boolean): Promise<string> {
    if (ok) {
      const { file, path } = this.#open();
      await file.close();
      await this.#files.rename(path, this.place);
      this.#part = undefined;
      await syncFolder(this.#files, dirname(this.place));
    } else {
      await this.#discard();
    }
    return this.place;
  }

  async forget(kept: Kept): Promise<void> {
    const name = basename(kept.token);
    if (name !== kept.token || isInUse(name, 'elsewhere')) return;
    await this.#files.rm(join(dirname(this.place), name), { force: true });
  }

  async suspend(): Promise<void> {
    const part = this.#part;
    this.#part = undefined;
    await part?.file.close();
  }

  #open(): { readonly path: string; readonly file: fs.FileHandle } {
    if (this.#part === undefined) throw new Error('init must come first');
    return this.#part;
  }

  /** A folder in the way would be noticed only by the last rename, after the whole download. */
  async #refuseFolder(): Promise<void> {
    const stat = await this.#files.stat(this.place).catch(() => undefined);
    if (stat?.isDirectory()) throw new Error(`${this.place} is a folder: remove it or choose another dir`);
  }

  async #checkSpace(folder: string, wanted: number): Promise<void> {
    const { bavail, blocks, bsize } = await this.#files.statfs(folder);
    const free = bavail * bsize;
    // Some file systems do not count at all.
    if (blocks === 0 || wanted + SPARE_BYTES <= free) return;
    const message = `${folder} has ${free} bytes free, ${wanted + SPARE_BYTES} are needed`;
    throw Object.assign(new Error(message), { code: 'ENOSPC' });
  }

  /** Renames what an earlier call left to a name of ours; 0 where it is gone, short or in another process' hands. */
  async #takeOver(kept: Kept, path: string): Promise<number> {
    const name = basename(kept.token);
    if (name !== kept.token || isInUse(name, 'elsewhere')) return 0;
    try {
      await this.#files.rename(join(dirname(this.place), name), path);
      if ((await this.#files.stat(path)).size >= kept.bytes) return kept.bytes;
      await this.#files.rm(path);
    } catch {
      // Gone: start over.
    }
    return 0;
  }

  /** Removes parts that no living process owns: each may be as large as an image. */
  async #removeOrphans(folder: string): Promise<void> {
    for (const name of await this.#files.readdir(folder)) {
      const isPart = name.startsWith(`${basename(this.place)}.`) && name.endsWith('.part');
      if (isPart && !isInUse(name, 'anywhere')) await this.#files.rm(join(folder, name), { force: true });
    }
  }

  async #discard(): Promise<void> {
    const part = this.#part;
    this.#part = undefined;
    await part?.file.close().catch(() => undefined);
    if (part !== undefined) await this.#files.rm(part.path, { force: true });
  }
}

/** One small text beside the image, replaced as a whole or not at all. */
class FileNotebook implements Notebook {
  readonly #path: string;
  readonly #image: string;
  readonly #files: FileSystem;

  constructor(path: string, image: string, files: FileSystem) {
    this.#path = path;
    this.#image = image;
    this.#files = files;
  }

  async load(): Promise<string | undefined> {
    try {
      return await this.#files.readFile(this.#path, 'utf8');
    } catch (error) {
      if (isErrorCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async save(text: string): Promise<void> {
    // Named as a part, so that one left by a power cut is cleared away with the others.
    const path = newPartName(this.#image);
    const file = await this.#files.open(path, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
      await file.close();
      await this.#files.rename(path, this.#path);
    } catch (error) {
      await file.close().catch(() => undefined);
      await this.#files.rm(path, { force: true });
      throw error;
    }
    await syncFolder(this.#files, dirname(this.#path));
  }
}

/** A rename lasts only once its folder is on the disk too. Windows cannot do that and needs it not. */
async function syncFolder(files: FileSystem, folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await files.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
