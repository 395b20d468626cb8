import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import {
  commentMessage,
  formatKeyRing,
  formatManifest,
  formatSignature,
  KEY_RING_FIRMWARE,
  type KeyRing,
  type KeyRingLink,
  type Manifest,
  type PublicKey,
  type TrustCrypto,
} from '@libfota2/protocol';
import { sha256Hex } from './images.ts';

/** Somebody who signs. The same seed makes the same key. */
export interface Signer {
  readonly publicKey: PublicKey;
  /** The text of a signature in minisign's format. */
  sign(bytes: Uint8Array, trustedComment: string): string;
  /** Signs what is said of the bytes; their size and digest are added. */
  release(bytes: Uint8Array, wanted: Partial<Manifest>): string;
  /** Says of a key ring that it follows. */
  link(ring: KeyRing): KeyRingLink;
}

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** What Node's crypto makes of it. */
export const testCrypto: TrustCrypto = {
  ed25519: (key, message, signature) =>
    verify(null, message, { key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' }, signature),
  blake2b512: blake2b,
  sha256: sha256Hex,
};

export function makeSigner(seed: number): Signer {
  const secret = createHash('sha256').update(`signer ${seed}`).digest();
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, secret]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const publicKey = { id: sha256Hex(secret).slice(0, 16).toUpperCase(), key: Uint8Array.from(spki.subarray(12)) };
  const signed = (bytes: Uint8Array, trustedComment: string): string => {
    const signature = sign(null, blake2b(bytes), key);
    const globalSignature = sign(null, commentMessage(signature, trustedComment), key);
    return formatSignature({ keyId: publicKey.id, signature, trustedComment, globalSignature }, 'signed in a test');
  };
  const release: Signer['release'] = (bytes, wanted) =>
    signed(
      bytes,
      formatManifest({
        project: 'gateway',
        firmwareName: 'gateway',
        version: '2.0.0',
        signedAt: 1_700_000_000,
        size: bytes.length,
        sha256: sha256Hex(bytes),
        ...wanted,
      }),
    );
  return {
    publicKey,
    sign: signed,
    release,
    link(ring) {
      const text = formatKeyRing(ring);
      const { project, serial } = ring;
      const version = String(serial);
      return { text, signature: release(Buffer.from(text), { project, firmwareName: KEY_RING_FIRMWARE, version }) };
    },
  };
}

function blake2b(bytes: Uint8Array): Uint8Array {
  return createHash('blake2b512').update(bytes).digest();
}
