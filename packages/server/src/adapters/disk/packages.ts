import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Package } from '../../domain/catalogue.ts';
import { FotaServerError } from '../../domain/errors.ts';
import type { PackageSource } from '../../domain/inspection.ts';
import type { PackageStore } from '../../ports.ts';
import { translate } from './errors.ts';
import { makeFolder } from './folder.ts';
import { closeToOthers } from './private.ts';

/** Bytes that are read at a time: half the work of Node's 64 KiB; a download by a slow client holds two of these. */
const CHUNK_BYTES = 1 << 17;
/** Packages whose last check is remembered. */
const REMEMBERED = 1_000;

/**
 * Packages as files named by their hash. A file appears under that name whole and durable, or not at all. At the start
 * only halves are removed: a whole package that no release names may be one whose database was lost.
 */
export async function openDiskPackages(folder: string): Promise<PackageStore> {
  await makeFolder(folder);
  await closeToOthers(folder);
  for (const name of await readdir(folder)) {
    if (name.endsWith('.part')) await rm(join(folder, name));
  }
  const isWhole = rememberedCheck();
  return {
    put: (bytes, check) => put(folder, bytes, check),

    async open(wanted) {
      const file = await open(join(folder, wanted.sha256), 'r').catch((error) => {
        throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? damaged(wanted, error) : error;
      });
      try {
        if (!(await isWhole(file, wanted))) throw damaged(wanted);
      } catch (error) {
        await file.close();
        throw error;
      }
      return {
        read: (first, last) => piecesOf(file, first, last),
        close: () => file.close(),
      };
    },
  };
}

/**
 * Two buffers take turns: while the network has one, the disk fills the other. A fresh one for each piece would be garbage
 * faster than anything else here, and collecting it costs more the more devices are remembered.
 */
async function* piecesOf(file: FileHandle, first: number, last: number): AsyncGenerator<Uint8Array> {
  const make = (): Buffer => Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, last - first + 1));
  const fill = (buffer: Buffer, at: number): Promise<Buffer> => {
    const read = file.read(buffer, 0, Math.min(buffer.length, last - at + 1), at).then(({ bytesRead }) => {
      if (bytesRead === 0) throw new RangeError(`a package ends at ${at}, before ${last}`);
      return buffer.subarray(0, bytesRead);
    });
    // Where the reader leaves first, nobody asks how it went.
    read.catch(() => undefined);
    return read;
  };
  try {
    let current = make();
    let spare: Buffer | undefined;
    let coming = fill(current, first);
    for (let at = first; at <= last; ) {
      const piece = await coming;
      at += piece.length;
      if (at <= last) {
        const free = spare ?? make();
        spare = current;
        current = free;
        coming = fill(free, at);
      }
      yield piece;
    }
  } finally {
    await file.close();
  }
}

async function put(
  folder: string,
  bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  check: ((source: PackageSource) => Promise<void>) | undefined,
): Promise<Package> {
  const temporary = join(folder, `${randomUUID()}.part`);
  try {
    const file = await open(temporary, 'wx+', 0o600).catch((error) => {
      throw translate(folder, error);
    });
    const hash = createHash('sha256');
    let size = 0;
    try {
      for await (const chunk of bytes) {
        hash.update(chunk);
        size += chunk.byteLength;
        await file.appendFile(chunk);
      }
      if (size === 0) throw new FotaServerError('package-empty', 'the package has no bytes');
      await check?.(sourceOf(file, size));
      await file.sync();
    } finally {
      await file.close();
    }
    const sha256 = hash.digest('hex');
    await rename(temporary, join(folder, sha256));
    await syncFolder(folder);
    return { sha256, size };
  } catch (error) {
    await rm(temporary, { force: true });
    throw translate(folder, error);
  }
}

/** An open file as a source of bytes. */
export function sourceOf(file: FileHandle, size: number): PackageSource {
  return {
    size,
    async read(first, length) {
      const bytes = Buffer.allocUnsafe(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, length - done, first + done);
        if (bytesRead === 0) throw new RangeError(`${first} + ${length} lies beyond ${size} bytes`);
        done += bytesRead;
      }
      return bytes;
    },
  };
}

/** Makes a rename durable. Windows cannot open folders and needs no such thing. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Checks an open file against the size and hash it must have (luatos.md L21). What was found whole is not hashed again
 * until the file's times, size or inode change; requests that come together share one hashing.
 */
function rememberedCheck(): (file: FileHandle, wanted: Package) => Promise<boolean> {
  const checks = new Map<string, Promise<boolean>>();
  return async (file, wanted) => {
    const stat = await file.stat({ bigint: true });
    if (Number(stat.size) !== wanted.size) return false;
    const state = [wanted.sha256, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
    const check = checks.get(state) ?? hashOf(file).then(({ sha256 }) => sha256 === wanted.sha256);
    // Taken out and put in again: the first of the map is the one that was not asked for the longest.
    checks.delete(state);
    checks.set(state, check);
    for (const oldest of checks.keys()) {
      if (checks.size <= REMEMBERED) break;
      checks.delete(oldest);
    }
    const whole = await check.catch(() => false);
    if (!whole) checks.delete(state);
    return whole;
  };
}

/** What an open file holds. */
export async function hashOf(file: FileHandle): Promise<Package> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(1 << 18);
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return { sha256: hash.digest('hex'), size: at };
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

function damaged(wanted: Package, cause?: unknown): FotaServerError {
  return new FotaServerError('package-damaged', `the package ${wanted.sha256} is missing or damaged`, cause);
}
