/**
 * What another program installed here, and what became of it: decided from what was noted before and what the machine says
 * of itself now. The boot is that program's, and its boot loader's; this only draws conclusions (docs/installers.md).
 */
import type { Standing } from './trials.ts';

export interface InstalledImage {
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What the machine says of itself. */
export interface Moment {
  /** Changes with every start of the machine; `undefined` where the system does not tell. */
  readonly boot: string | undefined;
  /** Names what runs, as a slot or a partition; `undefined` where that cannot be told. */
  readonly running: string | undefined;
}

/** The last image that the program was given. */
export interface Attempt extends InstalledImage {
  /** `begun`: the program was started, and nobody saw it end well. */
  readonly stage: 'begun' | 'installed' | 'given-up';
  /** The boot in which it came to this stage. */
  readonly boot?: string | undefined;
  /** What ran before it. */
  readonly before?: string | undefined;
}

/** What is noted. */
export interface Installed {
  /** The image that proved itself last. */
  readonly proven?: InstalledImage | undefined;
  /** The image that was given up, while the program works on another one in its stead. */
  readonly fallen?: InstalledImage | undefined;
  /** SHA-256 of images that were given up before other ones were installed, the latest ones last. */
  readonly givenUp?: readonly string[] | undefined;
  readonly attempt?: Attempt | undefined;
}

/** So many images that were given up are remembered. */
const MOST_GIVEN_UP = 8;

/**
 * - `none`: there was none, or it came to nothing;
 * - `waiting`: installed, and the machine has not been started since;
 * - `trying`: it runs, unconfirmed;
 * - `leaving`: given up, and runs still;
 * - `fell`: the machine runs what it ran before.
 */
export type Fate = 'none' | 'waiting' | 'trying' | 'leaving' | 'fell';

export function fateOf({ attempt }: Installed, now: Moment): Fate {
  if (attempt === undefined) return 'none';
  const known = attempt.before !== undefined && now.running !== undefined;
  const isOther = known && attempt.before !== now.running;
  const isSame = known && attempt.before === now.running;
  const isSameBoot = attempt.boot === now.boot;
  switch (attempt.stage) {
    case 'begun':
      // Something else runs: the program had done its work, whatever cut it off then.
      return isOther ? 'trying' : 'none';
    case 'installed':
      if (isOther) return 'trying';
      if (isSameBoot) return 'waiting';
      return isSame ? 'fell' : 'trying';
    case 'given-up':
      return isOther || (!known && isSameBoot) ? 'leaving' : 'fell';
  }
}

/** The image that was given up, until another one is installed in its stead. */
export function fallenOf(state: Installed, now: Moment): InstalledImage | undefined {
  const fate = fateOf(state, now);
  return fate === 'fell' || fate === 'leaving' ? state.attempt : state.fallen;
}

/** Whether this image was given up here, lately or before others were installed. */
export function isGivenUp(state: Installed, now: Moment, sha256: string): boolean {
  return givenUpIn(state, now).includes(sha256);
}

function givenUpIn(state: Installed, now: Moment): readonly string[] {
  const fallen = fallenOf(state, now)?.sha256;
  const before = state.givenUp ?? [];
  return fallen === undefined ? before : [...before.filter((sha256) => sha256 !== fallen), fallen];
}

/** Bytes that count as delivered: an image that was given up is asked for as if it were there, and so does not come again. */
export function sizeOf(state: Installed, now: Moment): number | undefined {
  const shown = isTried(fateOf(state, now)) ? state.attempt : state.proven;
  return (fallenOf(state, now) ?? shown)?.size;
}

export function standingOf(state: Installed, now: Moment): Standing {
  const fate = fateOf(state, now);
  const runs = isTried(fate) ? state.attempt : state.proven;
  return {
    runs: runs?.sha256,
    isTried: isTried(fate),
    isStarted: fate === 'trying' || fate === 'fell' || (fate === 'none' && runs !== undefined),
    fell: fallenOf(state, now)?.sha256,
  };
}

/** The program is about to be started. */
export function begun(state: Installed, image: InstalledImage, now: Moment): Installed {
  const { size, sha256 } = image;
  const attempt: Attempt = { stage: 'begun', size, sha256, boot: now.boot, before: now.running };
  const givenUp = givenUpIn(state, now).slice(-MOST_GIVEN_UP);
  return { proven: state.proven, fallen: imageOf(fallenOf(state, now)), givenUp, attempt };
}

/** The program is done. */
export function installed({ proven, givenUp, attempt }: Installed): Installed {
  return { proven, givenUp, attempt: attempt && { ...attempt, stage: 'installed' } };
}

/** What is tried has proven itself. */
export function proved({ givenUp, attempt }: Installed): Installed {
  return { proven: imageOf(attempt), givenUp };
}

/** What is tried does not hold. */
export function renounced({ proven, givenUp, attempt }: Installed, now: Moment): Installed {
  return { proven, givenUp, attempt: attempt && { ...attempt, stage: 'given-up', boot: now.boot } };
}

function isTried(fate: Fate): boolean {
  return fate === 'waiting' || fate === 'trying';
}

function imageOf(image: InstalledImage | undefined): InstalledImage | undefined {
  return image && { size: image.size, sha256: image.sha256 };
}
