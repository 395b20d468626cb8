import type { Rollout, WaveCounts } from './rollout.ts';
import { dueAt, missingConfirmations, NO_COUNTS, type Outlook } from './rollout-steps.ts';
import { counted } from './sentences.ts';
import { timeText } from './sentences-rollout.ts';
import { openingOf } from './windows.ts';

/** What a rollout will do next by itself, and what it waits for. */
export interface Next {
  /** `nothing`: only its operator can go on with it, or nothing is left to do. */
  readonly does: 'start' | 'advance' | 'complete' | 'nothing';
  /** Milliseconds since 1970: not earlier than then; `undefined`: time is not what it waits for. */
  readonly at: number | undefined;
  /** So many more devices of the open wave must confirm. */
  readonly confirmations: number;
  /** When its windows let it offer again; `undefined`: they do now, or time alone does not help. */
  readonly offersAt: number | undefined;
  /** All of it, in plain sentences. */
  readonly says: string;
}

/** What keeps a rollout from offering, whatever its own state. */
export interface Halted {
  /** The operator stopped all upgrades. */
  readonly isStopped: boolean;
  /** Its release is withdrawn. */
  readonly isWithdrawn: boolean;
}

export function nextOf(
  rollout: Rollout,
  counts: readonly WaveCounts[],
  halted: Halted,
  now: number,
  toCome: Outlook['toCome'],
): Next {
  const { state } = rollout;
  if (state === 'aborted') return nothing(AT_REST.aborted);
  const more = haltedText(halted);
  if (state === 'paused' || state === 'complete') return nothing([AT_REST[state], ...more].join(' '));
  const due = dueAt(rollout) ?? now;
  const at = due > now ? due : undefined;
  const { isOpen, changesAt } = openingOf(rollout.windows, rollout.timeZone, now);
  const offersAt = isOpen ? undefined : changesAt;
  const steps = state === 'scheduled' ? starting(rollout, at) : advancing(rollout, counts, at, toCome);
  const closed = isOpen ? [] : [`It offers nothing until ${when(rollout, offersAt)}, when its window opens.`];
  return { ...steps, at, offersAt, says: [steps.says, ...closed, ...more].join(' ') };
}

function haltedText({ isStopped, isWithdrawn }: Halted): string[] {
  return [
    ...(isWithdrawn ? ['Its release is withdrawn: nobody is offered it.'] : []),
    ...(isStopped ? ['All upgrades are stopped: it offers nothing until the stop is lifted.'] : []),
  ];
}

const AT_REST = {
  paused: 'It offers nothing until it is resumed.',
  complete: 'Every wave is open, and devices that come are offered the release.',
  aborted: 'It offers nothing any more.',
} as const;

type Steps = Pick<Next, 'does' | 'confirmations' | 'says'>;

function nothing(says: string): Next {
  return { does: 'nothing', at: undefined, confirmations: 0, offersAt: undefined, says };
}

function starting(rollout: Rollout, at: number | undefined): Steps {
  return {
    does: 'start',
    confirmations: 0,
    says: `Wave 1 opens ${at === undefined ? SOON : `at ${when(rollout, at)}`}.`,
  };
}

const SOON = 'in a moment';

function advancing(
  rollout: Rollout,
  counts: readonly WaveCounts[],
  at: number | undefined,
  toCome: Outlook['toCome'],
): Steps {
  const { wave, waves } = rollout;
  const here = counts[wave] ?? NO_COUNTS;
  const confirmations = missingConfirmations(rollout, here, toCome);
  const isLast = wave + 1 >= waves.length;
  const what = isLast ? 'It is complete' : `Wave ${wave + 2} opens`;
  const soaked = at === undefined ? [] : [`${confirmations > 0 ? 'not before' : 'at'} ${when(rollout, at)}`];
  const shown = confirmations > 0 ? [waiting(confirmations, here, toCome)] : [];
  const conditions = [...shown, ...soaked];
  const says = `${what} ${conditions.length === 0 ? SOON : conditions.join(', and ')}.`;
  return { does: isLast ? 'complete' : 'advance', confirmations, says };
}

function waiting(confirmations: number, here: WaveCounts, toCome = 0): string {
  const isUntouched = Object.values(here).every((count) => count === 0);
  if (isUntouched && confirmations === 1)
    return 'once a first device of this wave has confirmed (or none is known to be in it)';
  const more = toCome === 0 ? '' : `, ${toCome} heard of lately and not offered it yet`;
  return `once ${counted(confirmations, 'more device')} of this wave ${confirmations === 1 ? 'has' : 'have'} confirmed (${here['under-way']} under way${more})`;
}

function when({ timeZone }: Rollout, at: number | undefined): string {
  return at === undefined ? 'further notice' : timeText(at, timeZone);
}
