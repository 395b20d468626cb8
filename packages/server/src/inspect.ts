import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInspector } from './adapters/formats/inspector.ts';
import { FotaServerError } from './domain/errors.ts';
import type { Inspection } from './domain/inspection.ts';
import { type Proposal, propose } from './domain/proposal.ts';

/** A file as the server would see it at upload. */
export interface InspectedFile {
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly inspection: Inspection;
  readonly proposal: Proposal;
}

/**
 * Says what a file is, without any server.
 * @throws FotaServerError `package-unreadable`, `package-empty`, `package-corrupt`, `package-not-upgrade`
 */
export async function inspectFile(path: string): Promise<InspectedFile> {
  const unreadable = (error: unknown): FotaServerError =>
    new FotaServerError('package-unreadable', `${path}: ${(error as Error).message}`, error);
  const file = await open(path).catch((error) => {
    throw unreadable(error);
  });
  try {
    const hash = createHash('sha256');
    const read = async (first: number, length: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, first);
      return buffer.subarray(0, bytesRead);
    };
    let size = 0;
    for (;;) {
      const piece = await read(size, 1 << 20).catch((error) => {
        throw unreadable(error);
      });
      if (piece.length === 0) break;
      hash.update(piece);
      size += piece.length;
    }
    const fileName = basename(path);
    const inspection = await createInspector().inspect({ size, read }, fileName);
    return { size, sha256: hash.digest('hex'), inspection, proposal: propose(inspection, fileName) };
  } finally {
    await file.close();
  }
}
