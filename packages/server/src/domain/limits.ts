import { spentToday } from './deliveries.ts';
import type { RolloutLimits, Spent } from './rollout.ts';

/** What is being downloaded, and was within the last hour. */
export interface Usage {
  readonly downloads: number;
  readonly bytesLastHour: number;
}

export const NO_USAGE: Usage = { downloads: 0, bytesLastHour: 0 };

/** Which limit one more download of `size` bytes would cross; `undefined`: none. */
export function limitReached(
  limits: RolloutLimits,
  usage: Usage,
  spent: Spent | undefined,
  size: number,
  now: number,
): keyof RolloutLimits | undefined {
  const { downloads, bytesPerHour, bytesPerDevicePerDay } = limits;
  if (bytesPerDevicePerDay !== undefined && isOver(spentToday(spent, now), size, bytesPerDevicePerDay)) {
    return 'bytesPerDevicePerDay';
  }
  if (downloads !== undefined && usage.downloads >= downloads) return 'downloads';
  return bytesPerHour !== undefined && isOver(usage.bytesLastHour, size, bytesPerHour) ? 'bytesPerHour' : undefined;
}

/** A package that is larger than the limit goes through alone: else nobody would ever get it. */
function isOver(used: number, size: number, limit: number): boolean {
  return used > 0 && used + size > limit;
}

/** Seconds after which a device may try again. */
export const LIMIT_RETRY_S: Readonly<Record<keyof RolloutLimits, number>> = {
  downloads: 60,
  bytesPerHour: 600,
  bytesPerDevicePerDay: 3_600,
};
