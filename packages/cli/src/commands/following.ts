import { setTimeout as sleep } from 'node:timers/promises';
import { isPassing } from '../client/passing.ts';
import { failureOf } from '../failure.ts';
import { printable } from '../output/words.ts';
import type { Invocation } from './command.ts';

export interface Following {
  /** The server has answered. */
  readonly isUp: () => void;
  /** Says something to people on stderr, with --json, too: silence would look like a quiet night. */
  readonly complain: (text: string) => void;
  readonly ended: AbortSignal;
}

const AGAIN_MS = 1_000;

/** Hears again and again, until somebody ends it. That the server is away is said once, and that it is back. */
export async function following(
  { out, world, signal }: Invocation,
  hear: (following: Following) => Promise<void>,
): Promise<void> {
  const ended = AbortSignal.any([signal(), out.gone]);
  const complain = (text: string): void => void (world.stderr.writable && world.stderr.write(`${printable(text)}\n`));
  let isDown = false;
  const isUp = (): void => {
    if (isDown) complain('… and it is back.');
    isDown = false;
  };
  while (!ended.aborted) {
    try {
      await hear({ isUp, complain, ended });
    } catch (error) {
      if (ended.aborted) return;
      if (!isPassing(error)) throw error;
      if (!isDown) complain(`${failureOf(error).message}; waiting for it …`);
      isDown = true;
    }
    await sleep(AGAIN_MS, undefined, { signal: ended }).catch(() => undefined);
  }
}
