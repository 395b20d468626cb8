import { createHash } from 'node:crypto';
import type { FileSystem } from './update-file.ts';

const PIECE_BYTES = 256 * 1024;

/** Bytes of a file, and their SHA-256 in lower-case hex, which is counted where it is not known. */
export async function imageAt(
  path: string,
  files: Pick<FileSystem, 'open' | 'stat'>,
  known: string | undefined,
): Promise<{ readonly size: number; readonly sha256: string }> {
  if (known !== undefined) return { size: (await files.stat(path)).size, sha256: known };
  const file = await files.open(path, 'r');
  try {
    const hash = createHash('sha256');
    // One is read into while the other is hashed.
    const buffers = [new Uint8Array(PIECE_BYTES), new Uint8Array(PIECE_BYTES)] as const;
    const read = (turn: 0 | 1, at: number) => file.read(buffers[turn], 0, PIECE_BYTES, at);
    let turn: 0 | 1 = 0;
    let size = 0;
    let piece = await read(turn, size);
    while (piece.bytesRead > 0) {
      const { buffer, bytesRead } = piece;
      size += bytesRead;
      turn = turn === 0 ? 1 : 0;
      const next = read(turn, size);
      hash.update(buffer.subarray(0, bytesRead));
      piece = await next;
    }
    return { size, sha256: hash.digest('hex') };
  } finally {
    await file.close();
  }
}
