import { createCipheriv, createHash } from 'node:crypto';

/**
 * Pseudo-random bytes that look like firmware to a compressor: the same `seed` and `bytes` give the same image on every
 * machine, and a longer image begins with the shorter one of its seed. Gigabytes a second.
 */
export function makeImage(seed: number, bytes: number): Uint8Array {
  const key = Buffer.alloc(16);
  key.writeDoubleLE(seed);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

/** SHA-256 in lower-case hex, as outcomes tell it. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The value of a `Repr-Digest` header for these bytes. */
export function reprDigest(bytes: Uint8Array, algorithm: 'sha-256' | 'sha-512' = 'sha-256'): string {
  const digest = createHash(algorithm.replace('-', '')).update(bytes).digest('base64');
  return `${algorithm}=:${digest}:`;
}
