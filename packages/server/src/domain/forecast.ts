/**
 * What a rollout would do: who gets the release, by which wave, from when at the earliest, and how many bytes that is. It
 * asks the same decision as devices do, of a rollout that runs with all its waves open, and of nothing else but time.
 */
import type { Attempt } from './attempt.ts';
import { isSameVersion, type Release } from './catalogue.ts';
import { type Decision, decide, type Lookup } from './decide.ts';
import type { Device } from './device.ts';
import { NO_USAGE, type Usage } from './limits.ts';
import { type Gate, gateOf, type Plan, planOf } from './plan.ts';
import { NO_LIMITS, type Rollout, type RolloutLimits } from './rollout.ts';
import { openingOf } from './windows.ts';

/**
 * Why a device gets nothing by a rollout: a rule, or what no rule has to say. `another-release`: it gets a release that the
 * rollout is not of, and the rollout's never; `runs-it` already; `under-way`: it has taken the package, and nothing more is known yet.
 */
export const OTHERWISE = [
  'id-missing',
  'project-unknown',
  'blocked',
  'unregistered',
  'firmware-unknown',
  'version-unreadable',
  'nothing-published',
  'pinned',
  'held-back',
  'newest',
  'floor',
  'base-missing',
  'untrusted',
  'not-targeted',
  'rollout-aborted',
  'rollout-scheduled',
  'later-wave',
  'rollout-paused',
  'outside-window',
  'rolled-back',
  'upgrade-loop',
  'stopped',
  'limit',
  'another-release',
  'runs-it',
  'under-way',
] as const;
export type Otherwise = (typeof OTHERWISE)[number];

/** What one device would get. */
export type Forecast =
  /** `first`: other releases that it must take before. */
  | { readonly gets: true; readonly wave: number; readonly bytes: number; readonly first: number }
  | { readonly gets: false; readonly why: Otherwise };

/** What a wave would do. */
export interface WaveForecast {
  /** Milliseconds since 1970: the earliest time at which a device gets something by it. */
  readonly from: number;
  readonly devices: number;
  readonly bytes: number;
  /** Milliseconds from then on that the limits of bytes an hour, and the windows, alone make of it. */
  readonly atLeastMs: number;
}

export interface RolloutForecast {
  /** From the first; waves that are open already begin now. */
  readonly waves: readonly WaveForecast[];
  /** Devices that get nothing by this rollout, by reason; those of other firmware are not counted. */
  readonly others: Readonly<Record<string, number>>;
}

/** What is asked of a rollout: `plan` without it, the gates of all others, and the releases of its firmware. */
export interface Supposed {
  readonly rollout: Rollout;
  readonly release: Release;
  readonly isTarget: Gate['isTarget'];
}

/** Releases that a device passes through on its way, at most. */
const MOST_STEPS = 20;

const noUsage = (): Usage => NO_USAGE;

/** Asks what each device would get. The plan holds everything else as it is now. */
export function forecaster(supposed: Supposed, now: Plan): (device: Device, lookup: Lookup, at: number) => Forecast {
  const { rollout, release } = supposed;
  const plan = withAllOpen(supposed, now);
  const key = [...plan.projects.values()].find(({ project }) => project.name === rollout.project)?.project.key;
  return (device, lookup, at) => {
    const { id, idKind, firmwareName } = device;
    if (isSameVersion(device.version, release.wireVersion)) return { gets: false, why: 'runs-it' };
    const { known } = lookup(device);
    if (rollout.wave >= 0 && isUnderWay(known?.attempt, rollout)) return { gets: false, why: 'under-way' };
    const keyRing = known?.keyRing || undefined;
    const moment = { now: at, usage: noUsage };
    let { version } = device;
    for (let first = 0; first < MOST_STEPS; first += 1) {
      const decision = decide({ id, idKind, firmwareName, version, projectKey: key, keyRing }, plan, lookup, moment);
      const forecast = outcome(decision, supposed, first);
      if (forecast !== undefined) return forecast;
      version = decision.answer === 'upgrade' ? decision.release.wireVersion : version;
    }
    return { gets: false, why: 'another-release' };
  };
}

/** What a decision makes of a device that took so many other releases before; `undefined`: it takes another one. */
function outcome(decision: Decision, { rollout, release }: Supposed, first: number): Forecast | undefined {
  if (decision.answer === 'refused') return { gets: false, why: first === 0 ? decision.rule : 'another-release' };
  const { package: chosen, wave } = decision;
  if (decision.rollout === rollout.id) return { gets: true, wave, bytes: chosen.size, first };
  const isPinned = decision.release.id === release.id && decision.rollout === undefined;
  return isPinned ? { gets: false, why: 'pinned' } : undefined;
}

function isUnderWay(attempt: Attempt | undefined, { id }: Rollout): boolean {
  return attempt?.rollout === id && (attempt.state === 'downloaded' || attempt.state === 'installed');
}

/** Adds up what devices would get. */
export interface Tally {
  add(forecast: Forecast): void;
  /** `limits`: of all downloads together. */
  sum(now: number, limits: RolloutLimits): RolloutForecast;
}

export function createTally(rollout: Rollout): Tally {
  const parts = rollout.waves.map(() => ({ devices: 0, bytes: 0, smallest: Number.POSITIVE_INFINITY, largest: 0 }));
  const others: Record<string, number> = {};
  return {
    add(one) {
      if (!one.gets) {
        others[one.why] = (others[one.why] ?? 0) + 1;
        return;
      }
      const part = parts[one.wave];
      if (part === undefined) return;
      part.devices += 1;
      part.bytes += one.bytes;
      part.smallest = Math.min(part.smallest, one.bytes);
      part.largest = Math.max(part.largest, one.bytes);
    },
    sum(now, limits) {
      const times = waveTimes(rollout, now);
      const ours = rollout.limits.bytesPerHour ?? Number.POSITIVE_INFINITY;
      const perHour = Math.min(ours, limits.bytesPerHour ?? Number.POSITIVE_INFINITY);
      const waves = parts.map((part, wave) => {
        const from = times[wave] ?? now;
        const atLeastMs = longestPauses(rollout, from, batchesOf(part, perHour));
        return { from, devices: part.devices, bytes: part.bytes, atLeastMs };
      });
      return { waves, others };
    },
  };
}

/** Adds up what these would get, where nothing limits all downloads together. */
export function forecastOf(rollout: Rollout, all: Iterable<Forecast>, now: number): RolloutForecast {
  const tally = createTally(rollout);
  for (const one of all) tally.add(one);
  return tally.sum(now, NO_LIMITS);
}

const HOUR_MS = 3_600_000;

/** In how many hours at least so much goes out; a package that is larger than the limit goes alone. */
function batchesOf(
  { devices, bytes, smallest, largest }: { devices: number; bytes: number; smallest: number; largest: number },
  perHour: number,
): number {
  if (devices === 0 || perHour === Number.POSITIVE_INFINITY) return 1;
  if (smallest !== largest) return Math.ceil(bytes / Math.max(perHour, largest));
  return Math.ceil(devices / Math.max(1, Math.floor(perHour / largest)));
}

/** Windows that are looked at; what takes longer takes as long as they say. */
const MOST_WINDOWS = 2_000;

/** Milliseconds from the first of so many batches to the last, an hour apart where windows are open, else at the next one. */
function longestPauses({ windows, timeZone }: Rollout, from: number, batches: number): number {
  let at = from;
  let left = batches - 1;
  if (windows.length === 0) return left * HOUR_MS;
  for (let looked = 0; left > 0 && looked < MOST_WINDOWS; looked += 1) {
    const closes = openingOf(windows, timeZone, at).changesAt;
    const fitting = closes === undefined ? left : Math.min(left, Math.ceil((closes - at) / HOUR_MS) - 1);
    at += fitting * HOUR_MS;
    left -= fitting;
    if (left === 0 || closes === undefined) break;
    const next = openingOf(windows, timeZone, at + HOUR_MS);
    at = next.isOpen ? at + HOUR_MS : (next.changesAt ?? at + HOUR_MS);
    left -= 1;
  }
  return at - from;
}

/** When each wave offers at the earliest: as soon as the one before has soaked, and a window is open. */
export function waveTimes(
  { startAt, soakMs, wave, waves, waveOpenedAt, windows, timeZone }: Rollout,
  now: number,
): number[] {
  const offers = (at: number): number => {
    const { isOpen, changesAt } = openingOf(windows, timeZone, at);
    return isOpen ? at : (changesAt ?? Number.POSITIVE_INFINITY);
  };
  const times: number[] = [];
  let opens = Math.max(now, startAt ?? now);
  for (let place = 0; place < waves.length; place += 1) {
    if (place < wave) times.push(now);
    else if (place === wave) {
      times.push(offers(now));
      opens = waveOpenedAt ?? now;
    } else {
      opens = place === 0 ? opens : Math.max(now, opens + soakMs);
      times.push(offers(opens));
    }
  }
  return times;
}

/** The plan in which the rollout runs with all its waves open, and its release is published. */
function withAllOpen({ rollout, release, isTarget }: Supposed, { projects, policy }: Plan): Plan {
  const open: Rollout = { ...rollout, state: 'running', wave: rollout.waves.length - 1, windows: [] };
  const ours = [...projects.values()].find(({ project }) => project.name === rollout.project);
  if (ours === undefined) return { projects, policy };
  const firmware = ours.firmwares.get(rollout.firmwareName);
  const known = [...(firmware?.published ?? []), ...(firmware?.floors ?? [])].filter(({ id }) => id !== release.id);
  const others = [...(firmware?.gates.values() ?? [])].flat().filter((gate) => gate.rollout.id !== rollout.id);
  const gate = gateOf(open, isTarget, { isOpen: true, changesAt: undefined });
  const releases = [...new Set(known), { ...release, state: 'published' as const }];
  return planOf([ours.project], releases, { ...policy, stopped: undefined }, [...others, gate]);
}
