/** Rollouts, attempts and the global stop as the admin API says them, and a rollout as it is asked for. */
import type { RolloutLimits, Target, Threshold, Wave, WaveCounts, Window } from '../../domain/rollout.ts';
import { type RolloutRequest, specOf } from '../../domain/rollout-spec.ts';
import { NO_COUNTS, sumOf } from '../../domain/rollout-steps.ts';
import type { Stop } from '../../ports/rollouts.ts';
import type { StoredAttempt } from '../../ports.ts';
import type { RolloutProgress } from '../../usecases/rollout-desk.ts';
import type {
  ApiAttempt,
  ApiRollout,
  ApiRolloutLimits,
  ApiRolloutRequest,
  ApiStandings,
  ApiStop,
  ApiTarget,
  ApiTargetRequest,
  ApiThreshold,
  ApiWave,
  ApiWaveRequest,
  ApiWindow,
} from './rollout-api.ts';
import { iso, isoIf, known, lastAttemptView } from './views.ts';

/** Ids of a list that are shown where many rollouts are. */
const FEW_IDS = 5;

/** `isWhole`: lists of devices are shown as a whole. */
export function rolloutView({ rollout, release, counts, next }: RolloutProgress, isWhole: boolean): ApiRollout {
  const { startAt, createdAt, startedAt, waveOpenedAt, changedAt, endedAt, accepted: _, ...plain } = rollout;
  return known({
    ...plain,
    version: release.version,
    wave: rollout.wave + 1,
    next: known({ ...next, at: isoIf(next.at), offersAt: isoIf(next.offersAt) }),
    counts: standingsView(sumOf(counts)),
    target: targetView(rollout.target, isWhole),
    waves: rollout.waves.map((wave, place) => waveView(wave, place, counts[place] ?? NO_COUNTS, isWhole)),
    windows: rollout.windows.map(windowView),
    pause: { wave: thresholdView(rollout.pause.wave), overall: thresholdView(rollout.pause.overall) },
    limits: limitsView(rollout.limits),
    startAt: isoIf(startAt),
    createdAt: iso(createdAt),
    startedAt: isoIf(startedAt),
    waveOpenedAt: isoIf(waveOpenedAt),
    changedAt: iso(changedAt),
    endedAt: isoIf(endedAt),
  });
}

export function attemptView(attempt: StoredAttempt): ApiAttempt {
  const { project, id, firmwareName } = attempt;
  return { project, device: id, firmwareName, ...lastAttemptView(attempt) };
}

export function stopView({ isOn, why, at }: Stop): ApiStop {
  return known({ isOn, why, at: at === 0 ? undefined : iso(at) });
}

/** What is asked for, as the domain has it; its schema says already that there is just one of each choice. */
export function rolloutRequest(body: ApiRolloutRequest): RolloutRequest {
  const { target, waves, startAt, windows, confirm, ...plain } = body;
  return {
    ...plain,
    target: target && targetOf(target),
    waves: waves?.map(waveOf),
    startAt: startAt === undefined ? undefined : Date.parse(startAt),
    windows: windows?.map(windowOf),
    confirm: confirm && (confirm.count === undefined ? { percent: confirm.percent ?? 0 } : { count: confirm.count }),
  };
}

/** Refuses what no server would take, whatever it knows. @throws FotaServerError `rollout-invalid` */
export function checkRollout(body: ApiRolloutRequest): void {
  specOf(rolloutRequest(body));
}

function targetOf({ query, group, ids }: ApiTargetRequest): Target {
  if (query !== undefined) return { kind: 'query', query };
  return group === undefined ? { kind: 'list', ids: ids ?? [] } : { kind: 'group', group };
}

function waveOf({ percent, ids }: ApiWaveRequest): Wave {
  return percent === undefined ? { ids: ids ?? [] } : { percent };
}

function windowOf({ days, from, to }: ApiWindow): Window {
  return { days, from: minutesOf(from), to: minutesOf(to) };
}

function minutesOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * 60 + minutes;
}

function windowView({ days, from, to }: Window): ApiWindow {
  return { days, from: hourOf(from), to: hourOf(to) };
}

function hourOf(minutes: number): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function targetView(target: Target, isWhole: boolean): ApiTarget {
  return target.kind === 'list' ? { kind: 'list', ...listView(target.ids, isWhole) } : target;
}

function waveView(wave: Wave, place: number, counts: WaveCounts, isWhole: boolean): ApiWave {
  const who = 'ids' in wave ? listView(wave.ids, isWhole) : wave;
  return { wave: place + 1, ...who, counts: standingsView(counts) };
}

function listView(
  ids: readonly string[],
  isWhole: boolean,
): { readonly listed: number; readonly ids: readonly string[] } {
  return { listed: ids.length, ids: isWhole ? ids : ids.slice(0, FEW_IDS) };
}

function standingsView(counts: WaveCounts): ApiStandings {
  const { 'under-way': underWay, confirmed, failed, 'rolled-back': rolledBack, silent, superseded } = counts;
  return { underWay, confirmed, failed, rolledBack, silent, superseded };
}

function thresholdView(threshold: Threshold): ApiThreshold {
  return known({ ...threshold });
}

function limitsView(limits: RolloutLimits): ApiRolloutLimits {
  return known({ ...limits });
}
