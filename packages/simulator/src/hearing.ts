/** Somebody who listens in on a connection: what the server said, whatever the device makes of it. */
import { parseDigest, parseRefusal } from '@libfota2/protocol';
import { headEnd, parseHead } from './answer.ts';

/** An answer, as far as it came. */
export interface Heard {
  readonly status: number;
  /** Bytes of the body that were announced. */
  readonly length: number | undefined;
  /** SHA-256 of the whole package in lower-case hex, where the server tells it (`Repr-Digest`, else a fitting `ETag`). */
  readonly sha256: string | undefined;
  /** The strong validator, as it was sent. */
  readonly etag: string | undefined;
  /** When the server wishes to be asked again. */
  readonly retryAfterMs: number | undefined;
  /** Of a body that is the platform's JSON the code in it (docs/protocol.md §6), once that has come. */
  readonly code: number | undefined;
}

export interface Ear {
  /** More bytes of the server. Returns the offset at which the body begins, once, with the bytes that complete the head. */
  hear(bytes: Uint8Array): number | undefined;
  /** `undefined` as long as there is no head, and where it is none. */
  heard(): Heard | undefined;
}

/** No head that a device takes is longer (luatos.md L17). */
const HEAD_LIMIT = 8_191;
/** Longer than any refusal of the platform. */
const REFUSAL_LIMIT = 2_000;

export function createEar(): Ear {
  let held: Buffer = Buffer.alloc(0);
  let head: Omit<Heard, 'code'> | undefined;
  let isDeaf = false;

  return {
    hear(bytes) {
      if (isDeaf) return undefined;
      if (head !== undefined) {
        held = Buffer.concat([held, bytes.subarray(0, REFUSAL_LIMIT - held.length)]);
        isDeaf = held.length >= REFUSAL_LIMIT;
        return undefined;
      }
      const before = held.length;
      held = Buffer.concat([held, bytes.subarray(0, HEAD_LIMIT - before)]);
      const end = headEnd(held);
      if (end < 0) {
        isDeaf = held.length >= HEAD_LIMIT;
        return undefined;
      }
      head = headOf(held.subarray(0, end));
      // Only to what a refusal may say is listened any further; there are servers that refuse with 200 (luatos.md L15).
      isDeaf = head === undefined || (head.status < 300 && (head.length ?? Number.POSITIVE_INFINITY) > REFUSAL_LIMIT);
      held = isDeaf ? Buffer.alloc(0) : Buffer.from(held.subarray(end));
      return end - before;
    },
    heard: () => head && { ...head, code: held.length === 0 ? undefined : parseRefusal(held.toString())?.code },
  };
}

function headOf(bytes: Buffer): Omit<Heard, 'code'> | undefined {
  const head = parseHead(bytes);
  if (head === undefined) return undefined;
  const text = bytes.toString('latin1');
  const value = (name: string): string | undefined => new RegExp(`^${name}: *(.*?) *\\r$`, 'im').exec(text)?.[1];
  const etag = /^"[^"]*"$/.exec(value('ETag') ?? '')?.[0];
  const wait = /^\d{1,9}$/.exec(value('Retry-After') ?? '')?.[0];
  return {
    status: head.status,
    length: head.length,
    sha256: sha256Of(value('Repr-Digest'), etag),
    etag,
    retryAfterMs: wait === undefined ? undefined : Number(wait) * 1000,
  };
}

function sha256Of(digest: string | undefined, etag: string | undefined): string | undefined {
  const told = parseDigest(digest);
  if (typeof told === 'object' && told.algorithm === 'sha-256')
    return Buffer.from(told.base64, 'base64').toString('hex');
  return /^"([0-9a-f]{64})"$/.exec(etag ?? '')?.[1];
}
