import type { Digest } from '@libfota2/protocol';
import { base64ToHex } from './hex.ts';
import type { ImageHead } from './judge.ts';
import type { Hash, Ports } from './ports.ts';

/** An image on its way into the target: how far it is, and the hash of what is there. */
export class ImageInHand {
  readonly head: ImageHead;
  readonly resumedFrom: number;
  /** Bytes at the target. */
  bytes = 0;
  /** Whether its bytes came in more than one answer. */
  spliced: boolean;
  readonly #hash: Hash;
  /** Only where a signature is demanded: the price is another pass over all bytes. */
  readonly #blake: Hash | undefined;
  readonly #proof: Proof;

  constructor(head: ImageHead, resumedFrom: number, newHash: Ports['hash'], isSigned = false) {
    this.head = head;
    this.resumedFrom = resumedFrom;
    this.spliced = resumedFrom > 0;
    this.#hash = newHash('sha-256');
    this.#blake = isSigned ? newHash('blake2b-512') : undefined;
    this.#proof = new Proof(head.digest, newHash, this.#hash);
  }

  /** Counts bytes that are at the target. */
  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#blake?.update(bytes);
    this.#proof.update(bytes);
    this.bytes += bytes.length;
  }

  /** Base64 SHA-256 of what is at the target so far. */
  get prefix(): string {
    return this.#hash.base64();
  }

  get sha256(): string {
    return base64ToHex(this.prefix);
  }

  /** Base64 BLAKE2b-512 of the same, which signatures are made over. */
  get blake2b512(): string {
    return this.#blake?.base64() ?? '';
  }

  /** Whether the bytes have every digest that was promised for them. */
  isProven(expectedSha256: string | undefined): boolean {
    return this.#proof.holds() && (expectedSha256 ?? this.sha256) === this.sha256;
  }
}

/** Bytes against the digest that was promised for them; without a promise it holds. */
export class Proof {
  readonly #digest: Digest | undefined;
  readonly #hash: Hash | undefined;
  readonly #isOwn: boolean;

  /** `sha256` is a hash of the same bytes that somebody else updates. */
  constructor(digest: Digest | undefined, newHash: Ports['hash'], sha256?: Hash) {
    this.#digest = digest;
    this.#isOwn = digest?.algorithm !== 'sha-256' || sha256 === undefined;
    this.#hash = this.#isOwn ? digest && newHash(digest.algorithm) : sha256;
  }

  update(bytes: Uint8Array): void {
    if (this.#isOwn) this.#hash?.update(bytes);
  }

  holds(): boolean {
    return this.#digest?.base64 === this.#hash?.base64();
  }
}
