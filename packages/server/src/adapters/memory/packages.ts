import { createHash } from 'node:crypto';
import { FotaServerError } from '../../domain/errors.ts';
import type { PackageStore } from '../../ports.ts';

/** Packages in memory, by their hash, for tests and for servers that keep nothing; `kept` is theirs and the caller's. */
export function memoryPackages(kept: Map<string, Uint8Array> = new Map()): PackageStore {
  return {
    async put(bytes, check) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of bytes) chunks.push(chunk);
      const whole = Buffer.concat(chunks);
      if (whole.length === 0) throw new FotaServerError('package-empty', 'the package has no bytes');
      await check?.({
        size: whole.length,
        read: async (first, length) => whole.subarray(first, first + length),
      });
      const sha256 = hashOf(whole);
      kept.set(sha256, whole);
      return { sha256, size: whole.length };
    },

    async open(wanted) {
      const whole = kept.get(wanted.sha256);
      if (whole === undefined || whole.length !== wanted.size || hashOf(whole) !== wanted.sha256) {
        throw new FotaServerError('package-damaged', `the package ${wanted.sha256} is missing or damaged`);
      }
      const slice = (first: number, last: number): Uint8Array => whole.subarray(first, last + 1);
      return {
        async *read(first, last) {
          yield slice(first, last);
        },
        slice,
        close: async () => undefined,
      };
    },
  };
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
