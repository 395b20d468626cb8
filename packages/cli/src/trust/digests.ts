import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { CommandError } from '../failure.ts';
import type { Out } from '../output/out.ts';
import { reasonOf, shown } from './paths.ts';

/** What signing needs of a file, whatever its size. */
export interface Digests {
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly blake2b512: Uint8Array;
}

const READ = 1 << 20;
/** Bytes from which somebody waits. */
const LONG = 64 << 20;

/** Reads a file once, from its beginning to its end. @throws CommandError `file-unreadable`, and why `signal` is aborted */
export async function digestsOf(path: string, out: Out, signal: AbortSignal): Promise<Digests> {
  const [sha256, blake2b512] = [createHash('sha256'), createHash('blake2b512')];
  let progress: ReturnType<Out['progress']> | undefined;
  let size = 0;
  try {
    const file = await open(path, 'r');
    try {
      const { size: total } = await file.stat();
      if (total >= LONG) progress = out.progress('read');
      for await (const chunk of file.createReadStream({ start: 0, autoClose: false, highWaterMark: READ })) {
        signal.throwIfAborted();
        sha256.update(chunk as Buffer);
        blake2b512.update(chunk as Buffer);
        size += (chunk as Buffer).length;
        progress?.at(size, total);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new CommandError('file-unreadable', `${shown(path)} cannot be read: ${reasonOf(error)}`, { cause: error });
  } finally {
    progress?.end();
  }
  return { size, sha256: sha256.digest('hex'), blake2b512: blake2b512.digest() };
}
