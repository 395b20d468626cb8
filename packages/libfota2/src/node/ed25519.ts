import { verify } from 'node:crypto';
import type { Ports } from '../core.ts';

/** What stands before the 32 bytes of a public key in DER (RFC 8410). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export const nodeEd25519: Ports['ed25519'] = (key, message, signature) => {
  try {
    return verify(null, message, { key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' }, signature);
  } catch {
    // A key that is no point of the curve.
    return false;
  }
};
