import { formatContentRange, formatDigest, formatRefusal } from '@libfota2/protocol';
import type { Package } from '../domain/catalogue.ts';
import type { OpenPackage } from '../ports.ts';

/** An answer before it is sent. Its head goes out in one small write and names its length (luatos.md L14–L17). */
export interface Answer {
  readonly status: number;
  /** {@link CLOSING} among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Part | undefined;
  /**
   * Told once, where the body is a package and was to be sent: how many bytes of it the network took, at least, and
   * whether that was all. What the network took may still get lost.
   */
  readonly onSent?: ((sent: { readonly bytes: number; readonly whole: boolean }) => void) | undefined;
}

/** Bytes of a checked package, both ends inclusive. Whoever takes it must read or close the package. */
export interface Part {
  readonly opened: OpenPackage;
  readonly first: number;
  readonly last: number;
}

/** Every answer is the last of its connection. */
const CLOSING = { Connection: 'close' } as const;

/** The strong validator of a package: the same tag is the same bytes. */
export function etagOf(wanted: Package): string {
  return `"${wanted.sha256}"`;
}

/** A package: the whole as 200, the bytes from `first` to `last`, both inclusive, as 206. */
export function packageAnswer(wanted: Package, opened: OpenPackage, part?: Omit<Part, 'opened'>): Answer {
  const { first, last } = part ?? { first: 0, last: wanted.size - 1 };
  return {
    status: part === undefined ? 200 : 206,
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(last - first + 1),
      ...(part && { 'Content-Range': formatContentRange({ first, last, total: wanted.size }) }),
      ...validators(wanted),
      'Accept-Ranges': 'bytes',
      'Repr-Digest': formatDigest('sha-256', Buffer.from(wanted.sha256, 'hex').toString('base64')),
      ...CLOSING,
    },
    body: { opened, first, last },
  };
}

/** The client has this package already. The one answer without a length: it never has a body (RFC 9110 §15.4.5). */
export function notModified(wanted: Package): Answer {
  return { status: 304, headers: { ...validators(wanted), ...CLOSING }, body: undefined };
}

/** Nothing is left of the package from where the client asks. */
export function beyondTheEnd(wanted: Package, form: RefusalForm = 'json'): Answer {
  const answer = refusal(416, 416, 'the range begins at or after the end of the package', form);
  return { ...answer, headers: { ...answer.headers, 'Content-Range': `bytes */${wanted.size}` } };
}

/** What a refusal's body holds: the platform's JSON, or nothing, for what some devices leave of it in `/update.bin`. */
export type RefusalForm = 'json' | 'empty';

/** What a status owes besides its length. */
const OWED: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  405: { Allow: 'GET, HEAD, POST, PUT, PATCH, DELETE' },
};

/**
 * Any answer that holds no package: 4xx or 5xx with the platform's JSON, or empty (luatos.md L15, D, F). `retryAfterS`: the
 * server's wish for the next question, in seconds.
 */
export function refusal(
  status: number,
  code: number,
  msg: string,
  form: RefusalForm = 'json',
  retryAfterS?: number,
): Answer {
  const owed = { ...OWED[status], ...wish(retryAfterS) };
  if (form === 'empty') return { status, headers: { 'Content-Length': '0', ...owed, ...CLOSING }, body: undefined };
  return jsonAnswer(status, formatRefusal({ code, msg }), owed);
}

/** A text of JSON, all of it ASCII. */
export function jsonAnswer(status: number, body: string, more: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json', 'Content-Length': String(body.length), ...more, ...CLOSING },
    body,
  };
}

/**
 * For whoever cannot be answered now. Each is told another time from `retryAfterMs` milliseconds to twice that: those who were
 * turned away together shall not come back together.
 */
export function overload(msg: string, retryAfterMs: number): Answer {
  return refusal(503, 503, msg, 'json', Math.round((retryAfterMs / 1_000) * (1 + Math.random())));
}

/** The head of an answer that says when to ask next: whole seconds, at least 1. */
export function wish(retryAfterS: number | undefined): Readonly<Record<string, string>> {
  return retryAfterS === undefined ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(retryAfterS))) };
}

function validators(wanted: Package): Readonly<Record<string, string>> {
  return {
    ETag: etagOf(wanted),
    // What is on offer depends on the device and the moment; middle boxes of carriers must not touch the bytes.
    'Cache-Control': 'no-cache, no-transform',
  };
}
