import * as fs from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Slot } from '../core/boot-record.ts';
import type { Trials } from '../core/trials.ts';
import { bootFiles } from './boot-files.ts';
import { imageAt } from './image-at.ts';
import { startedIn } from './started-in.ts';
import { type SlotsState, type TrialOptions, trialOf, twoSlots, within } from './two-slots.ts';
import { unpack, unpackedBytes } from './unpack.ts';
import { besides, bytesBelow, checkSpace, type FileSystem, fileTarget } from './update-file.ts';

/** How an application is installed. */
export interface ApplicationSlotsOptions extends TrialOptions {
  /** Bytes that an archive may have unpacked. Default 4 GiB. */
  readonly maxUnpackedBytes?: number | undefined;
  /** Files and folders that an archive may have. Default 100 000. */
  readonly maxEntries?: number | undefined;
  /** The name of an image that is no archive. Default `app`. */
  readonly fileName?: string | undefined;
}

/** Two folders, of which one runs while the other is written: docs/slots.md. Give it to `configure` or `createFota`. */
export interface ApplicationSlots extends Trials {
  state(): Promise<SlotsState>;
}

/**
 * The slots of an application in `dir`: `slots/a` and `slots/b`, the boot record beside them, and `current`, which the
 * launcher points at what runs.
 *
 * Invariant: the slot that is written is never the one that runs, nor the one to go back to. The boot record changes last, and is all
 * that changes what is started: whatever ends an installation before that leaves things as they were.
 * @throws RangeError for a number out of its range
 */
export function applicationSlots(
  dir: string,
  options: ApplicationSlotsOptions = {},
  files: FileSystem = fs,
): ApplicationSlots {
  const { maxBytes, maxEntries, fileName } = limitsOf(options);
  const root = resolve(dir);
  const place = join(root, 'update.bin');
  const folderOf = (slot: Slot): string => join(root, 'slots', slot);
  const slots = twoSlots({
    root,
    place,
    boot: bootFiles(root, files),
    trial: trialOf(options),
    files,
    running: async () => startedIn(root),
    isStarted: async (slot) => (await fs.readlink(join(root, 'current')).catch(() => undefined)) === `slots/${slot}`,
  });

  const target = fileTarget(place, files, {
    size: slots.size,
    check: async () => void (await slots.free()),
    // An archive unpacks to its own size at least, but for what its compression cannot shrink.
    room: async (size) => Math.max(0, size - (await bytesBelow(folderOf(await slots.free()), files))),
    async prepare(path, sha256) {
      const slot = await slots.free();
      const image = await imageAt(path, files, sha256);
      await slots.refuseFallen(image);
      // More than may come out of it ends the unpacking, and is no matter of space.
      const wanted = Math.min(await unpackedBytes(path, files), maxBytes);
      await checkSpace(root, wanted - (await bytesBelow(folderOf(slot), files)), files);
      await files.rm(folderOf(slot), { recursive: true, force: true });
      await files.mkdir(folderOf(slot), { recursive: true });
      try {
        await unpack(path, folderOf(slot), files, { maxBytes, maxEntries }, fileName);
      } catch (error) {
        // A disk that is full of half a version would have no room for the next one.
        await files.rm(folderOf(slot), { recursive: true, force: true }).catch(() => undefined);
        throw error;
      }
      await slots.note(slot, image);
    },
    async show(path) {
      const slot = await slots.free();
      await slots.show(slot);
      // From here on it is installed, whatever becomes of what it was installed from.
      await files.rm(path, { force: true }).catch(() => undefined);
      return folderOf(slot);
    },
  });

  const { state, standing, confirm, giveUp } = slots;
  return { target, ...besides(place, files), state, standing, confirm, giveUp };
}

interface Limits {
  readonly maxBytes: number;
  readonly maxEntries: number;
  readonly fileName: string;
}

function limitsOf({
  maxUnpackedBytes: maxBytes = 4 * 1024 ** 3,
  maxEntries = 100_000,
  fileName = 'app',
}: ApplicationSlotsOptions): Limits {
  within('maxUnpackedBytes', maxBytes, 1, Number.MAX_SAFE_INTEGER);
  within('maxEntries', maxEntries, 1, Number.MAX_SAFE_INTEGER);
  if (!/^[\w.-]{1,100}$/.test(fileName) || /^\.+$/.test(fileName)) {
    throw new RangeError('fileName is no plain file name');
  }
  return { maxBytes, maxEntries, fileName };
}
