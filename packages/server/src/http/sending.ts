import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer, Part } from './answers.ts';

/** Bytes in memory that are given to the network at once; more go in pieces of this size. */
const PIECE_BYTES = 1 << 20;

/**
 * Sends an answer and closes the package that it holds. Resolves once nothing more will be sent; `undefined`: that is so
 * already, for all was given to the network at once.
 */
export function send(answer: Answer, request: IncomingMessage, response: ServerResponse): Promise<void> | undefined {
  const { status, headers, body } = answer;
  if (typeof body === 'object') return sendPackage(answer, body, request, response);
  if (response.destroyed) return undefined;
  response.writeHead(status, headers);
  response.end(body);
  return undefined;
}

async function sendPackage(
  { status, headers, onSent }: Answer,
  part: Part,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    // The client went while its answer was made: what has closed once does not close again.
    if (response.destroyed) return onSent?.({ bytes: 0, whole: false });
    response.writeHead(status, headers);
    if (request.method === 'HEAD') response.end();
    else await sendPart(part, response, onSent);
  } finally {
    await part.opened.close();
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
    const closed = new Promise((resolve) => response.once('close', resolve));
    if (opened.slice === undefined || length > PIECE_BYTES) {
      const pieces = opened.slice === undefined ? opened.read(first, last) : piecesOf(opened.slice(first, last));
      const take = taker(response);
      response.flushHeaders();
      for await (const piece of pieces) {
        if (!(await take(piece))) return;
        bytes += piece.byteLength;
      }
      response.end();
      await closed;
    } else {
      response.end(opened.slice(first, last));
      await closed;
      if (response.writableFinished) bytes = length;
    }
  } finally {
    onSent?.({ bytes, whole: response.writableFinished });
  }
}

/**
 * What hands pieces to the network, one after the other. Resolves once the network has the piece, whose memory may then
 * be used again; false where the client has gone.
 */
function taker(response: ServerResponse): (piece: Uint8Array) => Promise<boolean> {
  let settle: (isTaken: boolean) => void = () => undefined;
  // A write at the moment in which a connection breaks is never called back.
  response.once('close', () => settle(false));
  return (piece) =>
    new Promise((resolve) => {
      settle = resolve;
      if (response.destroyed) resolve(false);
      else response.write(piece, (error) => resolve(!error));
    });
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}
