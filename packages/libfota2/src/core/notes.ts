import { type Digest, seal, unseal } from './journal.ts';
import type { ImageHead } from './judge.ts';
import type { Kept } from './ports.ts';

/** The last image that was delivered: what its server is asked to compare with (docs/protocol.md §8). */
export interface DeliveredNote {
  /** Digest of the question without the version. */
  readonly resource: string;
  /** The version that the device reported when it asked. */
  readonly version: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly size: number;
  readonly sha256: string;
}

/** An image of which a part is durable: what a later call needs to go on, and to prove that it may. */
export interface SuspendedNote extends Kept {
  /** Digest of the whole question: only the same question may go on. */
  readonly question: string;
  /** What the answer said of the image. */
  readonly head: ImageHead;
  /** Base64 SHA-256 of the durable part: a disk that lost or mixed up bytes is found out before they are used. */
  readonly prefix: string;
}

export interface Notes {
  readonly delivered?: DeliveredNote | undefined;
  readonly suspended?: SuspendedNote | undefined;
}

/** A line of JSON after its digest. */
export function formatNotes(notes: Notes, digest: Digest): string {
  return seal(JSON.stringify(notes), digest);
}

/**
 * Reads notes back. Whatever has not its digest counts as absent: the worst that follows is a download from the start,
 * for no byte is used on the word of a note alone.
 */
export function parseNotes(text: string | undefined, digest: Digest): Notes {
  return JSON.parse(unseal(text, digest) ?? '{}') as Notes;
}
