import { Worker } from 'node:worker_threads';

/** One LZMA1 block without a head. */
export interface LzmaBlock {
  /** lc, lp and pb in one byte. */
  readonly properties: number;
  readonly packed: Uint8Array;
  /** Bytes when unpacked, at least 1. */
  readonly length: number;
}

/** The blocks unpacked, the index of the first damaged one, or that it took too long. */
export type Unpacked =
  | { readonly blocks: readonly Uint8Array[] }
  | { readonly damaged: number }
  | { readonly late: true };

/** From `src/adapters/formats` and from `dist/adapters/formats` alike. */
const WORKER = new URL('../../../workers/unlzma.mjs', import.meta.url);

/**
 * Unpacks in a thread of its own, which is ended after `timeoutMs` and may not grow beyond what blocks of 4 MiB need.
 * A thread that fails by itself rejects.
 */
export async function unpackLzma(blocks: readonly LzmaBlock[], timeoutMs: number): Promise<Unpacked> {
  if (blocks.length === 0) return { blocks: [] };
  const worker = new Worker(WORKER, { workerData: blocks, resourceLimits: { maxOldGenerationSizeMb: 512 } });
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => resolve({ late: true }), timeoutMs);
      worker.once('exit', () => clearTimeout(timer));
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  } finally {
    await worker.terminate();
  }
}
