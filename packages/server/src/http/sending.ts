import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Answer, Part } from './answers.ts';

/** Bytes in memory that are given to the network at once; more go in pieces of this size. */
const PIECE_BYTES = 1 << 20;

/** Sends an answer and closes the package that it holds. Resolves once nothing more will be sent. */
export async function send(
  { status, headers, body, onSent }: Answer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const part = typeof body === 'object' ? body : undefined;
  try {
    // The client went while its answer was made: what has closed once does not close again.
    if (response.destroyed) return onSent?.({ bytes: 0, whole: false });
    response.writeHead(status, { ...headers, Connection: 'close' });
    if (part === undefined) response.end(body);
    else if (request.method === 'HEAD') response.end();
    else await sendPart(part, response, onSent);
  } finally {
    await part?.opened.close();
  }
}

async function sendPart(
  { opened, first, last }: Part,
  response: ServerResponse,
  onSent: Answer['onSent'],
): Promise<void> {
  let bytes = 0;
  try {
    const length = last - first + 1;
    if (opened.slice === undefined || length > PIECE_BYTES) {
      const pieces = opened.slice === undefined ? opened.read(first, last) : piecesOf(opened.slice(first, last));
      response.flushHeaders();
      await pipeline(async function* counted() {
        for await (const piece of pieces) {
          yield piece;
          // Asked for the next one: this one is on its way.
          bytes += piece.byteLength;
        }
      }, response);
    } else {
      const closed = new Promise((resolve) => response.once('close', resolve));
      response.end(opened.slice(first, last));
      await closed;
      if (response.writableFinished) bytes = length;
    }
  } finally {
    onSent?.({ bytes, whole: response.writableFinished });
  }
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}
