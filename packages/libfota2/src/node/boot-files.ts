import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BootChoice } from '../core/boot-choice.ts';
import { type Copies, formatBootRecord, newestOf } from '../core/boot-record.ts';
import { syncFolder } from './sync-folder.ts';
import type { FileSystem } from './update-file.ts';

/** The launcher makes it before it looks, and removes it once it has written: whoever wrote since then has to look again. */
const BUSY = 'boot.busy';
/** Longer than a launcher takes; what is there after that was left by one that died. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 10;

/** The boot record in two files of a folder, `boot.0` and `boot.1`, which the launcher reads and writes too: docs/slots.md. */
export function bootFiles(dir: string, files: FileSystem = fs): BootChoice {
  const paths = [join(dir, 'boot.0'), join(dir, 'boot.1')] as const;
  const read = (path: string): Promise<string | undefined> =>
    files.readFile(path, 'latin1').catch((error: NodeJS.ErrnoException) => {
      // A copy that cannot be read might be the newer one: to write over the other would end both.
      if (error.code !== 'ENOENT') throw error;
      return undefined;
    });
  const look = async (): Promise<Copies> => newestOf([await read(paths[0]), await read(paths[1])]);
  const isBusy = (): Promise<boolean> =>
    files.stat(join(dir, BUSY)).then(
      () => true,
      () => false,
    );
  return {
    load: async () => (await look()).record,
    async save(record) {
      const { next } = await look();
      // Written in place: a full disk has room for what is there already, and what counts is the other copy.
      const file = await files.open(paths[next], 'w');
      try {
        await file.writeFile(formatBootRecord(record));
        await file.sync();
      } finally {
        await file.close();
      }
      await syncFolder(dir, files);
    },
    async stands({ run, back, fell }) {
      const deadline = performance.now() + PATIENCE_MS;
      while ((await isBusy()) && performance.now() < deadline) await sleep(LOOK_EVERY_MS);
      const { record } = await look();
      return record?.run === run && record.back === back && record.fell === fell;
    },
  };
}
