/** Whether a download may begin, or a new version be started: by the hours of the day, and by who is asked. */
import type { Window } from '@libfota2/server/domain';
import type { Consent, Release } from 'libfota2/agent';
import { clockTime } from '../output/words.ts';
import { type HookEnd, runHook } from './hook.ts';
import type { CommandWords } from './kinds.ts';
import { opensAt } from './windows.ts';

export interface ConsentOptions {
  readonly windows: readonly Window[];
  readonly command: CommandWords | undefined;
  /** Where it runs. */
  readonly folder: string;
  /** Milliseconds until it is asked again. */
  readonly againMs: number;
  readonly signal: AbortSignal;
}

/** The exit code of a temporary failure (sysexits.h). */
const NOT_YET = 75;
const COMMAND_MS = 60_000;
/** The clock of a device may be set in the midst of a wait. */
const LONGEST_MS = 15 * 60_000;
const WEEK_MS = 7 * 86_400_000;

/** `onOdd` hears of an answer that is none: it counts as not yet. */
export function consentBy(
  { windows, command, folder, againMs, signal }: ConsentOptions,
  now: () => number,
  onOdd: (message: string) => void,
): (release: Release) => Promise<Consent> {
  return async (release) => {
    const wall = now();
    const opens = opensAt(windows, wall) ?? wall + WEEK_MS;
    if (opens > wall) {
      const when = clockTime(new Date(opens).toISOString()).slice(0, -3);
      return { reason: `not before ${when}`, forMs: Math.min(opens - wall, LONGEST_MS) };
    }
    if (command === undefined) return true;
    const end = await runHook(command, { cwd: folder, env: variables(release), withinMs: COMMAND_MS, signal });
    if (end.code === 0) return true;
    if (end.code !== NOT_YET) onOdd(oddity(command, end));
    return { reason: end.line || `${command[0]} says not yet`, forMs: againMs };
  };
}

function oddity([program]: CommandWords, { code, line }: HookEnd): string {
  if (code === undefined) return line;
  return `${program} ended with ${code}, which is neither 0 for yes nor ${NOT_YET} for not yet${line && `: ${line}`}`;
}

/** What the command gets to know; empty: not known. */
function variables({ version, size, sha256 }: Release): Readonly<Record<string, string>> {
  return { FOTA_VERSION: version ?? '', FOTA_SIZE: String(size ?? ''), FOTA_SHA256: sha256 ?? '' };
}
