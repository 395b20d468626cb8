import { compareVersions } from '@libfota2/protocol';
import { isLive, type Project, type Release } from './catalogue.ts';
import type { Circumstances, Device } from './device.ts';
import { type RingUpdate, ringUpdates } from './ring-updates.ts';
import type { Rollout, RolloutLimits } from './rollout.ts';
import { waveFinder } from './waves.ts';
import type { Opening } from './windows.ts';

/** What is on offer, arranged for deciding. Made anew whenever something of it changes, never changed itself. */
export interface Plan {
  /** By every key that is accepted. */
  readonly projects: ReadonlyMap<string, ProjectPlan>;
  readonly policy: Policy;
}

/** What holds for all projects. */
export interface Policy {
  /** Deliveries of one package within a day to a device that keeps its version, after which it is held. */
  readonly deliveriesPerDay: number;
  /** Of all downloads together. */
  readonly limits: RolloutLimits;
  /** Why the operator stopped all upgrades; `undefined`: they go on. */
  readonly stopped: string | undefined;
}

export interface ProjectPlan {
  readonly project: Project;
  readonly firmwares: ReadonlyMap<string, FirmwarePlan>;
  /** What a device lacks whose key ring has this number. */
  readonly ringUpdate: (serial: number) => RingUpdate;
}

export interface FirmwarePlan {
  /** Published releases, the highest version first; empty where all are withdrawn. */
  readonly published: readonly Release[];
  /** Those that devices below must pass through, published or withdrawn, the lowest version first. */
  readonly floors: readonly Release[];
  /** By release the rollouts that decide who gets it, in the order of their making; a release without any is for all. */
  readonly gates: ReadonlyMap<number, readonly Gate[]>;
  /** Rollouts in force that keep devices down, the newest first. */
  readonly downgrades: readonly Gate[];
}

/** A rollout as decisions see it. */
export interface Gate {
  readonly rollout: Rollout;
  /** Whether a device belongs to its target. */
  readonly isTarget: (device: Device, circumstances: Circumstances, now: number) => boolean;
  /** The wave by which a device comes in, from 0; `undefined`: none. */
  readonly waveOf: (id: string) => number | undefined;
  readonly opening: Opening;
}

/** A gate, whose target is `isTarget`. `waveOf`: where that of its waves is made already. */
export function gateOf(
  rollout: Rollout,
  isTarget: Gate['isTarget'],
  opening: Opening,
  waveOf: Gate['waveOf'] = waveFinder(rollout),
): Gate {
  return { rollout, isTarget, waveOf, opening };
}

/** The plan of all projects, releases and rollouts; drafts are not in it. */
export function planOf(
  projects: readonly Project[],
  releases: readonly Release[],
  policy: Policy,
  gates: readonly Gate[] = [],
): Plan {
  const plans = projects.map((project) => projectPlan(project, releases, gates));
  const byKey = plans.flatMap((plan) =>
    [plan.project.key, ...plan.project.formerKeys].map((key) => [key, plan] as const),
  );
  return { projects: new Map(byKey), policy };
}

function projectPlan(project: Project, releases: readonly Release[], gates: readonly Gate[]): ProjectPlan {
  const public_ = releases.filter(({ project: name, state }) => name === project.name && state !== 'draft');
  const byFirmware = groupBy(public_, ({ firmwareName }) => firmwareName);
  const ours = gates.filter(({ rollout }) => rollout.project === project.name);
  const firmwares = [...byFirmware].map(([name, all]) => {
    const fitting = ours.filter(({ rollout }) => rollout.firmwareName === name);
    return [name, firmwarePlan(all, fitting)] as const;
  });
  return { project, firmwares: new Map(firmwares), ringUpdate: ringUpdates(project.keyRings) };
}

function firmwarePlan(releases: readonly Release[], gates: readonly Gate[]): FirmwarePlan {
  const byVersion = releases.toSorted((a, b) => compareVersions(b.wireVersion, a.wireVersion));
  const inForce = ({ rollout }: Gate): boolean => rollout.state !== 'aborted' && rollout.state !== 'scheduled';
  return {
    published: byVersion.filter(isLive),
    floors: byVersion.filter(({ isFloor }) => isFloor).reverse(),
    gates: groupBy(
      gates.filter(({ rollout }) =>
        releases.some((release) => release.id === rollout.release && decidesOn(rollout, release)),
      ),
      ({ rollout }) => rollout.release,
    ),
    downgrades: gates.filter((gate) => gate.rollout.mayDowngrade && inForce(gate)).reverse(),
  };
}

/**
 * Whether a rollout decides who gets its release. One that takes devices down to a release that others had before it leaves
 * it to them: what was for all stays so, and aborting the rollout takes it from nobody.
 */
export function decidesOn(rollout: Rollout, { publishedAt }: Release): boolean {
  return !rollout.mayDowngrade || publishedAt === undefined || publishedAt >= rollout.createdAt;
}

/** `Map.groupBy`, which Node 20 has not. */
function groupBy<T, K>(all: readonly T[], keyOf: (one: T) => K): Map<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}
