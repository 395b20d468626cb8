import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiRollout } from '@libfota2/server';
import type { Invocation } from '../commands/command.ts';
import { CommandError, EXIT } from '../failure.ts';
import { dim, span, type Text, yellow } from '../output/text.ts';
import { clockTime } from '../output/words.ts';
import type { World } from '../world.ts';
import { progressLines, rolloutLine } from './show.ts';

const POLL_MS = 1_000;

/**
 * Shows a rollout until it is complete or aborted, or until Ctrl-C: on a terminal in one place, elsewhere a line, or with
 * --json a document on a line, whenever it has changed.
 */
export async function watchRollout(
  { out, world, signal, exitWith }: Invocation,
  get: () => Promise<ApiRollout>,
): Promise<void> {
  const ended = AbortSignal.any([signal(), out.gone]);
  const isShown = !out.isJson && world.stderr.isTTY === true;
  const live = out.live();
  let before: string | undefined;
  let rollout: ApiRollout | undefined;
  try {
    while (!ended.aborted) {
      const heard = await heardOf(get, ended);
      rollout = heard.rollout ?? rollout;
      if (isShown) live.show(framed(rollout, heard.trouble, world), '');
      else if (rollout !== undefined && changing(rollout) !== before) {
        before = changing(rollout);
        out.event(rollout, span(`${clockTime(new Date(world.now()).toISOString())}  `, rolloutLine(rollout)));
      }
      if (rollout?.state === 'complete' || rollout?.state === 'aborted') break;
      await sleep(POLL_MS, undefined, { signal: ended }).catch(() => undefined);
    }
  } finally {
    live.end();
  }
  if (isShown && rollout !== undefined) for (const line of progressLines(rollout, world.now())) out.line(line);
  if (rollout?.state === 'aborted') exitWith(EXIT.failed);
}

interface Heard {
  readonly rollout?: ApiRollout;
  /** Why nothing was heard. */
  readonly trouble?: string;
}

/** A server that is restarted comes back. @throws whatever else is wrong */
async function heardOf(get: () => Promise<ApiRollout>, ended: AbortSignal): Promise<Heard> {
  try {
    return { rollout: await get() };
  } catch (error) {
    if (ended.aborted) return {};
    if (error instanceof CommandError && error.code === 'server-unreachable') return { trouble: error.message };
    throw error;
  }
}

/** As many lines as the terminal has room for. */
function framed(rollout: ApiRollout | undefined, trouble: string | undefined, { now, stderr }: World): Text[] {
  // A serial console has none until somebody tells it.
  const [columns, rows] = [stderr.columns || 80, stderr.rows || 24];
  const shown = rollout === undefined ? [] : [...progressLines(rollout, now(), columns), ''];
  const remark = 'Ctrl-C ends the watching, not the rollout.';
  return [...shown.slice(0, rows - 2), trouble === undefined ? dim(remark) : yellow(`${trouble}; waiting for it …`)];
}

/** What must have changed for another line. */
function changing({ state, wave, why, counts }: ApiRollout): string {
  return JSON.stringify([state, wave, why, counts]);
}
