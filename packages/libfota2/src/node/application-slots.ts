import * as fs from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Slot } from '../core/boot-record.ts';
import { inTurn } from '../core/journal.ts';
import type { Trials } from '../core/trials.ts';
import { failure } from '../core.ts';
import { bootFiles } from './boot-files.ts';
import { claimsBeside, isWrittenElsewhere, newWriter } from './claim.ts';
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
 * Invariant: the slot that is written is never the one that runs, nor the one to go back to, and has one writer, the one that the claim
 * names. The boot record changes last, and is all that changes what is started: whatever ends an installation before that leaves things as
 * they were.
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
    running: () => startedIn(root, files),
  });

  const claims = claimsBeside(place, files);
  /** What this installation has unpacked, or is about to. */
  let claimed: { readonly slot: Slot; readonly writer: string } | undefined;
  const alone = <Result>(work: () => Promise<Result>): Promise<Result> => inTurn(`${place} is written`, work);
  const isOurs = async (): Promise<boolean> =>
    claimed !== undefined && (await claims.load().catch(() => undefined))?.writer === claimed.writer;
  const mustBeOurs = async (slot: Slot): Promise<void> => {
    if (!(await isOurs())) throw new Error(`another installation has taken over slot ${slot}`);
  };
  const take = async (slot: Slot): Promise<void> => {
    if (isWrittenElsewhere(await claims.load())) {
      throw failure('unconfirmed', `Another process is installing in slot ${slot}.`, 'store');
    }
    const writer = newWriter(place);
    await claims.save({ slot, writer, kept: [] });
    claimed = { slot, writer };
  };
  /** Never throws: a claim that stays is in nobody's way once this process has gone. */
  const leave = async (): Promise<void> => {
    const { slot } = claimed ?? {};
    if (slot !== undefined && (await isOurs())) {
      await claims.save({ slot, writer: undefined, kept: [] }).catch(() => undefined);
    }
    claimed = undefined;
  };

  const target = fileTarget(place, files, {
    size: slots.size,
    check: async () => void (await slots.free()),
    // An archive unpacks to its own size at least, but for what its compression cannot shrink.
    room: async (size) => Math.max(0, size - (await bytesBelow(folderOf(await slots.free()), files))),
    prepare: (path, sha256) =>
      alone(async () => {
        const slot = await slots.free();
        const image = await imageAt(path, files, sha256);
        await slots.refuse(image);
        // More than may come out of it ends the unpacking, and is no matter of space.
        const wanted = Math.min(await unpackedBytes(path, files), maxBytes);
        await checkSpace(root, wanted - (await bytesBelow(folderOf(slot), files)), files);
        await take(slot);
        // Another process may have installed there since, and be running from it.
        await slots.vacate(slot);
        await mustBeOurs(slot);
        await files.rm(folderOf(slot), { recursive: true, force: true });
        await files.mkdir(folderOf(slot), { recursive: true });
        try {
          await unpack(path, folderOf(slot), files, { maxBytes, maxEntries }, fileName);
        } catch (error) {
          // A disk that is full of half a version would have no room for the next one.
          await mustBeOurs(slot);
          await files.rm(folderOf(slot), { recursive: true, force: true }).catch(() => undefined);
          throw error;
        }
        await slots.note(slot, image);
      }),
    show: (path) =>
      alone(async () => {
        if (claimed === undefined) throw new Error('done must come first');
        const { slot } = claimed;
        await mustBeOurs(slot);
        await slots.show(slot);
        // From here on it is installed, whatever becomes of what it was installed from.
        await files.rm(path, { force: true }).catch(() => undefined);
        await leave();
        return folderOf(slot);
      }),
    leave: () => alone(leave),
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
