import { type Digests, isStrongEtag, parseContentRange, parseDigests } from '@libfota2/protocol';
import { type FotaError, failure } from './errors.ts';
import { parseDate } from './platform.ts';
import type { Answer } from './ports.ts';

/** What an answer is measured against. */
export interface Asked {
  /** First byte that was asked for; 0 when no `Range` was sent. */
  readonly offset: number;
  /** What proved that the rest belongs to what we hold; sent as `If-Range`. */
  readonly validator: string | undefined;
  /** Bytes of the whole image, where an earlier answer told them. */
  readonly total: number | undefined;
  /** Digests that an earlier answer gave for the whole image. */
  readonly digests: Digests;
  /** The caller knows the image's digest, so that a body may end with its connection. */
  readonly digestKnown: boolean;
  readonly maxBytes: number;
}

/** What to do with an answer. */
export type Verdict =
  /** The body is the whole image. */
  | { readonly kind: 'whole'; readonly image: ImageHead; readonly messageDigests: Digests }
  /** The body is the rest of the image from `offset`. */
  | { readonly kind: 'rest'; readonly image: ImageHead; readonly messageDigests: Digests }
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
  readonly digests: Digests;
}

type Head = Pick<Answer, 'status' | 'headers' | 'framing'>;

/** A `Last-Modified` proves sameness only when it is clearly older than the answer (RFC 9110 §8.8.2.2). */
const SETTLED_MS = 60_000;

/** Judges the head of an answer: docs/protocol.md §5. Pure and total. */
export function judge(head: Head, asked: Asked): Verdict {
  if (head.status >= 300) return asked.offset > 0 && head.status === 416 ? restart('416') : { kind: 'refused' };
  if (head.status !== 200 && head.status !== 206) {
    return wrong(
      'status-unexpected',
      `Status ${head.status} is neither an upgrade (200) nor a refusal (300 and above).`,
    );
  }
  const encoding = head.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    return wrong('encoding-refused', `The body is encoded (${encoding}); firmware must be sent as it is.`);
  }
  const digests = parseDigests(head.headers['repr-digest']);
  const messageDigests = parseDigests(head.headers['content-digest']);
  if (digests === 'malformed' || messageDigests === 'malformed') {
    return wrong('digest-mismatch', 'The digest that the server sent cannot be read, so it proves nothing.');
  }
  return head.status === 206
    ? judgeRest(head, asked, digests, messageDigests)
    : judgeWhole(head, asked, digests, messageDigests);
}

function judgeWhole(head: Head, asked: Asked, digests: Digests, messageDigests: Digests): Verdict {
  const total = contentLength(head);
  if (total === 0)
    return wrong('body-empty', 'Status 200 with an empty body is no upgrade: answer 300 or above instead.');
  if (total !== undefined && total > asked.maxBytes) return { kind: 'wrong', error: tooLarge(total, asked.maxBytes) };
  // The message is the whole representation here, so either header proves it.
  const proofs = { ...messageDigests, ...digests };
  if (head.framing === 'close' && !asked.digestKnown && Object.keys(proofs).length === 0) {
    return wrong(
      'body-undelimited',
      'The body has neither Content-Length nor chunks nor a digest, so a cut could not be told from its end.',
    );
  }
  return { kind: 'whole', image: imageHead(head, total, proofs), messageDigests };
}

function judgeRest(head: Head, asked: Asked, digests: Digests, messageDigests: Digests): Verdict {
  if (asked.offset === 0) return wrong('range-unasked', 'Status 206, but no range was asked for.');
  const range = parseContentRange(head.headers['content-range']);
  const length = contentLength(head);
  if (range === undefined) return restart('an unreadable Content-Range');
  const total = range.total ?? asked.total;
  if (range.first !== asked.offset) return restart(`bytes from ${range.first} instead of ${asked.offset}`);
  if (total === undefined || range.last !== total - 1) return restart('only a part of the rest');
  if (asked.total !== undefined && total !== asked.total) return restart('another length');
  if (length !== undefined && length !== total - asked.offset) return restart('a Content-Length unlike the range');
  if (total > asked.maxBytes) return { kind: 'wrong', error: tooLarge(total, asked.maxBytes) };
  const { etag } = head.headers;
  if (etag !== undefined && asked.validator?.startsWith('"') && etag !== asked.validator)
    return restart('another ETag');
  for (const name of ['sha-256', 'sha-512'] as const) {
    if (digests[name] !== undefined && asked.digests[name] !== undefined && digests[name] !== asked.digests[name]) {
      return restart('another digest');
    }
  }
  // Closing delimits nothing, but the range does: the transfer ends at exactly `total` bytes or is lost.
  const image = imageHead(head, total, { ...digests, ...asked.digests });
  return { kind: 'rest', image: { ...image, validator: asked.validator }, messageDigests };
}

function imageHead(head: Head, total: number | undefined, digests: Digests): ImageHead {
  const { etag, date, 'last-modified': lastModified, 'accept-ranges': ranges } = head.headers;
  const settled = parseDate(date) - parseDate(lastModified) >= SETTLED_MS;
  const validator = isStrongEtag(etag) ? etag : etag === undefined && settled ? lastModified : undefined;
  return { total, digests, etag, lastModified, validator: ranges === 'none' ? undefined : validator };
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

export function tooLarge(bytes: number, maxBytes: number): FotaError {
  return failure('too-large', `The image has ${bytes} bytes or more; maxBytes allows ${maxBytes}.`, 'answer');
}
