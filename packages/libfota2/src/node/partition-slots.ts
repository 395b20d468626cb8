import * as fs from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { BootChoice } from '../core/boot-choice.ts';
import type { Slot } from '../core/boot-record.ts';
import type { Trials } from '../core/trials.ts';
import { bootFiles } from './boot-files.ts';
import { type Device, deviceAt, isRoot, mountOf, slotOfKernel } from './devices.ts';
import { newPartName } from './owner.ts';
import { partitionTarget, type Room } from './partition-target.ts';
import { startedIn } from './started-in.ts';
import { syncFolder } from './sync-folder.ts';
import { type SlotsState, type TrialOptions, trialOf, twoSlots, within } from './two-slots.ts';
import { besides, type FileSystem } from './update-file.ts';

/** Which partitions there are, and who starts what lies in them. */
export interface PartitionSlotsOptions extends TrialOptions {
  /** Path of the block device or the image file of slot a. */
  readonly a: string;
  /** Path of the block device or the image file of slot b. */
  readonly b: string;
  /** A folder on neither of them: for notes, trust and, by default, the boot record. One for each pair of partitions. */
  readonly dir: string;
  /** Who keeps the boot record. Default: the files `boot.0` and `boot.1` in `dir`, for the launcher. */
  readonly boot?: BootChoice | undefined;
  /**
   * The slot that this process runs from. Default: the one that the root of the machine lies on; else what the kernel was given as
   * `fota.slot=`; else what the launcher says. Where another one keeps the boot record and none of them tells, nothing is installed or confirmed.
   */
  readonly running?: Slot | (() => Promise<Slot | undefined>) | undefined;
  /**
   * Bytes that an image may have in a slot that is a file, which is made if need be and becomes as long as its image. Default: a file is like a
   * device; it is there, and stays as long as it is.
   */
  readonly maxFileBytes?: number | undefined;
}

/** Two partitions, of which one runs while the other is written: docs/partitions.md. Give it to `configure` or `createFota`. */
export interface PartitionSlots extends Trials {
  state(): Promise<SlotsState>;
}

/**
 * The slots of a machine in two partitions, or in two image files. An image is raw: what comes is what lies in the partition then.
 *
 * Invariant: nothing is ever written to the partition that runs, is mounted, or is the way back. What was written is synced and read back before
 * the boot record changes, and only the boot record changes what is started.
 * @throws RangeError for a number out of its range
 */
export function partitionSlots(options: PartitionSlotsOptions, files: FileSystem = fs): PartitionSlots {
  const { maxFileBytes } = options;
  if (maxFileBytes !== undefined) within('maxFileBytes', maxFileBytes, 1, Number.MAX_SAFE_INTEGER);
  const root = resolve(options.dir);
  const place = join(root, 'update.bin');
  const paths: Readonly<Record<Slot, string>> = { a: resolve(options.a), b: resolve(options.b) };

  const running = async (): Promise<Slot | undefined> => {
    if (typeof options.running === 'function') return options.running();
    return options.running ?? (await slotOfRoot(paths, files)) ?? (await slotOfKernel(files)) ?? startedIn(root, files);
  };
  const slots = twoSlots({
    root,
    place,
    boot: options.boot ?? bootFiles(root, files),
    trial: trialOf(options, options.boot?.mostTries),
    files,
    async running() {
      const slot = await running();
      // A boot loader goes back by itself, and leaves no word of it.
      if (slot !== undefined || options.boot === undefined) return slot;
      throw new Error(
        'nothing tells which slot this machine runs from: set `running` (place.running of the agent), or give fota.slot=a or fota.slot=b to its kernel',
      );
    },
  });

  const room = async (slot: Slot): Promise<Room> => {
    for (const one of ['a', 'b'] as const) await makeFolder(one);
    const device = await deviceOf(slot);
    const other = await deviceAt(paths[slot === 'a' ? 'b' : 'a'], files).catch(() => undefined);
    if (other?.id === device.id) throw new Error(`${other.path} and ${device.path} are the same`);
    const point = await mountOf(device, files);
    if (point !== undefined) throw new Error(`${device.path} is mounted at ${point}, so nothing can be written to it`);
    const isGrowing = maxFileBytes !== undefined && !device.isBlock;
    return { device, isGrowing, limit: isGrowing ? maxFileBytes : device.bytes };
  };
  const deviceOf = (slot: Slot): Promise<Device> =>
    deviceAt(paths[slot], files).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' || maxFileBytes === undefined) throw error;
      await (await files.open(paths[slot], 'a')).close();
      await syncFolder(dirname(paths[slot]), files);
      return deviceAt(paths[slot], files);
    });
  /** The folder of a slot has a link to its device, for commands under the launcher. */
  const makeFolder = async (slot: Slot): Promise<void> => {
    const folder = join(root, 'slots', slot);
    await files.mkdir(folder, { recursive: true });
    if (options.boot !== undefined) return;
    const link = join(folder, 'image');
    const isInside = paths[slot].startsWith(`${root}/`);
    const to = isInside ? relative(folder, paths[slot]) : paths[slot];
    if ((await files.readlink(link).catch(() => undefined)) === to) return;
    const next = newPartName(place);
    await files.symlink(to, next);
    await files.rename(next, link);
    await syncFolder(folder, files);
  };

  const target = partitionTarget({ place, slots, files, room });
  const { state, standing, confirm, giveUp } = slots;
  return { target, ...besides(place, files), state, standing, confirm, giveUp };
}

async function slotOfRoot(paths: Readonly<Record<Slot, string>>, files: FileSystem): Promise<Slot | undefined> {
  for (const slot of ['a', 'b'] as const) {
    const device = await deviceAt(paths[slot], files).catch(() => undefined);
    if (device !== undefined && (await isRoot(device, files))) return slot;
  }
  return undefined;
}
