/** What a rollout does, in plain sentences. */
import { printDuration } from '@libfota2/protocol';
import type { ApiRollout, ApiTarget, ApiThreshold, ApiWave, ApiWindow } from '@libfota2/server';
import { bytes, clockTime, counted } from '../output/words.ts';
import { daysText } from './words.ts';

/** Whom it is for. */
export function targetText({ kind, query, group, listed = 0 }: ApiTarget): string {
  if (kind === 'all') return 'all devices';
  if (kind === 'query') return `devices with ${query}`;
  return kind === 'group' ? `the group ${group}` : `a list of ${counted(listed, 'device')}`;
}

/** Who comes in by a wave. */
export function waveText({ percent, listed = 0 }: Pick<ApiWave, 'percent' | 'listed'>): string {
  return percent === undefined ? counted(listed, 'device') : `${percent} %`;
}

/** What it will do, from its beginning to its end. */
export function sentencesOf(rollout: ApiRollout): string[] {
  const { waves, mayDowngrade } = rollout;
  const shares = waves.map(waveText);
  const inWaves =
    waves.length === 1
      ? `in one wave: ${shares[0]}`
      : `in ${waves.length} waves: ${shares.slice(0, -1).join(', ')}, then ${shares.at(-1)}`;
  return [
    `It is for ${targetText(rollout.target)}, ${inWaves}.`,
    startText(rollout),
    ...windowsText(rollout),
    ...(waves.length === 1 ? [] : [`A wave opens when the one before ${conditions(rollout)}.`]),
    pauseText(rollout),
    ...(mayDowngrade ? ['Devices above the release are taken down to it, and kept there.'] : []),
    ...limitsText(rollout),
  ];
}

function startText({ startedAt, startAt }: ApiRollout): string {
  if (startedAt !== undefined) return `It began at ${clockTime(startedAt)}.`;
  return startAt === undefined ? 'It begins at once.' : `It begins at ${clockTime(startAt)}.`;
}

function conditions({ confirm, soakMs, silentAfterMs }: ApiRollout): string {
  const { count, percent } = confirm;
  const soaked = soakMs === 0 ? [] : [`was open for ${printDuration(soakMs)}`];
  const shown =
    count === 0
      ? []
      : [
          count === undefined
            ? `${percent} % of its devices that asked within ${printDuration(silentAfterMs)} have confirmed the release`
            : `${counted(count, 'device')} of it, or all where it has fewer, have confirmed the release`,
        ];
  const all = [...soaked, ...shown];
  return all.length === 0 ? 'is open' : all.join(' and ');
}

function pauseText({ pause, silentAfterMs }: ApiRollout): string {
  const limits = [...thresholdText(pause.wave, 'of the open wave'), ...thresholdText(pause.overall, 'of all waves')];
  if (limits.length === 0) return 'It never pauses by itself.';
  return `It pauses by itself once ${limits.join(', or ')} ended badly: failed, rolled back, or silent for ${printDuration(silentAfterMs)}.`;
}

function thresholdText({ count, percent, ofAtLeast }: ApiThreshold, where: string): string[] {
  return [
    ...(count === undefined ? [] : [`${counted(count, 'device')} ${where}`]),
    ...(percent === undefined ? [] : [`${percent} % of at least ${counted(ofAtLeast, 'device')} ${where}`]),
  ];
}

function windowsText({ windows, timeZone }: ApiRollout): string[] {
  if (windows.length === 0) return [];
  return [`It offers ${windows.map(windowText).join(', ')} by the clock of ${timeZone}.`];
}

function windowText({ days, from, to }: ApiWindow): string {
  const named = daysText(days);
  return `${named === '' ? '' : `${named} `}${from}-${to}`;
}

function limitsText({ limits }: ApiRollout): string[] {
  const { downloads, bytesPerHour, bytesPerDevicePerDay } = limits;
  const parts = [
    ...(downloads === undefined ? [] : [`${counted(downloads, 'download')} at once`]),
    ...(bytesPerHour === undefined ? [] : [`${bytes(bytesPerHour)} within an hour`]),
    ...(bytesPerDevicePerDay === undefined ? [] : [`${bytes(bytesPerDevicePerDay)} a day to one device`]),
  ];
  return parts.length === 0 ? [] : [`At most ${parts.join(', ')}.`];
}
