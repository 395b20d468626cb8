/** A `Content-Range` of bytes: both ends inclusive, the whole length where the server told it. */
export interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly total: number | undefined;
}

const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i;

/** Reads `bytes first-last/total` (RFC 9110 §14.4); a malformed or impossible one is `undefined`. */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const match = CONTENT_RANGE.exec(value ?? '');
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2]);
  const total = match[3] === '*' ? undefined : Number(match[3]);
  if (last < first || (total !== undefined && last >= total)) return undefined;
  return { first, last, total };
}

export function formatContentRange(range: ContentRange): string {
  return `bytes ${range.first}-${range.last}/${range.total ?? '*'}`;
}

/** What a `Range` header asks of a body of `size` bytes; several ranges, other units and nonsense ask for the whole. */
export type RangeAnswer = 'whole' | 'unsatisfiable' | { readonly first: number; readonly last: number };

const RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/;

/** Reads one byte range (RFC 9110 §14.2). A server may ignore what it does not understand, so it never throws. */
export function parseRange(value: string | undefined, size: number): RangeAnswer {
  const match = RANGE.exec((value ?? '').trim());
  if (match === null || (match[1] === '' && match[2] === '')) return 'whole';
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), size);
    return length === 0 ? 'unsatisfiable' : { first: size - length, last: size - 1 };
  }
  const first = Number(match[1]);
  const last = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[2] !== '' && Number(match[2]) < first) return 'whole';
  return first >= size ? 'unsatisfiable' : { first, last };
}
