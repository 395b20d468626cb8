/** HTTP as bytes: what a misbehaving server is made of. Nothing here repairs or checks what it is told to send. */
import type { Socket } from 'node:net';
import { formatContentRange, parseRange } from '@libfota2/protocol';
import { reprDigest, sha256Hex } from '../images.ts';

/** The head of a request as it stood on the wire. */
export interface RequestHead {
  /** `GET /path HTTP/1.1` */
  readonly line: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** An answer in two parts, so that faults can be counted from where the body begins. */
export interface Message {
  readonly head: Buffer;
  /** As it goes on the wire: with its chunk sizes, if chunked. */
  readonly body: Buffer;
}

/** How a server that means well answers; everything left out is done as nginx does. */
export interface Manner {
  readonly etag?: 'strong' | 'weak' | 'none';
  readonly lastModified?: string;
  /** Whether `Range` is honoured. */
  readonly ranges?: boolean;
  /** Whether `If-Range` is honoured. */
  readonly ifRange?: boolean;
  readonly framing?: 'length' | 'chunked' | 'close';
  readonly digest?: 'none' | 'sha-256' | 'sha-512' | 'wrong';
  /** Whether a 206 repeats the validators of the 200, as it must (RFC 9110 §15.3.7). */
  readonly namesRest?: boolean;
  /** Added last; a name given before is replaced, and an empty value takes it out. */
  readonly headers?: Readonly<Record<string, string>>;
}

const HEAD_LIMIT = 65_536;

/** Waits for the head of the next request; `undefined` when the peer leaves before it is whole. */
export function readHead(line: Socket): Promise<RequestHead | undefined> {
  return new Promise((resolve) => {
    let text = '';
    line.on('data', (bytes: Buffer) => {
      if (text.length < HEAD_LIMIT) text += bytes.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end >= 0) resolve(parseHead(text.slice(0, end)));
    });
    line.on('close', () => resolve(undefined));
  });
}

function parseHead(text: string): RequestHead {
  const [line = '', ...fields] = text.split('\r\n');
  const headers: Record<string, string> = {};
  for (const field of fields) {
    const colon = field.indexOf(':');
    headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim();
  }
  return { line, headers };
}

/** Writes a message head: status line, fields, empty line. */
export function head(status: string, headers: Readonly<Record<string, string>> = {}): Buffer {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${status}\r\n${fields.join('')}\r\n`, 'latin1');
}

/** Codes a body in chunks of at most `size` bytes, the last chunk included. */
export function chunked(body: Uint8Array, size = 16_384): Buffer {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    chunks.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]);
}

/** The strong entity tag of an image: another image has another. */
export function etagOf(image: Uint8Array): string {
  return `"${sha256Hex(image).slice(0, 16)}"`;
}

/** The answer of a server that means well, in its manner. */
export function answer(ask: RequestHead, image: Uint8Array, manner: Manner = {}): Message {
  const names = validators(image, manner);
  const condition = ask.headers['if-range'];
  const continues = manner.ifRange === false || condition === undefined || Object.values(names).includes(condition);
  const range = manner.ranges !== false && continues ? parseRange(ask.headers['range'], image.length) : 'whole';
  const headers: Record<string, string> = { Date: 'Fri, 02 Jan 2026 00:00:00 GMT', Connection: 'close' };
  if (range === 'unsatisfiable') {
    return { head: head('416 Range Not Satisfiable', { ...headers, 'Content-Length': '0' }), body: Buffer.alloc(0) };
  }
  const body = range === 'whole' ? image : image.subarray(range.first, range.last + 1);
  if (range === 'whole' || manner.namesRest !== false) Object.assign(headers, names);
  if (range !== 'whole') headers['Content-Range'] = formatContentRange({ ...range, total: image.length });
  if (manner.framing === 'chunked') headers['Transfer-Encoding'] = 'chunked';
  if ((manner.framing ?? 'length') === 'length') headers['Content-Length'] = String(body.length);
  if (manner.digest === 'wrong') headers['Repr-Digest'] = reprDigest(Buffer.from('something else'));
  else if (manner.digest !== undefined && manner.digest !== 'none') {
    headers['Repr-Digest'] = reprDigest(image, manner.digest);
  }
  const sent = Object.entries({ ...headers, ...manner.headers }).filter(([, value]) => value !== '');
  return {
    head: head(range === 'whole' ? '200 OK' : '206 Partial Content', Object.fromEntries(sent)),
    body: manner.framing === 'chunked' ? chunked(body) : Buffer.from(body),
  };
}

function validators(image: Uint8Array, { etag = 'strong', lastModified, ranges }: Manner): Record<string, string> {
  return {
    ...(ranges === false ? {} : { 'Accept-Ranges': 'bytes' }),
    ...(etag === 'none' ? {} : { ETag: (etag === 'weak' ? 'W/' : '') + etagOf(image) }),
    ...(lastModified === undefined ? {} : { 'Last-Modified': lastModified }),
  };
}
