/** Node's arithmetic for what minisign signs. */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { TrustCrypto } from '@libfota2/protocol';

/** What stands before the 32 bytes of an Ed25519 key where Node takes one (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export const trustCrypto: TrustCrypto = {
  ed25519(key, message, signature) {
    try {
      return verify(null, message, { key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' }, signature);
    } catch {
      return false;
    }
  },
  blake2b512: (bytes) => createHash('blake2b512').update(bytes).digest(),
  sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
};

/** The public key (32 bytes) of a seed (32 bytes). */
export function publicOf(seed: Uint8Array): Uint8Array {
  const spki = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' });
  return Uint8Array.from(spki.subarray(SPKI.length));
}

/** 64 bytes. */
export function signed(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return sign(null, message, privateKey(seed));
}

function privateKey(seed: Uint8Array): ReturnType<typeof createPrivateKey> {
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
}
