import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { basename, delimiter, join, resolve } from 'node:path';
import {
  begun,
  type Fate,
  fateOf,
  type Installed,
  type InstalledImage,
  installed,
  isGivenUp,
  type Moment,
  proved,
  renounced,
  sizeOf,
  standingOf,
} from '../core/installed.ts';
import { createJournal, inTurn } from '../core/journal.ts';
import { percentOf } from '../core/percent.ts';
import { encodeText } from '../core/platform.ts';
import type { Trials } from '../core/trials.ts';
import { failure, type Notebook } from '../core.ts';
import { nodeHash } from './hash.ts';
import { imageAt } from './image-at.ts';
import { endLeftovers, markOf } from './leftovers.ts';
import { bootedSlot, bootId } from './machine.ts';
import { runProgram } from './program.ts';
import { besides, type FileSystem, fileNotebook, fileTarget } from './update-file.ts';

/** How far a program is that installs. */
export interface InstallProgress {
  /** 0 to 100, as the program says; `undefined` where it does not. */
  readonly percent: number | undefined;
  /** What it wrote last, at most 400 characters. */
  readonly line: string;
}

/** A program that installs images, and how it is told what became of them. Each command is program and arguments; there is no shell. */
export interface InstallerOptions {
  /** Folder for the download, its notes and the journal. */
  readonly dir: string;
  /** Installs the image: `{file}` is its path; without `{file}` the program finds it at its standard input. Status 0: done. */
  readonly command: readonly string[];
  /** Says that what runs is good. Default: nobody needs to know. */
  readonly confirm?: readonly string[] | undefined;
  /** `confirm` is run also where nothing is being tried: for boot loaders that count every start, as RAUC's. Default false. */
  readonly confirmAlways?: boolean | undefined;
  /** Says that what runs is bad, so that the next start is of the old version. Default: nobody needs to know. */
  readonly giveUp?: readonly string[] | undefined;
  /**
   * Names what runs, differently for each slot; `undefined`: it cannot be told, and a new start of the machine counts as one of the new
   * version. Default: `rauc.slot=` of the kernel's command line, else its `root=`, where that names a partition.
   */
  readonly running?: (() => Promise<string | undefined>) | undefined;
  /** Milliseconds until the program is ended. Default 3 600 000, an hour; 1 to 2^31−1. */
  readonly timeoutMs?: number | undefined;
  /** Told what the program writes, at most ten times a second. Default: nobody. */
  readonly onProgress?: ((progress: InstallProgress) => void) | undefined;
}

const PLACE = 'update.bin';
const COPIES = ['update.bin.installer.0', 'update.bin.installer.1'] as const;
const FORMAT = 'installer 1 ';
const INSTALL_TIMEOUT_MS = 3_600_000;
/** For `confirm` and `giveUp`, which only set a mark. */
const TELL_TIMEOUT_MS = 60_000;
const TELL_EVERY_MS = 100;
const LONGEST_MS = 2 ** 31 - 1;
const FILE = '{file}';

/** Why nothing is installed. */
const UNCONFIRMED: Readonly<Partial<Record<Fate, string>>> = {
  waiting: 'What was installed last waits for a restart, and then for its confirmation.',
  trying: 'What runs is being tried and not confirmed: the other slot is its way back.',
  leaving: 'What was given up still runs: the other slot is where the next start leads.',
};

/**
 * Hands verified images to another program that knows the slots of this machine: `rauc`, `swupdate`, `mender`, `fwup`
 * (docs/installers.md). The slots and the boot are its own; here is known which image it was given, and what became of it.
 *
 * Invariant: the program gets nothing but whole images that every digest and signature holds for, and nothing while the version that
 * runs is not confirmed: it would be written over its way back.
 * @throws RangeError for an empty command or a time that is none
 */
export function installer(options: InstallerOptions, files: FileSystem = fs): Trials {
  const { command, confirm, giveUp, confirmAlways = false, timeoutMs = INSTALL_TIMEOUT_MS } = checked(options);
  const { running = () => bootedSlot(files), onProgress } = options;
  const root = resolve(options.dir);
  const place = join(root, PLACE);
  const copy = (name: string): Notebook => fileNotebook(join(root, name), place, files);
  const journal = createJournal<Installed>([copy(COPIES[0]), copy(COPIES[1])], digest);
  let image: InstalledImage | undefined;

  const look = async (): Promise<{ readonly state: Installed; readonly now: Moment; readonly fate: Fate }> => {
    const found = await journal.read();
    // Where both copies are rotten nothing is known; the program has a memory of its own.
    const state = found === undefined || found === 'damaged' ? {} : found;
    const now = { boot: await bootId(files), running: await running() };
    return { state, now, fate: fateOf(state, now) };
  };
  const free = async (): Promise<{ readonly state: Installed; readonly now: Moment }> => {
    const { state, now, fate } = await look();
    const reason = UNCONFIRMED[fate];
    if (reason !== undefined) throw failure('unconfirmed', reason, 'store');
    return { state, now };
  };

  const target = fileTarget(place, files, {
    async size() {
      const { state, now } = await look();
      return sizeOf(state, now);
    },
    async check() {
      await findProgram(command);
      const { state } = await free();
      if (state.attempt?.stage === 'begun') await endLeftovers(place);
    },
    async prepare(path, sha256) {
      const { state, now } = await free();
      image = await imageAt(path, files, sha256);
      if (isGivenUp(state, now, image.sha256)) {
        throw failure('image-given-up', 'This image was tried here, and given up.', 'store');
      }
      if (standingOf(state, now).runs === image.sha256) {
        throw failure('image-runs', 'This image was installed here last, and confirmed.', 'store');
      }
    },
    async show(path) {
      if (image === undefined) throw new Error('done must come first');
      const { state, now } = await free();
      const attempt = begun(state, image, now);
      // From here on it is known that the slot may hold half an image, whoever ends us.
      await journal.write(attempt);
      const hasFile = command.some((argument) => argument.includes(FILE));
      await runProgram({
        command: command.map((argument) => argument.replaceAll(FILE, path)),
        input: hasFile ? undefined : path,
        env: markOf(place),
        timeoutMs,
        onLine: onProgress && progressTo(onProgress),
      });
      await journal.write(installed(attempt));
      await files.rm(path, { force: true }).catch(() => undefined);
      return `the slots of ${basename(command[0] ?? '')}`;
    },
  });

  const tell = (words: readonly string[] | undefined): Promise<void> | undefined =>
    words && runProgram({ command: words, timeoutMs: TELL_TIMEOUT_MS });
  return {
    target,
    ...besides(place, files),
    async standing() {
      const { state, now } = await look();
      return standingOf(state, now);
    },
    // The program is told first: a cut in between is made good by telling it once more.
    confirm: () =>
      inTurn(`${place} trial`, async () => {
        const { state, fate } = await look();
        if (fate === 'trying' || (confirmAlways && UNCONFIRMED[fate] === undefined)) await tell(confirm);
        if (fate === 'trying') await journal.write(proved(state));
        return fate === 'trying';
      }),
    markGood: confirmAlways
      ? () =>
          inTurn(`${place} trial`, async () => {
            const { fate } = await look();
            if (fate !== 'trying' && UNCONFIRMED[fate] === undefined) await tell(confirm);
          })
      : undefined,
    giveUp: () =>
      inTurn(`${place} trial`, async () => {
        const { state, now, fate } = await look();
        if (fate !== 'trying') return false;
        await tell(giveUp);
        await journal.write(renounced(state, now));
        return true;
      }),
  };
}

function digest(text: string): string {
  const sum = nodeHash('sha-256');
  sum.update(encodeText(FORMAT + text));
  return sum.base64();
}

/** Whether there is such a program, before an image is loaded for it. */
async function findProgram([program = '']: readonly string[]): Promise<void> {
  // There it is a question of endings, too.
  if (process.platform === 'win32') return;
  const folders = program.includes('/') ? [''] : (process.env['PATH'] ?? '').split(delimiter);
  for (const folder of folders) {
    const isThere = fs.access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (await isThere) return;
  }
  throw failure('installer-failed', `${program} was not found, or may not be executed.`, 'store');
}

/** Tells each change of the percentage, other lines now and then. */
function progressTo(onProgress: (progress: InstallProgress) => void): (line: string) => void {
  let told = Number.NEGATIVE_INFINITY;
  let percent: number | undefined;
  let listener: typeof onProgress | undefined = onProgress;
  return (line) => {
    const before = percent;
    percent = percentOf(line) ?? percent;
    const now = performance.now();
    if (percent === before && now - told < TELL_EVERY_MS) return;
    told = now;
    try {
      listener?.({ percent, line });
    } catch (error) {
      // Not called again, and not swallowed: it goes where Node reports what nobody caught.
      listener = undefined;
      setImmediate(() => {
        throw error;
      });
    }
  };
}

function checked(options: InstallerOptions): InstallerOptions {
  const { timeoutMs = INSTALL_TIMEOUT_MS } = options;
  for (const name of ['command', 'confirm', 'giveUp'] as const) {
    const words: unknown = options[name];
    if (words === undefined && name !== 'command') continue;
    const isCommand = Array.isArray(words) && words.every((word) => typeof word === 'string') && words[0] !== '';
    if (!isCommand || words.length === 0) throw new RangeError(`${name} must be a program and its arguments, as texts`);
  }
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > LONGEST_MS) {
    throw new RangeError(`timeoutMs must be a whole number from 1 to ${LONGEST_MS}`);
  }
  return options;
}
