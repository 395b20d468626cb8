/**
 * Carries a file to the server in pieces. A connection that breaks, and a server that restarts, cost the piece under way:
 * the server is asked what it has, and the rest follows.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiUpload } from '@libfota2/server';
import { ApiError, CommandError } from '../failure.ts';
import type { Client } from './http.ts';
import { isPassing } from './passing.ts';

/** Bytes of one request: what a break may cost. */
const PIECE = 4 << 20;
const READ = 256 << 10;

export interface UploadOptions {
  readonly signal: AbortSignal;
  /** Told the id that the upload can be gone on with. */
  readonly onBegin: (id: string) => void;
  readonly onProgress: (done: number, total: number) => void;
  /** Told when the connection broke and is tried again. */
  readonly onBreak: (reason: string, waitMs: number) => void;
  /** An upload that was begun before. */
  readonly resume?: string | undefined;
  /** Failures in a row without a new byte at the server after which it is given up. Default 8: about a minute and a half. */
  readonly patience?: number | undefined;
  /** Milliseconds to wait before the first repetition; doubled each time up to 20 s. Default 500. */
  readonly waitMs?: number | undefined;
}

/** A file as it is now: what goes up is held to this. */
interface Source {
  readonly file: FileHandle;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

/** Resolves once the server has stored and inspected the whole. @throws CommandError, ApiError */
export async function uploadFile(client: Client, path: string, options: UploadOptions): Promise<ApiUpload> {
  const file = await open(path, 'r').catch((error) => {
    throw unreadable(path, error);
  });
  try {
    const source = await sourceOf(file, path);
    const begun = await begin(client, source, options.resume);
    options.onBegin(begun.id);
    return await carry(client, source, begun, options);
  } finally {
    await file.close();
  }
}

async function sourceOf(file: FileHandle, path: string): Promise<Source> {
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of file.createReadStream({ start: 0, autoClose: false, highWaterMark: READ })) {
      hash.update(chunk as Buffer);
      size += (chunk as Buffer).length;
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  return { file, name: basename(path), size, sha256: hash.digest('hex') };
}

/** Finds the upload that was begun before, or begins one. */
async function begin(client: Client, source: Source, resume: string | undefined): Promise<ApiUpload> {
  const { name: fileName, size, sha256 } = source;
  if (resume === undefined) return client.send('POST', '/uploads', { body: { fileName, size, sha256 } });
  const known = await client.get('/uploads/{upload}', { path: { upload: resume } });
  if (known.size === size && (known.sha256 ?? sha256) === sha256) return known;
  throw new CommandError('file-changed', `the upload ${resume} is of another file than ${fileName}`, {
    remedy: 'Publish without --resume.',
  });
}

async function carry(client: Client, source: Source, begun: ApiUpload, options: UploadOptions): Promise<ApiUpload> {
  const { onProgress, patience = 8 } = options;
  let upload = begun;
  for (let failures = 0; upload.state === 'open'; ) {
    const { offset } = upload;
    onProgress(offset, source.size);
    const answer = await sendPiece(client, source, upload, options);
    upload = answer instanceof Error ? await recover(client, upload, answer, failures, options) : answer;
    failures = upload.offset > offset ? 0 : failures + 1;
    if (failures > patience) {
      throw givenUp(upload, answer instanceof Error ? answer.message : 'the server takes no more bytes');
    }
  }
  onProgress(source.size, source.size);
  return upload;
}

/** The upload as it is then, or why it did not get on for now. */
async function sendPiece(
  client: Client,
  source: Source,
  { id, offset }: ApiUpload,
  { onProgress, signal }: UploadOptions,
): Promise<ApiUpload | Error> {
  const size = Math.min(PIECE, source.size - offset);
  try {
    return await client.patch(id, offset, size, piece(source, offset, size, onProgress));
  } catch (error) {
    if (signal.aborted || !canGoOn(error)) throw error;
    return error as Error;
  }
}

/** Waits, and asks how far the server is; as far as before, where it cannot be asked yet. */
async function recover(
  client: Client,
  upload: ApiUpload,
  error: Error,
  failures: number,
  { onBreak, signal, waitMs = 500 }: UploadOptions,
): Promise<ApiUpload> {
  // Nobody waits for a server that only wants another place.
  if (!(error instanceof ApiError && error.code === 'upload-offset')) {
    const wait = Math.min(20_000, waitMs * 2 ** failures);
    onBreak(error.message, wait);
    await sleep(wait, undefined, { signal });
  }
  try {
    return await client.get('/uploads/{upload}', { path: { upload: upload.id } });
  } catch (again) {
    if (signal.aborted || !canGoOn(again)) throw again;
    return upload;
  }
}

async function* piece(
  source: Source,
  offset: number,
  size: number,
  onProgress: UploadOptions['onProgress'],
): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < offset + size; ) {
    const buffer = Buffer.allocUnsafe(Math.min(READ, offset + size - at));
    const { bytesRead } = await source.file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw new CommandError('file-changed', `${source.name} became shorter while it was read`);
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
    onProgress(at, source.size);
  }
}

/**
 * Whether it may be over soon, also that the server knows the place better. Not that somebody else goes on with the upload:
 * two that both go on would end each other for ever.
 */
function canGoOn(error: unknown): boolean {
  return isPassing(error) || (error instanceof ApiError && error.code === 'upload-offset');
}

function givenUp({ id, offset, size }: ApiUpload, why: string): CommandError {
  return new CommandError('upload-given-up', `the upload stays at ${offset} of ${size} bytes: ${why} (--resume ${id})`);
}

function unreadable(path: string, error: unknown): CommandError {
  return new CommandError('file-unreadable', `${path} cannot be read: ${(error as Error).message}`, { cause: error });
}
