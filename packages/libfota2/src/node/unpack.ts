/**
 * Unpacks an archive into a folder, durably. Only files and folders come out of it, only below the folder, and no more than was
 * agreed: everything else ends it.
 */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Duplex, PassThrough, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import yauzl from 'yauzl';
import { FotaError, failure } from '../core.ts';
import { syncFolder } from './sync-folder.ts';
import type { FileSystem } from './update-file.ts';

export interface UnpackLimits {
  /** Of all files together, unpacked. */
  readonly maxBytes: number;
  /** Files and folders. */
  readonly maxEntries: number;
}

type Format = 'tar' | 'tar.gz' | 'zip' | 'file';

interface Entry {
  readonly name: string;
  /** `undefined`: a folder. */
  readonly body: AsyncIterable<Uint8Array> | undefined;
  readonly isExecutable: boolean;
}

const HEAD_BYTES = 512;
/** How archives begin that are not read here. */
const FOREIGN = [
  ['\xfd7zXZ\0', 'xz'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['BZh', 'bzip2'],
  ["7z\xbc\xaf'\x1c", '7z'],
] as const;
/** Larger ones are read faster, and pile up before the engine collects them. */
const PIECE_BYTES = 64 * 1024;
/** What most file systems give to a file at least. */
const BLOCK_BYTES = 4_096;
/** Bytes that come out of one of gzip. */
const GZIP_AT_MOST = 1_032;
const PATH_LIMIT = 1_024;
const DEPTH_LIMIT = 32;
/** Of a file's mode on Unix. */
const OWNER_MAY_EXECUTE = 0o100;
const FILE_KIND = 0o170_000;
const REGULAR = 0o100_000;
const FOLDER = 0o040_000;

/**
 * What the archive at `path` holds comes into `folder`, which must be empty; what is no archive comes there as the file `bare`.
 * @throws FotaError `image-refused`; whatever the file system throws
 */
export async function unpack(
  path: string,
  folder: string,
  files: FileSystem,
  limits: UnpackLimits,
  bare: string,
): Promise<void> {
  const file = await files.open(path, 'r');
  try {
    const format = await formatOf(file);
    await (format === 'file'
      ? copy(path, join(folder, bare), files, limits)
      : write(entriesOf(file, format), folder, files, limits));
  } finally {
    await file.close();
  }
}

/**
 * Bytes that the archive at `path` unpacks to, as far as that can be told without unpacking it: a zip lists what it has, gzip ends with the length of
 * its last member, up to 4 GiB.
 */
export async function unpackedBytes(path: string, files: FileSystem): Promise<number> {
  const file = await files.open(path, 'r');
  try {
    const { size } = await file.stat();
    const format = await formatOf(file);
    if (format === 'zip') return await zipBytes(file, size);
    if (format !== 'tar.gz') return size;
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, Math.max(0, size - 4));
    const told = buffer.readUInt32LE();
    // More cannot be: it is cut off or damaged, which is said when it is unpacked.
    return told > size * GZIP_AT_MOST ? size : told;
  } finally {
    await file.close();
  }
}

async function zipBytes(file: FileHandle, size: number): Promise<number> {
  let bytes = 0;
  try {
    const archive = await yauzl.fromRandomAccessReaderPromise(new Reader(file), size, { autoClose: false });
    for await (const entry of archive.eachEntry()) {
      bytes += Math.ceil(entry.uncompressedSize / BLOCK_BYTES) * BLOCK_BYTES;
    }
  } catch (error) {
    // What is wrong with it is said when it is unpacked.
    if (isOfSystem(error)) throw error;
  }
  return bytes;
}

async function formatOf(file: FileHandle): Promise<Format> {
  const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
  const head = Buffer.from(buffer.subarray(0, bytesRead)).toString('latin1');
  if (head.startsWith('\x1f\x8b')) return 'tar.gz';
  if (head.startsWith('PK\x03\x04')) return 'zip';
  const foreign = FOREIGN.find(([beginning]) => head.startsWith(beginning));
  // As a file of its own it would be installed, and could not be started.
  if (foreign !== undefined) throw refused(`it is packed by ${foreign[1]}: pack it as .tar, .tar.gz or .zip`);
  return head.slice(257, 262) === 'ustar' ? 'tar' : 'file';
}

function entriesOf(file: FileHandle, format: Exclude<Format, 'file'>): AsyncIterable<Entry> {
  if (format === 'zip') return zipEntries(file);
  const bytes = Readable.from(pieces(file));
  return tarEntries(format === 'tar' ? bytes : heard(bytes, createGunzip()));
}

/** What is no archive, durably, by the system's own means: no byte of it comes through this process. */
async function copy(path: string, to: string, files: FileSystem, { maxBytes }: UnpackLimits): Promise<void> {
  if ((await files.stat(path)).size > maxBytes) throw refused(`it has more than ${maxBytes} bytes`);
  await files.copyFile(path, to, constants.COPYFILE_FICLONE);
  const file = await files.open(to, 'r+');
  try {
    await file.chmod(0o755);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(to), files);
}

/** The bytes of a file from `from` to before `end`. */
async function* pieces(file: FileHandle, from = 0, end = Number.MAX_SAFE_INTEGER): AsyncGenerator<Uint8Array> {
  for (let at = from; at < end; ) {
    const size = Math.min(PIECE_BYTES, end - at);
    const { buffer, bytesRead } = await file.read(new Uint8Array(size), 0, size, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* tarEntries(source: Readable): AsyncGenerator<Entry> {
  const archive = extract();
  source.on('error', (error) => archive.destroy(error));
  source.pipe(archive);
  for await (const entry of archive) {
    const { name, type, mode = 0 } = entry.header;
    if (type !== 'file' && type !== 'contiguous-file' && type !== 'directory') throw refused(`${name} is a ${type}`);
    const body = type === 'directory' ? undefined : (entry as AsyncIterable<Uint8Array>);
    yield { name, body, isExecutable: (mode & OWNER_MAY_EXECUTE) !== 0 };
    entry.resume();
  }
}

/** The zip's own ways to say what an entry is: a slash at the end of a folder's name, and above, what Unix says of the file. */
async function* zipEntries(file: FileHandle): AsyncGenerator<Entry> {
  const { size } = await file.stat();
  const archive = await yauzl.fromRandomAccessReaderPromise(new Reader(file), size, { autoClose: false });
  for await (const entry of archive.eachEntry()) {
    const mode = entry.externalFileAttributes >>> 16;
    const kind = mode & FILE_KIND;
    const isFolder = entry.fileName.endsWith('/');
    if (kind !== 0 && kind !== (isFolder ? FOLDER : REGULAR)) throw refused(`${entry.fileName} is no file`);
    if (entry.isEncrypted()) throw refused(`${entry.fileName} is encrypted`);
    const body = isFolder ? undefined : heard(await archive.openReadStreamPromise(entry));
    yield { name: entry.fileName, body, isExecutable: (mode & OWNER_MAY_EXECUTE) !== 0 };
  }
}

/** Through another stream, whose error waits for whoever reads it: one that nobody hears ends the process. */
function heard(source: Readable, through: Duplex = new PassThrough()): Readable {
  return pipeline(source, through, () => undefined);
}

class Reader extends yauzl.RandomAccessReader {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    super();
    this.#file = file;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(pieces(this.#file, start, end));
  }
}

/** Writes entries as they come; all of it is durable once it resolves. */
async function write(
  entries: AsyncIterable<Entry>,
  folder: string,
  files: FileSystem,
  { maxBytes, maxEntries }: UnpackLimits,
): Promise<void> {
  const folders = new Set([folder]);
  let bytes = 0;
  let count = 0;
  const makeFolder = async (path: string): Promise<void> => {
    await files.mkdir(path, { recursive: true });
    for (let one = path; !folders.has(one); one = dirname(one)) folders.add(one);
  };
  const writeFile = async (path: string, body: AsyncIterable<Uint8Array>, isExecutable: boolean): Promise<void> => {
    await makeFolder(dirname(path));
    // What is there already came from this archive, too: an entry that comes twice says two things.
    const file = await files.open(path, 'wx', isExecutable ? 0o755 : 0o644).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST' || error.code === 'EISDIR' ? refused(`${path} is there twice`) : error;
    });
    try {
      for await (const piece of body) {
        bytes += piece.length;
        if (bytes > maxBytes) throw refused(`it unpacks to more than ${maxBytes} bytes`);
        await file.writeFile(piece);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  };
  try {
    for await (const { name, body, isExecutable } of entries) {
      count += 1;
      if (count > maxEntries) throw refused(`it has more than ${maxEntries} entries`);
      const path = join(folder, ...partsOf(name));
      await (body === undefined ? makeFolder(path) : writeFile(path, body, isExecutable));
    }
  } catch (error) {
    throw isOfSystem(error) ? error : refused((error as Error).message, error);
  }
  if (count === 0) throw refused('it is empty');
  for (const one of folders) await syncFolder(one, files);
}

/** The parts of a name, none of which leads anywhere else. @throws FotaError `image-refused` */
function partsOf(name: string): readonly string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  // A backslash is a path on Windows, and control characters are nobody's file names.
  const isOdd = parts.some((part) => part === '..' || /[\\\p{Cc}]/u.test(part) || Buffer.byteLength(part) > 255);
  const isBeyond = name.startsWith('/') || Buffer.byteLength(name) > PATH_LIMIT || parts.length > DEPTH_LIMIT;
  if (!isOdd && !isBeyond) return parts;
  throw refused(`the name ${JSON.stringify(name.slice(0, 100))} leads where it must not`);
}

/** What the disk says; everything else is said of the archive. */
function isOfSystem(error: unknown): boolean {
  return error instanceof FotaError || typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

function refused(why: string, cause?: unknown): FotaError {
  return failure('image-refused', `The image cannot be unpacked: ${why}.`, 'store', cause);
}
