/** A rollout in warped time as data: the server with its releases, the fleet, what the operator does, and for how long. */
import {
  type Access,
  NO_LIMITS,
  type Policy,
  type Project,
  type Release,
  type ReleasePackage,
  type Rollout,
  type RolloutRequest,
  specOf,
} from '@libfota2/server/domain';
import { type FleetSpec, type FleetWish, fleetSpec } from '../fleet/spec.ts';

/** A device of which more is said than luck would have it. */
export interface WarpDevice {
  readonly id: string;
  /** What it runs at first. Default: as luck has it. */
  readonly version?: string | undefined;
  /** Default: what the project does with devices that nobody has spoken of. */
  readonly access?: Access | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly pin?: { readonly version: string; readonly mayDowngrade: boolean } | undefined;
}

/** What an operator does at a time. */
export interface WarpStep {
  /** Milliseconds from the beginning. */
  readonly atMs: number;
  readonly does: 'pause' | 'resume' | 'skip' | 'abort' | 'withdraw';
}

export interface WarpSpec {
  readonly fleet: FleetSpec;
  /** The first ones; the others are as luck has them. */
  readonly devices: readonly WarpDevice[] | undefined;
  /** Share of devices that are switched off all the time; the server knows them all the same. */
  readonly offline: number;
  readonly project: Project;
  /** All that the server has, the one that is rolled out included. */
  readonly releases: readonly Release[];
  readonly rollout: Rollout;
  readonly policy: Policy;
  /** See the server's setting of this name. */
  readonly settleMs: number;
  /** Milliseconds since 1970: when it begins. */
  readonly beginMs: number;
  /** It is over after so long, or once nothing can happen any more. */
  readonly forMs: number;
  readonly steps: readonly WarpStep[];
  /** So long after each pause by itself the operator resumes; `undefined`: nobody does. */
  readonly resumeAfterMs: number | undefined;
}

/** What must be said; the rest has defaults. */
export interface WarpWish
  extends Partial<Omit<WarpSpec, 'fleet' | 'project' | 'releases' | 'rollout' | 'policy' | 'resumeAfterMs'>> {
  readonly fleet: Pick<FleetWish, 'count'> &
    Partial<Omit<FleetWish, 'server' | 'projectKey' | 'generations' | 'modes'>>;
  /** Of the release that is rolled out. Default: `1.1.0`, of a megabyte. */
  readonly release?: Partial<Pick<Release, 'version' | 'wireVersion' | 'packages'>> & {
    readonly size?: number | undefined;
  };
  /** What the server has besides. */
  readonly others?: readonly Release[] | undefined;
  readonly rollout?: Omit<RolloutRequest, 'release'> | undefined;
  readonly policy?: Partial<Omit<Policy, 'stopped'>> | undefined;
  readonly resumeAfterMs?: number | undefined;
}

const DAY_MS = 86_400_000;
/** Monday, eight o'clock in UTC: the same for everybody who says nothing else, so that one seed gives one report. */
const BEGIN_MS = 1_767_600_000_000;
const PROJECT: Project = {
  name: 'simulated',
  key: 's'.repeat(32),
  formerKeys: [],
  registration: 'open',
  refusals: 'json',
  createdAt: 0,
};
const DELIVERIES_PER_DAY = 6;
const SETTLE_MS = 60_000;
const SIZE = 1_000_000;

/** A simulation with its defaults. @throws RangeError, FotaServerError `rollout-invalid` that say what is wrong */
export function warpSpec(wish: WarpWish): WarpSpec {
  const { fleet, devices, offline = 0, forMs = 14 * DAY_MS, steps = [], resumeAfterMs } = wish;
  const beginMs = wish.beginMs ?? wish.rollout?.startAt ?? BEGIN_MS;
  if (!(offline >= 0 && offline <= 1)) throw new RangeError('offline takes a number from 0 to 1');
  if (!(forMs > 0 && forMs <= 400 * DAY_MS)) throw new RangeError('forMs takes up to 400 days');
  const firmwareName = fleet.firmwareName ?? 'app';
  const release = releaseOf(wish.release ?? {}, firmwareName, beginMs);
  return {
    // No socket is opened: where the devices ask is nowhere.
    fleet: fleetSpec({
      versions: { '1.0.0': 1 },
      ...fleet,
      count: Math.max(devices?.length ?? 0, fleet.count),
      firmwareName,
      projectKey: PROJECT.key,
      server: { host: 'warp', port: 1 },
    }),
    devices,
    offline,
    project: PROJECT,
    releases: [...(wish.others ?? []), release],
    rollout: rolloutOf(wish.rollout ?? {}, release, beginMs),
    policy: { deliveriesPerDay: DELIVERIES_PER_DAY, limits: NO_LIMITS, ...wish.policy, stopped: undefined },
    settleMs: wish.settleMs ?? SETTLE_MS,
    beginMs,
    forMs,
    steps: steps.toSorted((one, other) => one.atMs - other.atMs),
    resumeAfterMs,
  };
}

/** Its number is above those of all others. */
const RELEASE = 1_000_000;

function releaseOf(
  { version = '1.1.0', wireVersion = version, size = SIZE, packages }: NonNullable<WarpWish['release']>,
  firmwareName: string,
  at: number,
): Release {
  const whole: ReleasePackage = { sha256: 'a'.repeat(64), size, source: 'any', fileName: '', format: 'opaque' };
  return {
    id: RELEASE,
    project: PROJECT.name,
    firmwareName,
    version,
    core: undefined,
    wireVersion,
    state: 'published',
    notes: '',
    isFloor: false,
    packages: packages ?? [whole],
    createdAt: at,
    // With its rollout: nobody had it before.
    publishedAt: at,
    withdrawnAt: undefined,
  };
}

function rolloutOf(
  request: Omit<RolloutRequest, 'release'>,
  { id, project, firmwareName }: Release,
  at: number,
): Rollout {
  return {
    ...specOf({ ...request, release: id }),
    id: 1,
    project,
    firmwareName,
    state: 'scheduled',
    wave: -1,
    waveOpenedAt: undefined,
    why: '',
    accepted: [],
    createdAt: at,
    startedAt: undefined,
    changedAt: at,
    endedAt: undefined,
  };
}
