/** Everything that decides upgrades, put together: one wiring for the server, for tests and for whatever else runs it. */
import type { Query } from '@libfota2/protocol';
import type { EventType, NewEvent } from '../domain/event.ts';
import { createMeter } from '../domain/meter.ts';
import type { Policy } from '../domain/plan.ts';
import { createPlanning, type Planning } from '../domain/planning.ts';
import type { Profile } from '../domain/profile.ts';
import { asServerError, readQuery, unknownGroup } from '../domain/query.ts';
import type { Target } from '../domain/rollout.ts';
import { resolvedTarget } from '../domain/target.ts';
import type { AttemptStore, RolloutStore } from '../ports/rollouts.ts';
import type { Sealing } from '../ports/sealing.ts';
import type { Proving } from '../ports/trust.ts';
import type { CatalogueStore, DeviceStore, Later, Now, PackageStore } from '../ports.ts';
import { createAttempts, tellEnds } from './attempts.ts';
import { type Catalogue, openCatalogue } from './catalogue.ts';
import { type CheckIn, type CheckIns, createCheckIns } from './check-in.ts';
import { createExpiring, type Expiring } from './expiring.ts';
import { type Fleet, type OnAttempt, openFleet } from './fleet.ts';
import { createForecasts } from './forecasts.ts';
import type { Grouping } from './grouping.ts';
import { hasMembers, membersToCome } from './members.ts';
import type { Noise } from './noise.ts';
import { createReports, type Reports } from './reports.ts';
import { createRolloutDesk, type RolloutDesk } from './rollout-desk.ts';
import { openRollouts, type Rollouts } from './rollouts.ts';
import { createSerials, type Serials } from './serials.ts';
import { createSignatures, type Signatures } from './signatures.ts';

export interface UpgradePorts {
  readonly stores: {
    readonly catalogue: CatalogueStore;
    readonly devices: DeviceStore & AttemptStore;
    readonly rollouts: RolloutStore;
  };
  readonly grouping: Grouping;
  readonly noise: (fleet: Fleet) => Noise;
  readonly profile: (project: string, id: string) => Profile;
  readonly groupQuery: (project: string, group: string) => Query | undefined;
  readonly policy: Omit<Policy, 'stopped'>;
  readonly settleMs: number;
  /** Milliseconds between looks at what time alone has changed. */
  readonly tickMs: number;
  readonly maxDevices: number;
  readonly now: Now;
  readonly later: Later;
  readonly newKey: () => string;
  readonly sha256: (text: string) => string;
  readonly sealing: Sealing;
  readonly proving: Proving;
  readonly open: PackageStore['open'];
  readonly onCheckIn: (checkIn: CheckIn) => void;
  readonly emit: (event: NewEvent) => void;
  readonly along: <T>(event: NewEvent, change: () => Promise<T>) => Promise<T>;
  /** Events of these types that are kept. */
  readonly eventsOf: (types: readonly EventType[]) => Promise<readonly NewEvent[]>;
  readonly onProblem: (problem: unknown) => void;
}

export interface Upgrades {
  readonly catalogue: Catalogue;
  readonly fleet: Fleet;
  readonly noise: Noise;
  readonly planning: Planning;
  readonly rollouts: Rollouts;
  readonly desk: RolloutDesk;
  readonly checkIns: CheckIns;
  readonly serials: Serials;
  readonly reports: Reports;
  readonly signatures: Signatures;
  readonly expiring: Pick<Expiring, 'all'>;
}

export async function openUpgrades(ports: UpgradePorts): Promise<Upgrades> {
  const { stores, grouping, policy, settleMs, now, later, emit, along, onProblem, onCheckIn, groupQuery } = ports;
  let onChanged = (): void => undefined;
  let onAttempt: OnAttempt = () => undefined;
  const catalogue = await openCatalogue({
    store: stores.catalogue,
    now,
    newKey: ports.newKey,
    sha256: ports.sha256,
    proving: ports.proving,
    open: ports.open,
    onChanged: () => onChanged(),
  });
  const fleet = await openFleet({
    store: stores.devices,
    grouping,
    maxDevices: ports.maxDevices,
    profile: ports.profile,
    onAttempt: (...attempt) => onAttempt(...attempt),
    now,
  });
  const noise = ports.noise(fleet);

  const planning = createPlanning({
    projects: catalogue.projects,
    releases: () => catalogue.releases({ project: undefined, firmwareName: undefined, state: undefined }),
    rollouts: () => rollouts.all(),
    groupQuery,
    policy: () => ({ ...policy, stopped: rollouts.stop().isOn ? rollouts.stop().why : undefined }),
    onProblem,
  });
  const rollouts: Rollouts = await openRollouts({
    store: stores.rollouts,
    counts: await stores.devices.counts(),
    now,
    later,
    hasMembers: (rollout) =>
      hasMembers(rollout, catalogue.release(rollout.release), planning.plan(now()), fleet, now(), later),
    toCome: (rollout) =>
      membersToCome(rollout, catalogue.release(rollout.release), planning.plan(now()), fleet, now(), later),
    tickMs: ports.tickMs,
    onTick: async () => {
      await attempts.tick();
      await expiring.tick().catch(onProblem);
    },
    onChanged: () => planning.changed(),
    along,
    onProblem,
  });
  onChanged = planning.changed;
  const expiring = createExpiring({ plan: planning.plan, eventsOf: ports.eventsOf, emit, now });
  const ends = tellEnds(emit);
  const attempts = createAttempts({ fleet, rollouts, ends, now, onProblem });
  onAttempt = attempts.changed;
  const meter = createMeter(now);
  for (const { sent, attempt } of fleet.records()) {
    if (sent !== undefined) meter.remember(attempt?.rollout, sent.size, sent.at);
  }
  const checkIns = createCheckIns({ plan: planning.plan, fleet, meter, ends, noise, now, settleMs, onCheckIn });
  const serials = createSerials({ plan: () => planning.plan(now()), now, sealing: ports.sealing });
  const reports = createReports({ plan: planning.plan, fleet, serials, ends, noise, sha256: ports.sha256, now });
  const signatures = createSignatures({ plan: planning.plan, release: catalogue.release, now });
  const checkTarget = (project: string, target: Target): void => {
    if (target.kind === 'group' && groupQuery(project, target.group) === undefined)
      throw unknownGroup(project, target.group);
    if (target.kind === 'query') readQuery(target.query);
    if (target.kind === 'query' || target.kind === 'group')
      asServerError(() => resolvedTarget(project, target, groupQuery));
  };
  const forecasts = createForecasts({
    catalogue,
    rollouts,
    fleet,
    plan: planning.plan,
    groupQuery,
    checkTarget,
    now,
    later,
  });
  const desk = createRolloutDesk({ catalogue, rollouts, fleet, store: stores.devices, checkTarget, forecasts, now });
  return { catalogue, fleet, noise, planning, rollouts, desk, checkIns, serials, reports, signatures, expiring };
}
