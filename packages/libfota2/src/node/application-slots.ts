import { realpathSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type BootRecord, confirmed, freeSlot, givenUp, type Slot, type Trial, tried } from '../core/boot-record.ts';
import type { Trials } from '../core/trials.ts';
import { failure } from '../core.ts';
import { bootFiles } from './boot-files.ts';
import { hashed } from './hashed.ts';
import { syncFolder } from './sync-folder.ts';
import { unpack } from './unpack.ts';
import { besides, type FileSystem, fileNotebook, fileTarget } from './update-file.ts';

/** How an application is installed. */
export interface ApplicationSlotsOptions {
  /** Starts that a new version has to be confirmed in. Default 3; 1 to 99. */
  readonly tries?: number | undefined;
  /** Minutes from each start within which it must be confirmed; 0: no limit. Default 10; at most 9999. */
  readonly minutes?: number | undefined;
  /** Bytes that an archive may have unpacked. Default 4 GiB. */
  readonly maxUnpackedBytes?: number | undefined;
  /** Files and folders that an archive may have. Default 100 000. */
  readonly maxEntries?: number | undefined;
  /** The name of an image that is no archive. Default `app`. */
  readonly fileName?: string | undefined;
}

/** What the slots of an application hold. */
export interface SlotsState {
  /** Nothing was installed yet: `undefined`. */
  readonly run: Slot | undefined;
  /** `run` waits for `confirm`; else this is where it goes back to. */
  readonly back: Slot | undefined;
  /** Starts that are left before it goes back. */
  readonly tries: number;
  /** The slot whose version was given up, until another one is installed there. */
  readonly fell: Slot | undefined;
  /** SHA-256 of the image that was given up. Its slot may hold the beginning of another by now. */
  readonly fellSha256: string | undefined;
}

/** Two folders, of which one runs while the other is written: docs/slots.md. Give it to `configure` or `createFota`. */
export interface ApplicationSlots extends Trials {
  state(): Promise<SlotsState>;
}

const DEFAULTS = { tries: 3, minutes: 10, maxUnpackedBytes: 4 * 1024 ** 3, maxEntries: 100_000, fileName: 'app' };

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
  const { tries, minutes, maxUnpackedBytes, maxEntries, fileName } = withDefaults(options);
  const trial: Trial = { tries, minutes };
  const root = resolve(dir);
  const boot = bootFiles(root, files);
  const place = join(root, 'update.bin');
  const folderOf = (slot: Slot): string => join(root, 'slots', slot);
  const noteOf = (slot: Slot): string => join(root, 'slots', `${slot}.image`);

  const free = (record: BootRecord | undefined): Slot => {
    const slot = freeSlot(record);
    if (slot === undefined) {
      throw failure('unconfirmed', `${record?.run} is being tried and not confirmed: both slots are needed.`, 'store');
    }
    if (startedIn(root) === slot) throw failure('unconfirmed', `${slot} was given up, but still runs.`, 'store');
    return slot;
  };
  /**
   * Of the image that was installed in a slot. What an installation notes counts only from the record on that shows it: one that
   * ended before is as if it had never been, and what was given up there is still known.
   */
  const imageIn = async (slot: Slot, { generation }: BootRecord): Promise<NotedImage | undefined> => {
    const text = await files.readFile(noteOf(slot), 'utf8').catch(() => '');
    return imagesOf(text).findLast((image) => image.generation <= generation);
  };
  const change = async (decide: (record: BootRecord) => BootRecord | undefined): Promise<boolean> => {
    const record = await boot.load();
    const next = record && decide(record);
    if (next === undefined) return false;
    await boot.save(next);
    return true;
  };

  const target = fileTarget(place, files, {
    async size() {
      const record = await boot.load();
      // A version that was given up is asked for as if it were there: it is not to come again.
      return record && (await imageIn(record.fell ?? record.run, record))?.size;
    },
    check: async () => void free(await boot.load()),
    async prepare(path) {
      const record = await boot.load();
      const slot = free(record);
      const image = await hashed(path, files);
      const fallen = record?.fell && (await imageIn(record.fell, record));
      if (fallen?.sha256 === image.sha256) {
        throw failure('image-given-up', 'This image was tried here, and given up.', 'store');
      }
      await files.rm(folderOf(slot), { recursive: true, force: true });
      await files.mkdir(folderOf(slot), { recursive: true });
      try {
        await unpack(path, folderOf(slot), files, { maxBytes: maxUnpackedBytes, maxEntries }, fileName);
      } catch (error) {
        // A disk that is full of half a version would have no room for the next one.
        await files.rm(folderOf(slot), { recursive: true, force: true }).catch(() => undefined);
        throw error;
      }
      const noted = { ...image, generation: (record?.generation ?? 0) + 1 };
      await fileNotebook(noteOf(slot), place, files).save(formatImages(fallen ? [fallen, noted] : [noted]));
      await syncFolder(join(root, 'slots'), files);
      await syncFolder(root, files);
    },
    async show(path) {
      const record = await boot.load();
      const slot = free(record);
      await boot.save(tried(record, slot, trial));
      // From here on it is installed, whatever becomes of what it was installed from.
      await files.rm(path, { force: true }).catch(() => undefined);
      return folderOf(slot);
    },
  });

  return {
    target,
    ...besides(place, files),
    async state() {
      const record = await boot.load();
      const { run, back, tries: left = 0, fell } = record ?? {};
      const fallen = record && fell && (await imageIn(fell, record));
      return { run, back, tries: left, fell, fellSha256: fallen?.sha256 };
    },
    async standing() {
      const record = await boot.load();
      if (record === undefined) return { runs: undefined, isTried: false, isStarted: false, fell: undefined };
      const fallen = record.fell && (await imageIn(record.fell, record));
      const shown = await fs.readlink(join(root, 'current')).catch(() => undefined);
      return {
        runs: (await imageIn(record.run, record))?.sha256,
        isTried: record.back !== undefined,
        isStarted: shown === `slots/${record.run}`,
        fell: fallen?.sha256,
      };
    },
    // What the launcher started in its stead, because it could not count, proves nothing of what is being tried.
    confirm: () => change((record) => ((startedIn(root) ?? record.run) === record.run ? confirmed(record) : undefined)),
    giveUp: () => change(givenUp),
  };
}

/** The slot in which the launcher started this process; `undefined` where it was started otherwise. */
function startedIn(root: string): string | undefined {
  const { FOTA_DIR: dir, FOTA_SLOT: slot } = process.env;
  return dir !== undefined && realPath(dir) === realPath(root) ? slot : undefined;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It is not there, and so nothing was started from it.
    return path;
  }
}

function withDefaults(options: ApplicationSlotsOptions): typeof DEFAULTS {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const all = { ...DEFAULTS, ...given };
  const within = (name: 'tries' | 'minutes' | 'maxUnpackedBytes' | 'maxEntries', least: number, most: number): void => {
    const value = all[name];
    if (Number.isInteger(value) && value >= least && value <= most) return;
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}`);
  };
  within('tries', 1, 99);
  within('minutes', 0, 9_999);
  within('maxUnpackedBytes', 1, Number.MAX_SAFE_INTEGER);
  within('maxEntries', 1, Number.MAX_SAFE_INTEGER);
  if (!/^[\w.-]{1,100}$/.test(all.fileName) || /^\.+$/.test(all.fileName))
    throw new RangeError('fileName is no plain file name');
  return all;
}

/** An image, and the first boot record that knows of it. */
interface NotedImage {
  readonly size: number;
  readonly sha256: string;
  readonly generation: number;
}

function formatImages(images: readonly NotedImage[]): string {
  return images.map(({ size, sha256, generation }) => `${size} ${sha256} ${generation}\n`).join('');
}

function imagesOf(text: string): readonly NotedImage[] {
  return [...text.matchAll(/^(\d+) ([0-9a-f]{64}) (\d+)\n/gm)].map(([, size, sha256 = '', generation]) => ({
    size: Number(size),
    sha256,
    generation: Number(generation),
  }));
}
