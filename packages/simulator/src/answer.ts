/** What a device reads of an answer's head. */
export interface AnswerHead {
  readonly statusLine: string;
  readonly status: number;
  /** Of exactly `Content-Length: N`: another spelling is not seen (luatos.md L14). */
  readonly length: number | undefined;
  readonly chunked: boolean;
}

const END = '\r\n\r\n';

/** Where the head that these bytes begin with ends; -1 where it does not. */
export function headEnd(bytes: Buffer): number {
  const at = bytes.indexOf(END);
  return at < 0 ? -1 : at + END.length;
}

/** @returns undefined for what is no answer, or has no header at all (luatos.md L17) */
export function parseHead(bytes: Uint8Array): AnswerHead | undefined {
  const text = Buffer.from(bytes).toString('latin1');
  const [statusLine = ''] = text.split('\r\n', 1);
  const [, status] = /^HTTP\/1\.\d (\d{3})(?: |$)/.exec(statusLine) ?? [];
  if (status === undefined || text.length === statusLine.length + END.length) return undefined;
  const [, length] = /^Content-Length: (\d+)\r$/im.exec(text) ?? [];
  return {
    statusLine,
    status: Number(status),
    length: length === undefined ? undefined : Number(length),
    chunked: /^Transfer-Encoding: *chunked\r$/im.test(text),
  };
}

/** How far the reading of a body is. */
export type Framing =
  | { readonly kind: 'sized'; readonly left: number }
  | { readonly kind: 'endless' }
  /** `left`: bytes of the chunk that are to come; `line`: what of its size line, or of the line end before, has come. */
  | { readonly kind: 'chunked'; readonly left: number; readonly line: string }
  | { readonly kind: 'ended' };

/** Statuses that have no body, whatever their headers say (RFC 9112 §6.3). */
function isBodiless(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

/** The body that a head announces. */
export function framingOf({ status, length, chunked }: AnswerHead): Framing {
  if (isBodiless(status)) return { kind: 'ended' };
  if (chunked) return { kind: 'chunked', left: 0, line: '' };
  if (length === undefined) return { kind: 'endless' };
  return sized(length);
}

function sized(left: number): Framing {
  return left === 0 ? { kind: 'ended' } : { kind: 'sized', left };
}

/** More bytes of a body: what of them is content, and how far the body is then. A chunk that is none ends it. */
export function takeBody(framing: Framing, bytes: Uint8Array): { readonly content: Uint8Array[]; next: Framing } {
  switch (framing.kind) {
    case 'ended':
      return { content: [], next: framing };
    case 'endless':
      return { content: [bytes], next: framing };
    case 'sized': {
      const content = bytes.subarray(0, framing.left);
      return { content: [content], next: sized(framing.left - content.length) };
    }
    case 'chunked':
      return takeChunks(framing, bytes);
  }
}

/** Longer lines than any size. */
const LINE_LIMIT = 64;

function takeChunks(framing: Framing & { kind: 'chunked' }, bytes: Uint8Array): ReturnType<typeof takeBody> {
  const content: Uint8Array[] = [];
  let { left, line } = framing;
  for (let at = 0; at < bytes.length; ) {
    if (left > 0) {
      const piece = bytes.subarray(at, at + left);
      content.push(piece);
      left -= piece.length;
      at += piece.length;
      continue;
    }
    line += String.fromCharCode(bytes[at] ?? 0);
    at += 1;
    // The end of the chunk before.
    if (line === '\r\n') line = '';
    else if (line.endsWith('\n') || line.length > LINE_LIMIT) {
      left = Number.parseInt(line, 16) || 0;
      line = '';
      if (left === 0) return { content, next: { kind: 'ended' } };
    }
  }
  return { content, next: { kind: 'chunked', left, line } };
}
