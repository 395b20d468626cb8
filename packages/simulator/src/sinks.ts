import { createHash } from 'node:crypto';

/** Where a device puts what it receives. Bytes are only lent: copy what is to stay. Must not throw. */
export interface Sink {
  /** What was written so far is gone. */
  reset(): void;
  write(bytes: Uint8Array): void;
}

/** `/update.bin`: keeps all that a device wrote. */
export function createFile(): Sink & {
  /** What stands in the file now. */
  contents(): Buffer;
} {
  let pieces: Uint8Array[] = [];
  return {
    reset: () => {
      pieces = [];
    },
    write: (bytes) => void pieces.push(Uint8Array.from(bytes)),
    contents: () => Buffer.concat(pieces),
  };
}

/** A flash writer of which only length and hash matter: costs the same for any image. */
export function createFlash(): Sink & {
  /** Of what has been written so far, in lower-case hex. */
  sha256(): string;
  bytes(): number;
} {
  let hash = createHash('sha256');
  let bytes = 0;
  return {
    reset: () => {
      hash = createHash('sha256');
      bytes = 0;
    },
    write: (piece) => {
      hash.update(piece);
      bytes += piece.length;
    },
    sha256: () => hash.copy().digest('hex'),
    bytes: () => bytes,
  };
}
