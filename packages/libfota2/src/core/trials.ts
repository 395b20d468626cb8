import type { Notebook, Target, Vault } from './ports.ts';

/** How the versions at a place stand to each other. */
export interface Standing {
  /** SHA-256 of the image that is to run, lower-case hex; `undefined` where nothing was installed here yet. */
  readonly runs: string | undefined;
  /** It goes away again unless it is confirmed. */
  readonly isTried: boolean;
  /** It has been started: `false` while something older still runs, for the restart has not come yet. */
  readonly isStarted: boolean;
  /** SHA-256 of the image that was given up, until another one is installed in its stead. */
  readonly fell: string | undefined;
}

/**
 * A place in which a version is tried before it stays, whatever it is made of: folders, partitions, or another program's slots.
 * Give it to `createFota` and to `createAgent`.
 */
export interface Trials {
  readonly target: Target;
  readonly notebook: Notebook;
  readonly vault: Vault;
  standing(): Promise<Standing>;
  /** What runs has proven itself and stays. Resolves to whether it was being tried. Durable once resolved. */
  confirm(): Promise<boolean>;
  /** For boot loaders that count every start: tells them that this one, of what was confirmed before, is good. Confirms nothing. */
  readonly markGood?: (() => Promise<void>) | undefined;
  /** What runs does not hold: the next start is of the old version. Resolves to whether it was being tried. */
  giveUp(): Promise<boolean>;
}
