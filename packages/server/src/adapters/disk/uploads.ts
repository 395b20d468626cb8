import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FotaServerError } from '../../domain/errors.ts';
import type { StoredUpload, UploadStore } from '../../ports.ts';
import { translate } from './errors.ts';
import { makeFolder } from './folder.ts';
import { syncFolder } from './packages.ts';

/**
 * Uploads as files: `id.json` says what is coming, `id.part` is what has come, and its length is how far the upload is.
 * Whatever a crash leaves can be gone on with, or is removed at the start.
 */
export async function openDiskUploads(folder: string): Promise<UploadStore> {
  await makeFolder(folder);
  const part = (id: string): string => join(folder, `${id}.part`);
  const notes = (id: string): string => join(folder, `${id}.json`);

  const drop = async (id: string): Promise<void> => {
    await rm(notes(id), { force: true });
    await rm(part(id), { force: true });
  };

  return {
    uploads: () =>
      guarded(folder, async () => {
        const kept: StoredUpload[] = [];
        const names = await readdir(folder);
        const ids = new Set(names.map((name) => /^(\w+)\.(?:json|part|json\.new)$/.exec(name)?.[1] ?? ''));
        ids.delete('');
        for (const id of ids) {
          await rm(`${notes(id)}.new`, { force: true });
          const upload = await noted(notes(id));
          if (upload?.id === id) kept.push(upload);
          else await drop(id);
        }
        return kept;
      }),

    keep: (upload) =>
      guarded(folder, async () => {
        await replace(notes(upload.id), JSON.stringify({ format: FORMAT, ...upload }));
        await syncFolder(folder);
        if (upload.taken !== undefined) await rm(part(upload.id), { force: true });
      }),

    async received({ id }) {
      const found = await stat(part(id)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw translate(folder, error);
      });
      return found?.size ?? 0;
    },

    append: (upload, bytes) =>
      guarded(folder, async () => {
        const file = await open(part(upload.id), 'a', 0o600);
        try {
          await fill(file, upload.size, bytes);
        } finally {
          await file.close();
        }
      }),

    read: (upload) => checked(part(upload.id), upload.sha256),
    remove: ({ id }) => guarded(folder, () => drop(id)),
  };
}

/** Of the notes; notes of another format are of no use. */
const FORMAT = 1;
/** Notes that were written before owners were noted: they are for who may do everything. */
const NOBODY = '';

/** Notes are whole or not there, for they are renamed into place: what has our format is ours. */
async function noted(path: string): Promise<StoredUpload | undefined> {
  try {
    const { format, ...upload } = JSON.parse(await readFile(path, 'utf8'));
    return format === FORMAT ? { owner: NOBODY, sha256: undefined, taken: undefined, ...upload } : undefined;
  } catch {
    return undefined;
  }
}

async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/** Writes up to `size` bytes in all, one piece after the other: what the disk does not take yet is not read either. */
async function fill(file: FileHandle, size: number, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  let { size: at } = await file.stat();
  try {
    for await (const piece of bytes) {
      at += piece.byteLength;
      if (at > size) throw new FotaServerError('upload-overrun', `${size} bytes were announced, and more came`);
      await file.appendFile(piece);
    }
  } catch (error) {
    await file.datasync().catch(() => undefined);
    throw error;
  }
  await file.datasync();
}

async function* checked(path: string, sha256: string | undefined): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 })) {
      hash.update(piece);
      yield piece;
    }
  } catch (error) {
    throw translate(path, error);
  }
  const found = hash.digest('hex');
  if (sha256 === undefined || found === sha256) return;
  throw new FotaServerError('upload-digest', `the bytes have the SHA-256 ${found}, ${sha256} was announced`);
}

async function guarded<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translate(folder, error);
  }
}
