/**
 * What slots have in common, whatever they are made of: which of the two may be written, what lies in them, and how a version that is
 * being tried stays or goes.
 *
 * Invariant: the free slot is never the one that runs, nor the one to go back to. What is noted of an image counts only from the boot
 * record on that shows it.
 */
import { join } from 'node:path';
import type { BootChoice } from '../core/boot-choice.ts';
import { type BootRecord, confirmed, freeSlot, givenUp, type Slot, type Trial, tried } from '../core/boot-record.ts';
import { inTurn } from '../core/journal.ts';
import type { Standing } from '../core/trials.ts';
import { failure } from '../core.ts';
import { syncFolder } from './sync-folder.ts';
import { type FileSystem, fileNotebook } from './update-file.ts';

/** How long a new version may take to prove itself. */
export interface TrialOptions {
  /** Starts that a new version has to be confirmed in. Default 3; 1 to 99. */
  readonly tries?: number | undefined;
  /** Minutes from each start within which it must be confirmed; 0: no limit. Default 10; at most 9999. */
  readonly minutes?: number | undefined;
}

/** What two slots hold. */
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

/** What an image is known by. */
export interface ImageFacts {
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** An image, and the first boot record that knows of it. */
interface NotedImage extends ImageFacts {
  readonly generation: number;
}

/** Where two slots are, and who knows what runs. */
export interface TwoSlotsWorld {
  /** The folder of notes. */
  readonly root: string;
  /** The place for images, beside which unfinished notes are written. */
  readonly place: string;
  readonly boot: BootChoice;
  readonly trial: Trial;
  readonly files: FileSystem;
  /** The slot that runs; `undefined` where nothing was started here yet, or by nobody who tells. */
  readonly running: () => Promise<Slot | undefined>;
}

export interface TwoSlots {
  /** The slot that may be written now. @throws FotaError `unconfirmed` */
  free(): Promise<Slot>;
  /** Bytes of the image that is not to come again: of what runs, or of what was given up. */
  size(): Promise<number | undefined>;
  /** @throws FotaError `image-given-up` for an image that was given up here, `image-runs` for the one that is to run anyway */
  refuse(image: ImageFacts): Promise<void>;
  /**
   * Nothing leads to this slot any more, durably, not even where either copy of the boot record rots: from here on it may be overwritten.
   * Throws where it is not free.
   */
  vacate(slot: Slot): Promise<void>;
  /** Notes what lies in a slot, durably; it counts once the slot is shown. */
  note(slot: Slot, image: ImageFacts): Promise<void>;
  /** What lies in the slot is started next. Durable once resolved, and until then nothing has changed. */
  show(slot: Slot): Promise<void>;
  state(): Promise<SlotsState>;
  standing(): Promise<Standing>;
  confirm(): Promise<boolean>;
  giveUp(): Promise<boolean>;
}

export function twoSlots({ root, place, boot, trial, files, running }: TwoSlotsWorld): TwoSlots {
  const noteOf = (slot: Slot): string => join(root, 'slots', `${slot}.image`);
  const readNote = (slot: Slot): Promise<string> => files.readFile(noteOf(slot), 'utf8').catch(() => '');
  const writeNote = (slot: Slot, note: Note): Promise<void> =>
    fileNotebook(noteOf(slot), place, files).save(formatNote(note));
  /** Generation of the record that `vacate` wrote. */
  let vacated: number | undefined;

  /** Before the first record: what is started, else what runs, was put there by somebody else, and is as good as confirmed. */
  const recorded = async (): Promise<BootRecord | undefined> => {
    const record = await boot.load();
    if (record !== undefined) return record;
    const run = boot.unchosen ?? (await running());
    return run && { generation: 0, run, back: undefined, tries: 0, minutes: 0, fell: undefined };
  };
  const imageIn = async (slot: Slot, { generation }: BootRecord): Promise<NotedImage | undefined> => {
    const { images } = parseNote(await readNote(slot));
    return images.findLast((image) => image.generation <= generation);
  };
  const fallenOf = async (record: BootRecord | undefined): Promise<NotedImage | undefined> =>
    record?.fell && imageIn(record.fell, record);
  const freeOf = async (record: BootRecord | undefined): Promise<Slot> => {
    const slot = freeSlot(record);
    if (slot === undefined) {
      throw failure('unconfirmed', `${record?.run} is being tried and not confirmed: both slots are needed.`, 'store');
    }
    if ((await running()) === slot)
      throw failure('unconfirmed', `${slot} is not to run any more, but still does.`, 'store');
    return slot;
  };
  const mustBeFree = async (slot: Slot, record: BootRecord | undefined): Promise<void> => {
    if ((await freeOf(record)) !== slot) throw new Error(`slot ${slot} is no longer free`);
  };
  /** What is read, changed and written again must not be so by two at once. */
  const alone = <Result>(work: () => Promise<Result>): Promise<Result> => inTurn(`${place} boot record`, work);
  /** Once more where a launcher that had read the record before has written over it; what it has given up stays so. */
  const change = (decide: (record: BootRecord) => BootRecord | undefined): Promise<boolean> =>
    alone(async () => {
      const first = await boot.load();
      for (let record = first; record !== undefined && record.run === first?.run; record = await boot.load()) {
        const next = decide(record);
        if (next === undefined) return false;
        await boot.save(next);
        if ((await boot.stands?.(next)) ?? true) return true;
      }
      return false;
    });

  return {
    free: async () => freeOf(await recorded()),
    async size() {
      const record = await recorded();
      // A version that was given up is asked for as if it were there: it is not to come again.
      return record && (await imageIn(record.fell ?? record.run, record))?.size;
    },
    async refuse({ sha256 }) {
      const record = await recorded();
      const notes = [parseNote(await readNote('a')), parseNote(await readNote('b'))];
      const fallen = await fallenOf(record);
      if (fallen?.sha256 === sha256 || notes.some(({ givenUp }) => givenUp.includes(sha256))) {
        throw failure('image-given-up', 'This image was tried here, and given up.', 'store');
      }
      if (record !== undefined && (await imageIn(record.run, record))?.sha256 === sha256) {
        throw failure('image-runs', `This image is in slot ${record.run} already, which is to run.`, 'store');
      }
    },
    vacate: (slot) =>
      alone(async () => {
        await mustBeFree(slot, await recorded());
        const record = await boot.load();
        if (record === undefined || record.generation === vacated) return;
        const { givenUp, images } = parseNote(await readNote(slot));
        const shown = images.filter(({ generation }) => generation <= record.generation);
        // What never showed would count from this very record on.
        if (shown.length < images.length) await writeNote(slot, { givenUp, images: shown });
        const generation = record.generation + 1;
        await boot.save({ ...record, generation });
        vacated = generation;
      }),
    async note(slot, image) {
      const record = await recorded();
      // An installation that ends before it shows is as if it had never been: what was given up in this slot is still known then.
      const fallen = record?.fell === slot ? await fallenOf(record) : undefined;
      const noted = { ...image, generation: (record?.generation ?? 0) + 1 };
      const { givenUp } = parseNote(await readNote(slot));
      const known = givenUp.filter((sha256) => sha256 !== fallen?.sha256);
      await writeNote(
        slot,
        fallen === undefined
          ? { givenUp, images: [noted] }
          : { givenUp: [...known, fallen.sha256], images: [fallen, noted] },
      );
      await syncFolder(join(root, 'slots'), files);
      await syncFolder(root, files);
    },
    show: (slot) =>
      alone(async () => {
        const record = await recorded();
        await mustBeFree(slot, record);
        await boot.save(tried(record, slot, trial));
      }),
    async state() {
      const record = await recorded();
      const { run, back, tries = 0, fell } = record ?? {};
      return { run, back, tries, fell, fellSha256: (await fallenOf(record))?.sha256 };
    },
    async standing() {
      const record = await recorded();
      if (record === undefined) return { runs: undefined, isTried: false, isStarted: false, fell: undefined };
      return {
        runs: (await imageIn(record.run, record))?.sha256,
        isTried: record.back !== undefined,
        isStarted: (await running()) === record.run,
        fell: (await fallenOf(record))?.sha256,
      };
    },
    // What was started in its stead, because it could not be counted, proves nothing of what is being tried.
    async confirm() {
      const runs = await running();
      return change((record) => ((runs ?? record.run) === record.run ? confirmed(record) : undefined));
    },
    giveUp: () => change(givenUp),
  };
}

/** Options with their defaults. @throws RangeError for a number out of its range */
export function trialOf({ tries = 3, minutes = 10 }: TrialOptions, mostTries = 99): Trial {
  within('tries', tries, 1, mostTries);
  within('minutes', minutes, 0, 9_999);
  return { tries, minutes };
}

/** @throws RangeError */
export function within(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name} must be a whole number from ${least} to ${most}`);
}

/** What is noted of a slot. */
interface Note {
  /** SHA-256 of images that were given up in it, the latest ones last. */
  readonly givenUp: readonly string[];
  readonly images: readonly NotedImage[];
}

/** So many images that were given up in a slot are remembered. */
const MOST_GIVEN_UP = 8;

function formatNote({ givenUp, images }: Note): string {
  return [
    ...givenUp.slice(-MOST_GIVEN_UP).map((sha256) => `fell ${sha256}\n`),
    ...images.map(({ size, sha256, generation }) => `${size} ${sha256} ${generation}\n`),
  ].join('');
}

/** Lines of another form are passed over. */
function parseNote(text: string): Note {
  return {
    givenUp: [...text.matchAll(/^fell ([0-9a-f]{64})\n/gm)].map(([, sha256 = '']) => sha256),
    images: [...text.matchAll(/^(\d+) ([0-9a-f]{64}) (\d+)\n/gm)].map(([, size, sha256 = '', generation]) => ({
      size: Number(size),
      sha256,
      generation: Number(generation),
    })),
  };
}
