import { STANDINGS, type Standing } from './attempt.ts';
import { FotaServerError } from './errors.ts';
import type { Rollout, Threshold, WaveCounts } from './rollout.ts';

/** What a rollout did by itself, or was told to. */
export type RolloutChange = 'started' | 'advanced' | 'paused' | 'resumed' | 'complete' | 'aborted';

export interface Changed {
  readonly change: RolloutChange;
  readonly rollout: Rollout;
}

export const NO_COUNTS: WaveCounts = {
  'under-way': 0,
  confirmed: 0,
  failed: 0,
  'rolled-back': 0,
  silent: 0,
  superseded: 0,
};

/** Devices that failed, fell back or fell silent. */
export function badOf({ failed, silent, 'rolled-back': rolledBack }: WaveCounts): number {
  return failed + silent + rolledBack;
}

export function sumOf(counts: readonly WaveCounts[]): WaveCounts {
  const of = (standing: Standing): number => counts.reduce((sum, one) => sum + one[standing], 0);
  return Object.fromEntries(STANDINGS.map((standing) => [standing, of(standing)])) as WaveCounts;
}

/** What is known of the open wave besides its counts. */
export interface Outlook {
  /** No known device could come in by it, so that nobody is waited for. */
  readonly isEmpty: boolean;
  /** Devices heard of lately that will come in by it; `undefined`: nobody has looked, so that a share is of nobody knows how many. */
  readonly toCome: number | undefined;
}

/**
 * What a rollout does by itself now; `undefined`: nothing. One step: whoever asks asks again afterwards. Pausing comes
 * before all else, so that no wave opens, and nothing is complete, over a threshold.
 */
export function nextStep(
  rollout: Rollout,
  counts: readonly WaveCounts[],
  now: number,
  { isEmpty, toCome }: Outlook,
): Changed | undefined {
  const { state, startAt, wave, waves, waveOpenedAt = now, soakMs } = rollout;
  if (state === 'scheduled') {
    return startAt === undefined || now >= startAt ? changed(rollout, 'started', now, opened(0, now)) : undefined;
  }
  if (state !== 'running' && state !== 'complete') return undefined;
  const why = tooBad(rollout, counts);
  if (why !== undefined) return changed(rollout, 'paused', now, { state: 'paused', why, endedAt: undefined });
  if (state === 'complete') return undefined;
  // A clock that was set back must not hold a wave for longer than its soak time.
  const soaked = now - waveOpenedAt >= soakMs || now < waveOpenedAt;
  const isShown =
    missingConfirmations(rollout, counts[wave] ?? NO_COUNTS, toCome) === 0 &&
    (toCome !== undefined || 'count' in rollout.confirm);
  if (!soaked || !(isEmpty || isShown)) return undefined;
  if (wave + 1 < waves.length) return changed(rollout, 'advanced', now, opened(wave + 1, now));
  return changed(rollout, 'complete', now, {
    state: 'complete',
    why: 'all its waves are open, and their devices have shown the release',
    endedAt: now,
  });
}

/** Milliseconds since 1970 when time alone changes what `nextStep` says; `undefined`: never. */
export function dueAt({ state, startAt, waveOpenedAt, soakMs }: Rollout): number | undefined {
  if (state === 'scheduled') return startAt ?? 0;
  return state === 'running' && waveOpenedAt !== undefined ? waveOpenedAt + soakMs : undefined;
}

/** @throws FotaServerError `rollout-state` */
export function paused(rollout: Rollout, why: string, now: number): Changed {
  expectState(rollout, 'pause', 'scheduled', 'running', 'complete');
  return changed(rollout, 'paused', now, { state: 'paused', why, endedAt: undefined });
}

/** Goes on, and accepts what went wrong until now: only what comes after it counts. @throws FotaServerError `rollout-state` */
export function resumed(rollout: Rollout, counts: readonly WaveCounts[], now: number): Changed {
  expectState(rollout, 'resume', 'paused');
  const accepted = rollout.waves.map((_, place) => badOf(counts[place] ?? NO_COUNTS));
  // One that never began waits for its time again.
  const state = rollout.wave < 0 ? 'scheduled' : 'running';
  return changed(rollout, 'resumed', now, { state, accepted, why: '' });
}

/** Opens the next wave, whatever the present one has shown. @throws FotaServerError `rollout-state` */
export function skipped(rollout: Rollout, now: number): Changed {
  expectState(rollout, 'skip a wave of', 'scheduled', 'running');
  const { wave, waves } = rollout;
  if (wave + 1 < waves.length) return changed(rollout, wave < 0 ? 'started' : 'advanced', now, opened(wave + 1, now));
  throw new FotaServerError('rollout-state', `wave ${wave + 1} of rollout ${rollout.id} is its last`);
}

/** Never offers again. @throws FotaServerError `rollout-state` */
export function aborted(rollout: Rollout, why: string, now: number): Changed {
  expectState(rollout, 'abort', 'scheduled', 'running', 'paused', 'complete');
  return changed(rollout, 'aborted', now, { state: 'aborted', why, endedAt: now });
}

/** The same words whether a rollout is not there, or not for the one who asks. */
export function unknownRollout(id: number): FotaServerError {
  return new FotaServerError('rollout-unknown', `there is no rollout ${id}`);
}

function expectState({ id, state }: Rollout, what: string, ...states: readonly Rollout['state'][]): void {
  if (states.includes(state)) return;
  throw new FotaServerError('rollout-state', `cannot ${what} rollout ${id}: it is ${state}`);
}

function changed(rollout: Rollout, change: RolloutChange, now: number, parts: Partial<Rollout>): Changed {
  const startedAt = rollout.startedAt ?? (parts.wave === undefined ? undefined : now);
  return { change, rollout: { ...rollout, startedAt, changedAt: now, ...parts } };
}

function opened(wave: number, now: number): Partial<Rollout> {
  return { state: 'running', wave, waveOpenedAt: now, why: '' };
}

/**
 * How many more devices of a wave must show the release before the next one may open; 0: enough do. Where nobody was offered
 * it, nobody has shown anything. A share is of those that were offered it and those that are to come, else the first device
 * would speak for all; a number is at most all of them, else a small wave would wait for ever.
 */
export function missingConfirmations(
  { confirm }: Pick<Rollout, 'confirm'>,
  counts: WaveCounts,
  toCome: number | undefined,
): number {
  const { confirmed } = counts;
  const members = counts['under-way'] + confirmed + badOf(counts) + (toCome ?? 0);
  if ('percent' in confirm)
    return Math.max(confirmed > 0 ? 0 : 1, Math.ceil((members * confirm.percent - confirmed * 100) / 100));
  const wanted = toCome === undefined ? confirm.count : Math.min(confirm.count, Math.max(1, members));
  return Math.max(0, wanted - confirmed);
}

/** Whether it depends on the devices that are to come, if on anything but time, whether the next wave may open. */
export function dependsOnOutlook(rollout: Pick<Rollout, 'confirm'>, counts: WaveCounts): boolean {
  const { confirm } = rollout;
  if ('count' in confirm && counts.confirmed >= confirm.count) return false;
  return missingConfirmations(rollout, counts, 0) === 0;
}

/** Why it must pause, in a sentence; `undefined`: it need not. */
function tooBad({ wave, pause, accepted }: Rollout, counts: readonly WaveCounts[]): string | undefined {
  // Also of waves that came before: devices of theirs may fall silent long after the next one was opened.
  for (let place = wave; place >= 0; place -= 1) {
    const why = crossed(pause.wave, counts[place] ?? NO_COUNTS, accepted[place] ?? 0, `wave ${place + 1}`);
    if (why !== undefined) return why;
  }
  const acceptedInAll = accepted.reduce((sum, one) => sum + one, 0);
  return crossed(pause.overall, sumOf(counts), acceptedInAll, 'all waves');
}

function crossed(threshold: Threshold, counts: WaveCounts, accepted: number, where: string): string | undefined {
  const { count, percent, ofAtLeast } = threshold;
  const bad = Math.max(0, badOf(counts) - accepted);
  const ended = counts.confirmed + bad;
  const byCount = count !== undefined && bad >= count;
  const byPercent = percent !== undefined && bad > 0 && ended >= ofAtLeast && bad * 100 >= ended * percent;
  if (!byCount && !byPercent) return undefined;
  const parts = (['failed', 'rolled-back', 'silent'] as const)
    .filter((standing) => counts[standing] > 0)
    .map((standing) => `${counts[standing]} ${standing === 'rolled-back' ? 'rolled back' : standing}`);
  const limit = byCount ? `${count} ${count === 1 ? 'device' : 'devices'}` : `${percent} %`;
  const before = accepted > 0 ? ` (${accepted} of them accepted before)` : '';
  return `${where}: ${parts.join(', ')}${before}, of ${ended + accepted} that ended; the threshold is ${limit}`;
}
