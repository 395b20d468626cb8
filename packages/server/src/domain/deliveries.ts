import type { ReleasePackage } from './catalogue.ts';
import type { Spent } from './rollout.ts';

/** The deliveries of one package, whole or on their way, to a device that kept its version. */
export interface Deliveries {
  readonly sha256: string;
  /** The version that the device told each time. */
  readonly version: string;
  /** Within a day of `since`, but for those that broke off. */
  readonly count: number;
  /** How many broke off and were taken back since then. */
  readonly takenBack: number;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** A device that asks every four hours comes to six a day. */
const FORGIVEN_A_DAY = 20;

const DAY_MS = 24 * 3_600_000;

/** Counts a delivery: on, where the device was sent the same package on the same version within the same day. */
export function afterDelivery(
  before: Deliveries | undefined,
  sent: ReleasePackage,
  version: string,
  now: number,
): Deliveries {
  const { sha256 } = sent;
  const isSame = before !== undefined && before.sha256 === sha256 && before.version === version;
  if (!isSame || !isSameDay(before.since, now)) return { sha256, version, count: 1, takenBack: 0, since: now };
  return { ...before, count: before.count + 1 };
}

/** Takes a delivery back that broke off, or counts it after all, once the device has fetched the rest. */
export function corrected(
  before: Deliveries | undefined,
  { sha256, version }: Pick<Deliveries, 'sha256' | 'version'>,
  by: 1 | -1,
): Deliveries | undefined {
  if (before === undefined || before.sha256 !== sha256 || before.version !== version) return before;
  if (by === 1) return { ...before, count: before.count + 1 };
  // They cost their data plan, too: only so many are forgiven.
  if (before.takenBack >= FORGIVEN_A_DAY) return before;
  return { ...before, count: Math.max(0, before.count - 1), takenBack: before.takenBack + 1 };
}

/** The count reaches the limit only within a day; from then on the device is held, however long it waits. */
export function isLoop(
  deliveries: Deliveries | undefined,
  next: ReleasePackage,
  version: string,
  limit: number,
): boolean {
  if (deliveries === undefined || deliveries.count < limit) return false;
  return deliveries.sha256 === next.sha256 && deliveries.version === version;
}

/** Adds bytes to what went to a device within its day; takes them back with a negative number. */
export function afterSpending(before: Spent | undefined, bytes: number, now: number): Spent {
  return { bytes: Math.max(0, spentToday(before, now) + bytes), since: isOfToday(before, now) ? before.since : now };
}

export function spentToday(spent: Spent | undefined, now: number): number {
  return isOfToday(spent, now) ? spent.bytes : 0;
}

function isOfToday(spent: Spent | undefined, now: number): spent is Spent {
  return spent !== undefined && isSameDay(spent.since, now);
}

/** A clock that was set back must neither hold a device early nor never. */
function isSameDay(since: number, now: number): boolean {
  return now - since >= 0 && now - since < DAY_MS;
}
