import type { FileHandle } from 'node:fs/promises';
import {
  formatContentRange,
  matchesIfNoneMatch,
  parseRange,
  type RangeAnswer,
  SIGNATURE_TEXT_LIMIT,
} from '@libfota2/protocol';
import { type Answer, type Ask, failure, type Transport } from '../core.ts';
import { openRegularFile, readRegularFile } from './regular-file.ts';

const SIDECAR = '.minisig';
const READ_BYTES = 256 * 1024;

/**
 * Answers questions as a server would that has this one file: an upgrade from a stick goes the way of one from the network, under
 * the same checks. Any URL asks for the file, one whose path ends with `.minisig` for the signature in FILE.minisig, which also
 * comes in the head of the file's answer. A file that is not there is a 404.
 *
 * Invariant: an answer is of one file as it was when it was opened; whatever changes it meanwhile ends the body with
 * `connection-lost`, and never in an image that is put together of two.
 */
export function fileTransport(path: string): Transport {
  return {
    async open(ask) {
      const { signal, method, url, headers, onConnected } = ask;
      if (signal.aborted) throw signal.reason;
      const isSidecar = new URL(url).pathname.endsWith(SIDECAR);
      const file = await opened(isSidecar ? path + SIDECAR : path);
      if (file === undefined || method !== 'GET') {
        await file?.close();
        onConnected();
        return bare(file === undefined ? 404 : 405);
      }
      try {
        const signature = isSidecar ? undefined : await signatureBeside(path);
        const answer = await answerOf(file, headers, signature, signal);
        onConnected();
        return answer;
      } catch (error) {
        await file.close();
        throw error;
      }
    },
  };
}

/** `undefined` where there is no such file. @throws FotaError `host-unreachable`: the stick is broken, or forbidden */
async function opened(path: string): Promise<FileHandle | undefined> {
  try {
    return await openRegularFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw failure('host-unreachable', `${path} cannot be opened: ${message}`, 'connect', error);
  }
}

async function signatureBeside(path: string): Promise<string | undefined> {
  // What is longer is none; that it is not there says it best.
  const text = await readRegularFile(path + SIDECAR, SIGNATURE_TEXT_LIMIT).catch(() => undefined);
  return text?.toString('base64');
}

async function answerOf(
  file: FileHandle,
  asked: Ask['headers'],
  signature: string | undefined,
  signal: Ask['signal'],
): Promise<Answer> {
  const before = await stateOf(file);
  const etag = `"${before.tag}"`;
  const headers = { etag, 'accept-ranges': 'bytes', ...(signature !== undefined && { 'fota-signature': signature }) };
  if (matchesIfNoneMatch(asked['if-none-match'] ?? '', etag)) return closing(file, bare(304, headers));
  const isSame = asked['if-range'] === undefined || asked['if-range'] === etag;
  const range: RangeAnswer = isSame ? parseRange(asked['range'], before.size) : 'whole';
  if (range === 'unsatisfiable') {
    return closing(file, bare(416, { ...headers, 'content-range': `bytes */${before.size}` }));
  }
  const { first, last } = range === 'whole' ? { first: 0, last: before.size - 1 } : range;
  return closing(file, {
    status: range === 'whole' ? 200 : 206,
    headers: {
      ...headers,
      'content-length': String(last - first + 1),
      ...(range !== 'whole' && { 'content-range': formatContentRange({ first, last, total: before.size }) }),
    },
    framing: 'length',
    body: bodyOf(file, { first, last }, before.tag, signal),
    close: () => undefined,
  });
}

async function* bodyOf(
  file: FileHandle,
  { first, last }: { readonly first: number; readonly last: number },
  tag: string,
  signal: Ask['signal'],
): AsyncGenerator<Uint8Array> {
  for (let position = first; position <= last; ) {
    if (signal.aborted) throw signal.reason;
    const length = Math.min(READ_BYTES, last - position + 1);
    const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, position).catch((error) => {
      throw failure('connection-lost', `Reading stopped at byte ${position}: ${error.message}`, 'transfer', error);
    });
    if (bytesRead === 0) throw failure('connection-lost', `The file ends at byte ${position} now.`, 'transfer');
    position += bytesRead;
    // Before the last bytes are handed out, for with them the image is whole.
    const isEnd = position > last;
    if (isEnd && (await stateOf(file)).tag !== tag) {
      throw failure('connection-lost', 'The file was changed while it was read.', 'transfer');
    }
    yield buffer.subarray(0, bytesRead);
  }
}

/** What changes whenever somebody writes to the file. */
async function stateOf(file: FileHandle): Promise<{ readonly size: number; readonly tag: string }> {
  const { size, mtimeNs, ctimeNs, ino } = await file.stat({ bigint: true });
  return { size: Number(size), tag: [ino, size, mtimeNs, ctimeNs].map((part) => part.toString(36)).join('-') };
}

/** An answer without a body. */
function bare(status: number, headers: Answer['headers'] = {}): Answer {
  return { status, headers, framing: 'length', body: nothing(), close: () => undefined };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** The same, which closes the file when it is read or dropped. */
function closing(file: FileHandle, answer: Answer): Answer {
  let isClosed = false;
  const close = (): void => {
    if (!isClosed) void file.close().catch(() => undefined);
    isClosed = true;
  };
  return { ...answer, body: read(), close };

  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      yield* answer.body;
    } finally {
      close();
    }
  }
}
