import { createHash, createPublicKey, verify } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Proving } from '../../ports/trust.ts';

/** What comes before the 32 bytes of an Ed25519 key in its DER form (RFC 8410). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const ALGORITHM = 'blake2b512';
/** Bytes that are hashed at once: a millisecond or two, for which devices wait. */
const TURN_BYTES = 1 << 20;

/** Proves by Node's own crypto. */
export const nodeProving: Proving = {
  ed25519(key, message, signature) {
    try {
      const spki = Buffer.concat([SPKI, key]);
      return verify(null, message, createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature);
    } catch {
      // A key that is none has signed nothing.
      return false;
    }
  },
  blake2b512: (bytes) => createHash(ALGORITHM).update(bytes).digest(),
  sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  async blake2b512Of(pieces) {
    const hash = createHash(ALGORITHM);
    for await (const piece of pieces) {
      for (let at = 0; at < piece.byteLength; at += TURN_BYTES) {
        hash.update(piece.subarray(at, at + TURN_BYTES));
        await setImmediate();
      }
    }
    return hash.digest();
  },
};
