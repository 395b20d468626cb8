import { compareVersions, type TrustErrorCode } from '@libfota2/protocol';
import { ANY_SOURCE, isSameVersion, type Release, type ReleasePackage } from './catalogue.ts';
import type { Circumstances, Device } from './device.ts';
import type { FirmwarePlan, Gate } from './plan.ts';
import { objectionTo } from './ring-updates.ts';
import type { RefusingRule } from './rules.ts';
import type { Told } from './told.ts';

/** A release that was looked at, and why the device does not get it; `undefined`: nothing speaks against it. */
export interface Considered {
  readonly release: Release;
  /** The rollout that spoke for or against it. */
  readonly gate: Gate | undefined;
  /** The wave of the device there, from 0; `undefined`: it has none. */
  readonly wave: number | undefined;
  readonly against: RefusingRule | undefined;
  /** The one that fits the core of the device, if any does. */
  readonly package: ReleasePackage | undefined;
  /** Of `untrusted`: what the device would say. */
  readonly objection?: TrustErrorCode | undefined;
}

export interface Chosen extends Considered {
  readonly against: undefined;
  readonly package: ReleasePackage;
}

/** What came of looking at the releases of a firmware. */
export interface Choice {
  readonly chosen: Chosen | undefined;
  /** Why nothing was chosen; of `chosen` of no meaning. */
  readonly rule: RefusingRule;
  /** The releases that were looked at, the highest first. */
  readonly considered: readonly Considered[];
  /** The release that the device must pass through first. */
  readonly floor: Release | undefined;
  /** The rollout that keeps it down. */
  readonly ceiling: Gate | undefined;
}

// Written out field by field, here and below: this is asked of every device, and copies with … cost many times as much.
const NEWEST = nothing('newest');

/**
 * The release that a device gets, before anything is said of how much and how often. The highest comes first; of several
 * rollouts of one release the oldest that admits the device. Most devices run the highest release: for them this ends at once.
 */
export function choose(
  firmware: FirmwarePlan,
  device: Device,
  circumstances: Circumstances,
  told: Told,
  now: number,
): Choice {
  const { version } = told;
  const { published, downgrades } = firmware;
  const { pin } = circumstances.profile;
  if (pin !== undefined) return choosePinned(firmware, pin, told, now);
  const ceiling = downgrades.length === 0 ? undefined : ceilingOf(downgrades, device, circumstances, now);
  if (ceiling !== undefined) return chooseBelow(firmware, ceiling, device, circumstances, told, now);
  const [highest] = published;
  if (highest === undefined || compareVersions(highest.wireVersion, version) <= 0) return NEWEST;
  return chooseUpwards(firmware, undefined, device, circumstances, told, now);
}

/** A pinned device takes no part in waves, windows and pauses: an operator has spoken of just this one. */
function choosePinned(
  firmware: FirmwarePlan,
  { version: wanted, mayDowngrade }: NonNullable<Circumstances['profile']['pin']>,
  told: Told,
  now: number,
): Choice {
  const { version } = told;
  const pinned = firmware.published.find(
    (release) => isSameVersion(release.wireVersion, wanted) || isSameVersion(release.version, wanted),
  );
  const order = pinned === undefined ? 0 : compareVersions(pinned.wireVersion, version);
  if (pinned === undefined || order === 0 || (order < 0 && !mayDowngrade)) return nothing('pinned');
  const floor = order > 0 ? floorAbove(firmware, version) : undefined;
  const isFirst = floor !== undefined && compareVersions(floor.wireVersion, pinned.wireVersion) < 0;
  const next = isFirst ? floor : pinned;
  if (next.state !== 'published') return nothing('floor', floor);
  const gates = firmware.gates.get(next.id) ?? [];
  // What was aborted is offered to nobody, whatever was said before.
  const isAborted = gates.length > 0 && gates.every(({ rollout }) => rollout.state === 'aborted');
  const fitting = packageFor(next, told);
  const gate = isAborted ? gates[0] : undefined;
  const spoken = isAborted ? ({ against: 'rollout-aborted' } as const) : unfit(fitting, told, now);
  return outcome(
    [{ release: next, gate, wave: undefined, against: undefined, ...spoken, package: fitting }],
    floor,
    undefined,
  );
}

/** The newest rollout in force that keeps this device down. */
function ceilingOf(
  downgrades: readonly Gate[],
  device: Device,
  circumstances: Circumstances,
  now: number,
): Gate | undefined {
  return downgrades.find((gate) => isTargeted(gate, device, circumstances, now));
}

function chooseBelow(
  firmware: FirmwarePlan,
  ceiling: Gate,
  device: Device,
  circumstances: Circumstances,
  told: Told,
  now: number,
): Choice {
  const { version } = told;
  const lowest = firmware.published.find(({ id }) => id === ceiling.rollout.release);
  if (lowest === undefined) return nothing('held-back', undefined, ceiling);
  const order = compareVersions(lowest.wireVersion, version);
  // What was published since then is no reason to stay down: it may be the very release that mends it.
  const upwards = chooseUpwards(firmware, ceiling, device, circumstances, told, now);
  if (order >= 0 || upwards.chosen !== undefined) return upwards;
  const fitting = packageFor(lowest, told);
  const looked = look([ceiling], device, circumstances, now);
  return outcome([considering(lowest, looked, fitting, told, now)], undefined, ceiling);
}

function chooseUpwards(
  { published, floors, gates }: FirmwarePlan,
  ceiling: Gate | undefined,
  device: Device,
  circumstances: Circumstances,
  told: Told,
  now: number,
): Choice {
  const { version } = told;
  const floor = floors.length === 0 ? undefined : floorAbove({ floors }, version);
  const considered: Considered[] = [];
  for (const release of published) {
    if (compareVersions(release.wireVersion, version) <= 0) break;
    if (floor !== undefined && compareVersions(release.wireVersion, floor.wireVersion) > 0) continue;
    if (ceiling !== undefined && isHidden(release, ceiling, published)) continue;
    const looked = look(gates.get(release.id), device, circumstances, now);
    const one = considering(release, looked, packageFor(release, told), told, now);
    considered.push(one);
    if (one.against === undefined) break;
  }
  // What is above, and hidden by the floor, is no release for this device.
  if (considered.length === 0) return nothing(floor === undefined ? 'held-back' : 'floor', floor, ceiling);
  return outcome(considered, floor, ceiling);
}

/** Where no release was looked at. */
function nothing(rule: RefusingRule, floor?: Release, ceiling?: Gate): Choice {
  return { chosen: undefined, rule, considered: [], floor, ceiling };
}

function considering(
  release: Release,
  { gate, wave, against }: Looked,
  fitting: ReleasePackage | undefined,
  told: Told,
  now: number,
): Considered {
  const unfitting = unfit(fitting, told, now);
  if (unfitting === undefined) return { release, gate, wave, against, package: fitting };
  return { release, gate, wave, package: fitting, ...unfitting };
}

/** The release that was looked at last is chosen, where nothing speaks against it. */
function outcome(considered: readonly Considered[], floor: Release | undefined, ceiling: Gate | undefined): Choice {
  const last = considered.at(-1);
  const chosen = last !== undefined && isChosen(last) ? last : undefined;
  // What speaks against the highest release is what an operator asks about.
  return { chosen, rule: considered[0]?.against ?? 'newest', considered, floor, ceiling };
}

function isChosen(one: Considered): one is Chosen {
  return one.against === undefined && one.package !== undefined;
}

function floorAbove({ floors }: Pick<FirmwarePlan, 'floors'>, version: string): Release | undefined {
  return floors.find(({ wireVersion }) => compareVersions(wireVersion, version) > 0);
}

/** Whether a rollout that keeps devices down keeps them from this release: it is above, and was there before. */
function isHidden(release: Release, { rollout }: Gate, published: readonly Release[]): boolean {
  const top = published.find(({ id }) => id === rollout.release);
  const isNew = (release.publishedAt ?? 0) > rollout.createdAt;
  return !isNew && top !== undefined && compareVersions(release.wireVersion, top.wireVersion) > 0;
}

/** The package for just this core before the one for any. */
function packageFor({ packages }: Release, { core }: Told): ReleasePackage | undefined {
  let forAny: ReleasePackage | undefined;
  for (const one of packages) {
    if (one.source === core) return one;
    if (one.source === ANY_SOURCE) forAny = one;
  }
  return forAny;
}

/** What speaks against a package itself: there is none, or the device would not take its signature. */
function unfit(
  fitting: ReleasePackage | undefined,
  told: Told,
  now: number,
): Pick<Considered, 'against' | 'objection'> | undefined {
  if (fitting === undefined) return { against: 'base-missing' };
  const objection = told.ring && objectionTo(fitting, told.ring, told, now);
  return objection && { against: 'untrusted', objection };
}

/** Who was offered something by a rollout stays in it, whatever a query says of the device by now. */
function isTargeted({ rollout, isTarget }: Gate, device: Device, circumstances: Circumstances, now: number): boolean {
  return circumstances.known?.attempt?.rollout === rollout.id || isTarget(device, circumstances, now);
}

type Looked = Pick<Considered, 'gate' | 'wave' | 'against'>;

/** Of a release that is for all. */
const FOR_ALL: Looked = { gate: undefined, wave: undefined, against: undefined };

/** What the rollouts of a release say of a device: the first that admits it, else the first that knows it at all. */
function look(gates: readonly Gate[] | undefined, device: Device, circumstances: Circumstances, now: number): Looked {
  if (gates === undefined) return FOR_ALL;
  let found: Looked = { gate: gates[0], wave: undefined, against: 'not-targeted' };
  for (const gate of gates) {
    if (!isTargeted(gate, device, circumstances, now)) continue;
    const attempt = circumstances.known?.attempt;
    const wave = attempt?.rollout === gate.rollout.id ? attempt.wave : gate.waveOf(device.id);
    const against = wave === undefined ? 'not-targeted' : speaksAgainst(gate, wave);
    if (against === undefined) return { gate, wave, against };
    if (found.against === 'not-targeted') found = { gate, wave, against };
  }
  return found;
}

function speaksAgainst({ rollout, opening }: Gate, wave: number): RefusingRule | undefined {
  if (rollout.state === 'aborted') return 'rollout-aborted';
  if (rollout.state === 'scheduled') return 'rollout-scheduled';
  if (rollout.state === 'paused') return 'rollout-paused';
  if (wave > rollout.wave) return 'later-wave';
  return opening.isOpen ? undefined : 'outside-window';
}
