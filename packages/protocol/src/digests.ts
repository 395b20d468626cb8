/** Digest algorithms that count as proof; others in a header are no proof and are passed over. */
export type DigestAlgorithm = 'sha-256' | 'sha-512';

/** Base64 digests by algorithm. */
export type Digests = Readonly<Partial<Record<DigestAlgorithm, string>>>;

const MEMBER = /^\s*([a-z][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):\s*(?:;.*)?$/;
const BASE64_LENGTH: Readonly<Record<string, number>> = { 'sha-256': 44, 'sha-512': 88 };

/**
 * Reads `Repr-Digest` or `Content-Digest` (RFC 9530): a dictionary of byte sequences. A header that names an algorithm
 * we know but spells its value wrongly is `'malformed'`: a digest that cannot be read proves nothing and must not pass.
 */
export function parseDigests(value: string | undefined): Digests | 'malformed' {
  const digests: { [Name in DigestAlgorithm]?: string } = {};
  for (const member of (value ?? '').split(',')) {
    const name = member.trim().split('=', 1)[0] ?? '';
    if (name !== 'sha-256' && name !== 'sha-512') continue;
    const digest = MEMBER.exec(member)?.[2];
    if (digest === undefined || digest.length !== BASE64_LENGTH[name]) return 'malformed';
    digests[name] = digest;
  }
  return digests;
}

/** Writes one digest as `sha-256=:…:`. */
export function formatDigest(algorithm: DigestAlgorithm, base64: string): string {
  return `${algorithm}=:${base64}:`;
}
