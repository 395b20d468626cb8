import type { DigestAlgorithm, Digests } from '@libfota2/protocol';
import { base64ToHex } from './hex.ts';
import type { ImageHead } from './judge.ts';
import type { SuspendedNote } from './notes.ts';
import type { Hash, Kept, Ports } from './ports.ts';

/** An image on its way into the target: how far it is, and the hashes of what is there. */
export class ImageInHand {
  readonly head: ImageHead;
  readonly resumedFrom: number;
  /** Bytes at the target. */
  written = 0;
  /** Whether its bytes came in more than one answer. */
  spliced: boolean;
  readonly #hashes: ReadonlyMap<DigestAlgorithm, Hash>;

  constructor(head: ImageHead, resumedFrom: number, newHash: Ports['hash']) {
    this.head = head;
    this.resumedFrom = resumedFrom;
    this.spliced = resumedFrom > 0;
    this.#hashes = newHashes(head.digests, newHash);
  }

  /** Counts bytes that are at the target. */
  add(bytes: Uint8Array): void {
    for (const hash of this.#hashes.values()) hash.update(bytes);
    this.written += bytes.length;
  }

  /** Base64 SHA-256 of what is at the target so far. */
  get prefix(): string {
    return this.#hashes.get('sha-256')?.base64() ?? '';
  }

  get sha256(): string {
    return base64ToHex(this.prefix);
  }

  /** Whether the bytes have every digest that was promised for them. */
  isProven(expectedSha256: string | undefined): boolean {
    return hashesMatch(this.#hashes, this.head.digests) && (expectedSha256 ?? this.sha256) === this.sha256;
  }

  /** The note by which a later call goes on; `undefined` when nothing would prove that it may. */
  note(question: string, kept: Kept): SuspendedNote | undefined {
    const { validator, etag, lastModified, total, digests } = this.head;
    if (validator === undefined) return undefined;
    return { ...kept, question, validator, etag, lastModified, total, digests, prefix: this.prefix };
  }
}

/** One hash for each digest that is promised, and SHA-256 always, for it names the image in the outcome. */
export function newHashes(digests: Digests, newHash: Ports['hash']): ReadonlyMap<DigestAlgorithm, Hash> {
  const names = new Set(['sha-256' as const, ...(Object.keys(digests) as DigestAlgorithm[])]);
  return new Map([...names].map((name) => [name, newHash(name)]));
}

export function hashesMatch(hashes: ReadonlyMap<DigestAlgorithm, Hash>, digests: Digests): boolean {
  return [...hashes].every(([name, hash]) => (digests[name] ?? hash.base64()) === hash.base64());
}
