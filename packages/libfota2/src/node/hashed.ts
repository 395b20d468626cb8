import { createHash } from 'node:crypto';
import type { FileSystem } from './update-file.ts';

/** Bytes of a file, and their SHA-256 in lower-case hex. */
export async function hashed(
  path: string,
  files: Pick<FileSystem, 'open'>,
): Promise<{ readonly size: number; readonly sha256: string }> {
  const file = await files.open(path, 'r');
  try {
    const hash = createHash('sha256');
    let size = 0;
    const buffer = new Uint8Array(256 * 1024);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, size);
      if (bytesRead === 0) return { size, sha256: hash.digest('hex') };
      hash.update(buffer.subarray(0, bytesRead));
      size += bytesRead;
    }
  } finally {
    await file.close();
  }
}
