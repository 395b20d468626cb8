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

/**
 * What a rollout does by itself now; `undefined`: nothing. One step: whoever asks asks again afterwards. Pausing comes
 * before all else, so that no wave opens, and nothing is complete, over a threshold.
 *
 * `isEmpty`: no known device could come in by the open wave, so that nobody is waited for.
 */
export function nextStep(
  rollout: Rollout,
  counts: readonly WaveCounts[],
  now: number,
  isEmpty: boolean,
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
  if (!soaked || !(isEmpty || missingConfirmations(rollout, counts[wave] ?? NO_COUNTS) === 0)) return undefined;
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
 * it, nobody has shown anything.
 */
export function missingConfirmations({ confirm }: Rollout, counts: WaveCounts): number {
  const { confirmed } = counts;
  if ('count' in confirm) return Math.max(0, confirm.count - confirmed);
  const offered = counts['under-way'] + confirmed + badOf(counts);
  return Math.max(confirmed > 0 ? 0 : 1, Math.ceil((offered * confirm.percent - confirmed * 100) / 100));
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
