import { type Digest, isStrongEtag, parseContentRange, parseDigest } from '@libfota2/protocol';
import { type FotaError, failure } from './errors.ts';
import { parseDate } from './platform.ts';
import type { Answer } from './ports.ts';

/** What an answer is measured against. */
export interface Asked {
  /** First byte that was asked for; 0 when no `Range` was sent. */
  readonly offset: number;
  /** The image that is to be gone on with; its validator was sent as `If-Range`. */
  readonly held: ImageHead | undefined;
  /** The caller knows the image's digest, so that a body may end with its connection. */
  readonly digestKnown: boolean;
  readonly maxBytes: number;
}

/** What to do with an answer. */
export type Verdict =
  /** The body is the whole image. */
  | { readonly kind: 'whole'; readonly image: ImageHead; readonly messageDigest: Digest | undefined }
  /** The body is the rest of the image from `offset`. */
  | { readonly kind: 'rest'; readonly image: ImageHead; readonly messageDigest: Digest | undefined }
  /** The server cannot continue what we hold: ask for the whole image, without a range. */
  | { readonly kind: 'restart'; readonly why: string }
  /** Status 300 or above. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'wrong'; readonly error: FotaError };

export interface ImageHead {
  readonly total: number | undefined;
  /** Strong; what a later `If-Range` may rely on. */
  readonly validator: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly digest: Digest | undefined;
}

type Head = Pick<Answer, 'status' | 'headers' | 'framing'>;

/** A `Last-Modified` proves sameness only when it is clearly older than the answer (RFC 9110 §8.8.2.2). */
const SETTLED_MS = 60_000;

/** Judges the head of an answer: docs/protocol.md §5. Pure and total. */
export function judge(head: Head, asked: Asked): Verdict {
  if (head.status >= 300) return asked.held !== undefined && head.status === 416 ? restart('416') : { kind: 'refused' };
  if (head.status !== 200 && head.status !== 206) {
    return wrong('status-unexpected', `Status ${head.status} is neither 200 nor 300 and above.`);
  }
  const { 'content-encoding': content = 'identity', 'transfer-encoding': transfer = 'chunked' } = head.headers;
  if (`${content} ${transfer}`.toLowerCase() !== 'identity chunked') {
    return wrong('encoding-refused', `Encoded (${content}, ${transfer}): firmware must come as it is.`);
  }
  const digest = parseDigest(head.headers['repr-digest']);
  const messageDigest = parseDigest(head.headers['content-digest']);
  if (digest === 'malformed' || messageDigest === 'malformed') {
    return wrong('digest-mismatch', 'The digest cannot be read.');
  }
  const judgement = head.status === 206 ? judgeRest : judgeWhole;
  return judgement(head, asked, digest, messageDigest);
}

function judgeWhole(head: Head, asked: Asked, digest: Digest | undefined, messageDigest: Digest | undefined): Verdict {
  const total = contentLength(head);
  if (total === 0) return { kind: 'wrong', error: bodyEmpty() };
  if (total !== undefined && total > asked.maxBytes) return { kind: 'wrong', error: tooLarge(total, asked.maxBytes) };
  // The message is the whole representation here, so either header proves it.
  const proof = digest ?? messageDigest;
  if (head.framing === 'close' && !asked.digestKnown && proof === undefined) {
    return wrong('body-undelimited', 'No Content-Length, no chunks, no digest: a cut would go unnoticed.');
  }
  return { kind: 'whole', image: imageHead(head, total, proof), messageDigest };
}

function judgeRest(head: Head, asked: Asked, digest: Digest | undefined, messageDigest: Digest | undefined): Verdict {
  const { held, offset } = asked;
  if (held === undefined) return wrong('range-unasked', 'No range was asked for.');
  const range = parseContentRange(head.headers['content-range']);
  const total = range?.total ?? held.total;
  const isRest =
    range?.first === offset && range.last + 1 === total && (contentLength(head) ?? total - offset) === total - offset;
  if (!isRest) return restart('another range');
  if (total !== (held.total ?? total)) return restart('another length');
  if (total > asked.maxBytes) return { kind: 'wrong', error: tooLarge(total, asked.maxBytes) };
  // Many servers pass over If-Range: only the same validator again proves that the rest is of the same image.
  const { etag, 'last-modified': lastModified } = head.headers;
  if (etag !== held.etag || (etag ?? lastModified) !== held.validator) return restart('another validator');
  // A digest that comes only now could not be held against the bytes before.
  if (digest !== undefined && digest.base64 !== held.digest?.base64) return restart('another digest');
  // Closing delimits nothing, but the range does: the transfer ends at exactly `total` bytes or is lost.
  return { kind: 'rest', image: { ...held, total }, messageDigest };
}

function imageHead(head: Head, total: number | undefined, digest: Digest | undefined): ImageHead {
  const { etag, date, 'last-modified': lastModified, 'accept-ranges': ranges } = head.headers;
  const settled = parseDate(date) - parseDate(lastModified) >= SETTLED_MS;
  const validator = isStrongEtag(etag) ? etag : etag === undefined && settled ? lastModified : undefined;
  return { total, digest, etag, lastModified, validator: ranges === 'none' ? undefined : validator };
}

function contentLength(head: Head): number | undefined {
  return head.framing === 'length' ? Number(head.headers['content-length']) : undefined;
}

function restart(why: string): Verdict {
  return { kind: 'restart', why };
}

function wrong(code: Parameters<typeof failure>[0], message: string): Verdict {
  return { kind: 'wrong', error: failure(code, message, 'answer') };
}

export function bodyEmpty(): FotaError {
  return failure('body-empty', 'The body is empty: answer 300 or above for no upgrade.', 'answer');
}

export function tooLarge(bytes: number, maxBytes: number): FotaError {
  return failure('too-large', `${bytes} bytes are more than maxBytes (${maxBytes}).`, 'answer');
}
