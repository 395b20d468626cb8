import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { type BackupFile, type BackupManifest, MANIFEST_PATH, readManifest } from '../../domain/backup.ts';
import { FotaServerError } from '../../domain/errors.ts';
import { BLOCK_BYTES, paddingOf, readTarHeader } from '../../domain/tar.ts';
import { translate } from './errors.ts';

/** What reading a backup needs of whoever reads it. */
export interface ArchiveReader {
  /** Where a file of the backup is to be kept, which must not be there yet; `undefined`: it is only checked. */
  readonly keep: (file: BackupFile) => string | undefined;
  /** Bytes that were read, of so many in all. */
  readonly onProgress: (done: number, total: number) => void;
}

const LARGEST_MANIFEST = 64 * 1024 ** 2;
const CHUNK_BYTES = 1 << 18;

/**
 * Reads a backup from its beginning to its end and holds it to its manifest, byte by byte. Kept files are durable when
 * resolved.
 * @throws FotaServerError `backup-unreadable`, `backup-invalid`, `disk-full`, `data-dir-unusable`
 */
export async function readArchive(path: string, reader: ArchiveReader): Promise<BackupManifest> {
  const file = await open(path, 'r').catch((error: Error) => {
    throw new FotaServerError('backup-unreadable', `${path}: ${error.message}`, error);
  });
  try {
    const { size: total } = await file.stat();
    const head = await entryAt(file, 0, path);
    if (head?.path !== MANIFEST_PATH || head.size > LARGEST_MANIFEST)
      throw invalid(path, 'it does not begin with a manifest');
    const manifest = readManifest(parsed(await bytesAt(file, BLOCK_BYTES, head.size, path)));
    if (manifest === undefined) throw invalid(path, 'its manifest is none that this program knows');
    let at = BLOCK_BYTES + head.size + paddingOf(head.size);
    for (const wanted of manifest.files) {
      const found = await entryAt(file, at, path);
      if (found?.path !== wanted.path || found.size !== wanted.size) {
        throw invalid(path, `${wanted.path} is not where its manifest says`);
      }
      const read = (done: number): void => reader.onProgress(at + BLOCK_BYTES + done, total);
      if ((await content(file, at + BLOCK_BYTES, wanted, reader.keep(wanted), read, path)) !== wanted.sha256) {
        throw invalid(path, `${wanted.path} is not what its manifest says`);
      }
      at += BLOCK_BYTES + wanted.size + paddingOf(wanted.size);
    }
    if ((await entryAt(file, at, path)) !== undefined) throw invalid(path, 'it holds more than its manifest says');
    return manifest;
  } finally {
    await file.close();
  }
}

/** Reads a file of the backup, and writes it where it is to be kept. Resolves to its SHA-256. */
async function content(
  file: FileHandle,
  begin: number,
  { size }: BackupFile,
  to: string | undefined,
  onRead: (done: number) => void,
  path: string,
): Promise<string> {
  const hash = createHash('sha256');
  const target = to === undefined ? undefined : await open(to, 'wx', 0o600);
  try {
    for (let done = 0; done < size; ) {
      const bytes = await bytesAt(file, begin + done, Math.min(CHUNK_BYTES, size - done), path);
      hash.update(bytes);
      await target?.appendFile(bytes);
      done += bytes.length;
      onRead(done);
    }
    await target?.sync();
  } catch (error) {
    throw translate(to ?? path, error);
  } finally {
    await target?.close();
  }
  return hash.digest('hex');
}

async function entryAt(file: FileHandle, at: number, path: string): Promise<ReturnType<typeof readTarHeader>> {
  const block = await bytesAt(file, at, BLOCK_BYTES, path);
  try {
    return readTarHeader(block);
  } catch (error) {
    throw invalid(path, (error as Error).message);
  }
}

async function bytesAt(file: FileHandle, at: number, length: number, path: string): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw invalid(path, 'it ends too early');
    done += bytesRead;
  }
  return bytes;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

function invalid(path: string, why: string): FotaServerError {
  return new FotaServerError('backup-invalid', `${path}: ${why}`);
}
