/** One agent a place: two would start two applications, and write one journal. */
import { readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '../failure.ts';
import { identityIn, identityText, isAlive, type ProcessIdentity, thisProcess } from './processes.ts';

const NAME = 'agent.lock';
/** Others may take the lock of a dead agent in the same moment. */
const TRIES = 5;

export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a place, also that of an agent which died. It is a symbolic link that leads nowhere and names its holder: made in one
 * step, and also on a full disk, for it takes no block.
 * @param onUnlocked hears that the disk takes no lock; what lies there runs all the same. Default: that is a failure
 * @throws CommandError `agent-running`, `file-unwritable`
 */
export async function lockPlace(dir: string, onUnlocked?: (why: string) => void): Promise<Lock> {
  const path = join(dir, NAME);
  const mine = identityText(thisProcess());
  try {
    for (let left = TRIES; left > 0; left -= 1) {
      if (await made(mine, path)) return { release: () => letGo(path, mine) };
      const holder = await holderIn(path);
      if (holder !== undefined && isAlive(holder)) throw running(dir, holder);
      await clearAway(path, holder, dir);
    }
    throw running(dir, undefined);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = `${dir} cannot be locked: ${message}`;
    if (onUnlocked === undefined || !isTheDisk(code)) throw new CommandError('file-unwritable', why, { cause: error });
    onUnlocked(why);
    return { release: async () => undefined };
  }
}

/** Whether that befalls anything that is to be written there: it can only be read, has no room, or is broken. */
export function isTheDisk(code: string | undefined): boolean {
  return ['EROFS', 'ENOSPC', 'EDQUOT', 'EIO'].includes(code ?? '');
}

/** Who holds the lock, dead or alive. */
async function holderIn(path: string): Promise<ProcessIdentity | undefined> {
  return identityIn(await readlink(path).catch(() => ''));
}

/** The agent that runs at a place. */
export async function runningAt(dir: string): Promise<ProcessIdentity | undefined> {
  const holder = await holderIn(join(dir, NAME));
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

async function made(text: string, path: string): Promise<boolean> {
  try {
    await symlink(text, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Takes away what a dead agent has left, and nothing that another one has put in its place meanwhile. */
async function clearAway(path: string, dead: ProcessIdentity | undefined, dir: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    // Another one was faster.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = await holderIn(aside);
  const isAnother = taken !== undefined && (taken.pid !== dead?.pid || taken.start !== dead.start);
  if (isAnother) await made(identityText(taken), path).catch(() => false);
  await rm(aside, { force: true });
  if (isAnother) throw running(dir, taken);
}

async function letGo(path: string, mine: string): Promise<void> {
  if ((await readlink(path).catch(() => '')) === mine) await rm(path, { force: true });
}

function running(dir: string, holder: ProcessIdentity | undefined): CommandError {
  const who = holder === undefined ? 'another agent' : `the agent with the process number ${holder.pid}`;
  return new CommandError('agent-running', `${who} works on ${dir} already`);
}
