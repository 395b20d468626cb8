/**
 * What a rollout would do: who gets the release, by which wave, from when at the earliest, and how many bytes that is. It
 * asks the same decision as devices do, of a rollout that runs with all its waves open, and of nothing else but time.
 */
import type { Release } from './catalogue.ts';
import { decide, type Lookup } from './decide.ts';
import type { Device } from './device.ts';
import { NO_USAGE } from './limits.ts';
import { type Gate, gateOf, type Plan, planOf } from './plan.ts';
import type { Rollout } from './rollout.ts';
import type { RefusingRule } from './rules.ts';
import { openingOf } from './windows.ts';

/** What one device would get. */
export type Forecast =
  | { readonly gets: true; readonly wave: number; readonly bytes: number }
  /** By `rule`; `gets another`: a release that this rollout is not of. */
  | { readonly gets: false; readonly rule: RefusingRule | 'another-release' };

/** What a wave would do. */
export interface WaveForecast {
  /** Milliseconds since 1970: the earliest time at which a device gets something by it. */
  readonly from: number;
  readonly devices: number;
  readonly bytes: number;
  /** Milliseconds that the limit of bytes an hour alone makes of it; 0: there is none. */
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

/** Asks what each device would get. The plan holds everything else as it is now. */
export function forecaster(supposed: Supposed, now: Plan): (device: Device, lookup: Lookup, at: number) => Forecast {
  const { rollout } = supposed;
  const plan = withAllOpen(supposed, now);
  const key = [...plan.projects.values()].find(({ project }) => project.name === rollout.project)?.project.key;
  return (device, lookup, at) => {
    const { id, idKind, firmwareName, version } = device;
    const moment = { now: at, usage: () => NO_USAGE };
    const decision = decide({ id, idKind, firmwareName, version, projectKey: key }, plan, lookup, moment);
    if (decision.answer === 'refused') return { gets: false, rule: decision.rule };
    if (decision.rollout !== rollout.id) return { gets: false, rule: 'another-release' };
    return { gets: true, wave: decision.wave, bytes: decision.package.size };
  };
}

/** Adds up what devices would get. */
export function forecastOf(rollout: Rollout, all: Iterable<Forecast>, now: number): RolloutForecast {
  const devices = rollout.waves.map(() => 0);
  const bytes = rollout.waves.map(() => 0);
  const others: Record<string, number> = {};
  for (const one of all) {
    if (one.gets) {
      devices[one.wave] = (devices[one.wave] ?? 0) + 1;
      bytes[one.wave] = (bytes[one.wave] ?? 0) + one.bytes;
    } else others[one.rule] = (others[one.rule] ?? 0) + 1;
  }
  const from = waveTimes(rollout, now);
  const perHour = rollout.limits.bytesPerHour;
  const waves = rollout.waves.map((_, wave) => ({
    from: from[wave] ?? now,
    devices: devices[wave] ?? 0,
    bytes: bytes[wave] ?? 0,
    atLeastMs: perHour === undefined ? 0 : Math.floor((bytes[wave] ?? 0) / perHour) * HOUR_MS,
  }));
  return { waves, others };
}

const HOUR_MS = 3_600_000;

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
