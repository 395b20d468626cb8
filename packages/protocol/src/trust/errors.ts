/** Why something signed is not believed. Stable; docs/errors.md lists them, docs/protocol.md §13 says when. */
export type TrustErrorCode =
  /** No signature came with an image, and a key ring demands one. */
  | 'signature-missing'
  /** What came is no signature of minisign's, or one that is not prehashed. */
  | 'signature-malformed'
  /** Made by a key that the ring does not hold. */
  | 'signature-unknown-key'
  /** The key did not make it for these bytes or for this comment. */
  | 'signature-invalid'
  /** The trusted comment does not say what is signed, or says it in words that are not understood. */
  | 'manifest-malformed'
  /** It is signed for another project, another firmware, or other bytes. */
  | 'manifest-mismatch'
  /** It is not valid yet, by the clock of the one who looks. */
  | 'manifest-early'
  /** It is not valid any more. */
  | 'manifest-expired'
  /** It is older than the version below which nothing may go. */
  | 'manifest-below-floor'
  /** It is not newer than what runs, and does not say that it may go back from there. */
  | 'manifest-downgrade'
  /** A key ring, or an update of one, that cannot be read. */
  | 'key-ring-malformed'
  /** An update of a key ring that does not follow the one that is held: another project, serial number, or signer. */
  | 'key-ring-mismatch'
  /** A key that cannot be read. */
  | 'key-malformed';

/** Nothing that depends on what was signed may happen once this is thrown. */
export class TrustError extends Error {
  override readonly name = 'TrustError';
  readonly code: TrustErrorCode;

  constructor(code: TrustErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
