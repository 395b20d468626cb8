import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { openDiskPackages } from '../src/adapters/disk/packages.ts';
import { openDiskUploads } from '../src/adapters/disk/uploads.ts';
import type { Inspection } from '../src/domain/inspection.ts';
import { openUploads, type UploadPorts, type Uploads } from '../src/usecases/uploads.ts';

/** Who begins uploads. */
export const OWNER = 'token:a1';

export const inspection: Inspection = {
  format: 'opaque',
  kind: 'unknown',
  needsSourceCore: false,
  facts: [],
  warnings: [],
};

export interface UploadWorld {
  readonly dir: string;
  /** Another run on the same folder. */
  opened(): Promise<Uploads>;
  readonly clock: { now: number };
  /** What the timers were given to do. */
  readonly due: Array<() => void>;
  readonly stored: () => Promise<readonly string[]>;
}

/** What makes uploads on disks of their own, with a clock at will. */
export function uploadWorlds(folder: () => Promise<string>): (changes?: Partial<UploadPorts>) => Promise<UploadWorld> {
  return async (changes = {}) => {
    const dir = await folder();
    const packages = await openDiskPackages(join(dir, 'packages'));
    const clock = { now: 1_000 };
    const due: Array<() => void> = [];
    return {
      dir,
      clock,
      due,
      stored: () => readdir(join(dir, 'packages')),
      opened: async () =>
        openUploads({
          store: await openDiskUploads(join(dir, 'uploads')),
          takeIn: async (incoming, fileName = '') => ({ ...(await packages.put(incoming)), fileName, inspection }),
          now: () => clock.now,
          later: (_ms, work) => {
            due.push(work);
            return { cancel: () => void due.splice(due.indexOf(work), 1) };
          },
          newId: () => randomBytes(8).toString('hex'),
          onProblem: (problem) => {
            throw problem;
          },
          limits: { maxPackageBytes: 1_000_000, maxOpenUploads: 3 },
          ...changes,
        }),
    };
  };
}

/** Bytes on their way, all at once. */
export function from(...parts: readonly Uint8Array[]): Readable {
  return Readable.from(parts);
}
