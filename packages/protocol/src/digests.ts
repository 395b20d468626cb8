/** Digest algorithms that count as proof; others in a header are no proof and are passed over. */
export type DigestAlgorithm = 'sha-256' | 'sha-512';

/** One digest as it travels. */
export interface Digest {
  readonly algorithm: DigestAlgorithm;
  readonly base64: string;
}

/** By preference: SHA-256 is computed anyway. With the length of their base64. */
const ALGORITHMS = [
  ['sha-256', 44],
  ['sha-512', 88],
] as const;

/**
 * Reads `Repr-Digest` or `Content-Digest` (RFC 9530): a dictionary of byte sequences. A header that names an algorithm
 * we know but spells its value wrongly is `'malformed'`: a digest that cannot be read proves nothing and must not pass.
 */
export function parseDigest(value: string | undefined): Digest | 'malformed' | undefined {
  const members = (value ?? '').split(',').map((member) => member.trim());
  for (const [algorithm, length] of ALGORITHMS) {
    const member = members.find((each) => each.split('=', 1)[0] === algorithm);
    if (member === undefined) continue;
    const base64 = /^[^=]*=:([A-Za-z\d+/]*=*):(;.*)?$/.exec(member)?.[1];
    return base64?.length === length ? { algorithm, base64 } : 'malformed';
  }
  return undefined;
}

/** Writes one digest as `sha-256=:…:`. */
export function formatDigest(algorithm: DigestAlgorithm, base64: string): string {
  return `${algorithm}=:${base64}:`;
}
