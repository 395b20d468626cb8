import type { TrustCrypto } from '@libfota2/protocol';

/** Proves that bytes are what was signed, with public keys alone. */
export interface Proving extends TrustCrypto {
  /** The BLAKE2b-512 of bytes that come in pieces; whoever else has something to do gets a turn in between. */
  blake2b512Of(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array>;
}
