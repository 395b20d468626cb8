const STRONG_ETAG = /^"[\x21\x23-\x7e\x80-\xff]*"$/;

/** Whether an entity tag is strong (RFC 9110 §8.8.1): only such a one proves that two bodies are the same bytes. */
export function isStrongEtag(etag: string | undefined): etag is string {
  return etag !== undefined && STRONG_ETAG.test(etag);
}

/** Whether an `If-None-Match` names this strong tag: `*` and lists included, weak ones by their text (RFC 9110 §13.1.2). */
export function matchesIfNoneMatch(field: string, etag: string): boolean {
  return field
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
    .some((tag) => tag === '*' || tag === etag);
}
