/** The use cases over stores in memory and a time that passes when a test says so. */
import { createHash } from 'node:crypto';
import { nodeProving } from '../../src/adapters/crypto/proving.ts';
import { hmacSealing } from '../../src/adapters/crypto/sealing.ts';
import { memoryCatalogue } from '../../src/adapters/memory/catalogue.ts';
import { memoryDevices } from '../../src/adapters/memory/devices.ts';
import { memoryGroups } from '../../src/adapters/memory/groups.ts';
import { memoryPackages } from '../../src/adapters/memory/packages.ts';
import { memoryProfiles } from '../../src/adapters/memory/profiles.ts';
import { memoryRollouts } from '../../src/adapters/memory/rollouts.ts';
import type { Decision, Question } from '../../src/domain/decide.ts';
import { FotaServerError } from '../../src/domain/errors.ts';
import type { NewEvent } from '../../src/domain/event.ts';
import type { Planning } from '../../src/domain/planning.ts';
import { NO_LIMITS, type RolloutLimits } from '../../src/domain/rollout.ts';
import type { GroupStore } from '../../src/ports/groups.ts';
import type { ProfileStore } from '../../src/ports/profiles.ts';
import type { AttemptStore, RolloutStore } from '../../src/ports/rollouts.ts';
import type { CatalogueStore, DeviceGroup, DeviceStore, Later, Now, Sent, StoredLogEntry } from '../../src/ports.ts';
import type { Catalogue } from '../../src/usecases/catalogue.ts';
import type { CheckIn, CheckIns } from '../../src/usecases/check-in.ts';
import { createDeviceQueries, type DeviceQueries } from '../../src/usecases/device-queries.ts';
import type { Fleet } from '../../src/usecases/fleet.ts';
import { createGrouping, type GroupingTimes } from '../../src/usecases/grouping.ts';
import { type Groups, openGroups, rolloutsNaming } from '../../src/usecases/groups.ts';
import { createNoise, type Noise } from '../../src/usecases/noise.ts';
import { createOperator, type Intake, type Operator } from '../../src/usecases/operator.ts';
import { openProfiles, type Profiles } from '../../src/usecases/profiles.ts';
import type { Reports } from '../../src/usecases/reports.ts';
import type { RolloutDesk } from '../../src/usecases/rollout-desk.ts';
import type { Rollouts } from '../../src/usecases/rollouts.ts';
import type { Serials } from '../../src/usecases/serials.ts';
import { openUpgrades, type Upgrades } from '../../src/usecases/upgrades.ts';
import { OPAQUE } from '../samples.ts';
import { NO_FILTER } from './samples.ts';

export const SECOND = 1_000;
export const MINUTE: number = 60 * SECOND;
export const DAY: number = 24 * 60 * MINUTE;
export const TIMES: GroupingTimes = { gatherMs: 0, soonMs: SECOND, idleMs: MINUTE };

export interface FakeTime {
  readonly now: Now;
  readonly later: Later;
  /** Lets what is due happen, all of it and in order. */
  pass(ms: number): Promise<void>;
  /** Sets the clock of the wall; timers do not notice. */
  jump(ms: number): void;
}

export function fakeTime(): FakeTime {
  let time = 0;
  let wall = Date.UTC(2026, 10, 23);
  const timers = new Set<{ readonly at: number; readonly work: () => void }>();
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => wall + time,
    later(ms, work) {
      const timer = { at: time + ms, work };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    async pass(ms) {
      const end = time + ms;
      for (;;) {
        await turn();
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        time = Math.max(time, next.at);
        next.work();
      }
      time = end;
    },
    jump(ms) {
      wall += ms;
    },
  };
}

/** A store that can be told to fail, or to wait, and what it wrote. */
export interface Unreliable extends DeviceStore, AttemptStore {
  readonly written: ReadonlyArray<DeviceGroup & { readonly against: 'kill' | 'power-cut' }>;
  /** Writes, also those that failed. */
  readonly tried: number;
  /** From now on. */
  setFull(isFull: boolean): void;
  /** Holds what is written from now on, until it is let go. */
  hold(): { letGo(): void };
}

export function unreliable(store: DeviceStore & AttemptStore): Unreliable {
  const written: Array<DeviceGroup & { readonly against: 'kill' | 'power-cut' }> = [];
  let tried = 0;
  let isFull = false;
  let gate: Promise<void> = Promise.resolve();
  return {
    ...store,
    written,
    get tried() {
      return tried;
    },
    async write(group, against) {
      tried += 1;
      await gate;
      if (isFull) throw new FotaServerError('disk-full', 'no room is left');
      written.push({ ...group, against });
      await store.write(group, against);
    },
    setFull(is) {
      isFull = is;
    },
    hold() {
      let letGo = (): void => undefined;
      gate = new Promise((resolve) => {
        letGo = resolve;
      });
      return { letGo: () => letGo() };
    },
  };
}

export interface Answered {
  readonly decision: Decision;
  /** `undefined`: refused. */
  readonly sent: Sent | undefined;
}

export interface World {
  readonly time: FakeTime;
  readonly devices: Unreliable;
  readonly catalogue: Catalogue;
  readonly fleet: Fleet;
  readonly profiles: Profiles;
  readonly noise: Noise;
  readonly checkIns: CheckIns;
  readonly operator: Operator;
  readonly planning: Planning;
  readonly rollouts: Rollouts;
  readonly desk: RolloutDesk;
  readonly serials: Serials;
  readonly reports: Reports;
  /** Events, in the order of their telling. */
  readonly told: readonly NewEvent[];
  readonly queries: DeviceQueries;
  readonly groups: Groups;
  /** What watchers were told. */
  readonly heard: readonly CheckIn[];
  readonly problems: readonly unknown[];
  /** Asks as a device of the project `p` with the firmware `app` does, and is answered as the device side answers. */
  ask(changes?: Partial<Question>): Promise<Answered>;
  /** Publishes these bytes as this version. */
  publish(
    version: string,
    content?: string,
    changes?: Partial<Parameters<Catalogue['publish']>[0]>,
  ): ReturnType<Catalogue['publish']>;
  /** The log, the newest first. */
  log(): Promise<readonly StoredLogEntry[]>;
  /** The same stores and the same time after a kill -9. */
  restarted(): Promise<World>;
}

export interface WorldOptions {
  readonly deliveriesPerDay?: number;
  readonly maxDevices?: number;
  readonly logLimit?: number;
  readonly limits?: RolloutLimits;
}

/** A world with the project `p`, whose key is {@link WORLD_KEY}, and its group `beta`. */
export async function worldOf(options: WorldOptions = {}): Promise<World> {
  const devices = unreliable(memoryDevices(options.logLimit));
  const world = await made(options, fakeTime(), memoryCatalogue(), devices);
  await world.catalogue.createProject({ name: 'p', key: WORLD_KEY });
  await world.groups.create({ project: 'p', name: 'beta', query: 'label:beta' });
  return world;
}

export const WORLD_KEY: string = 'p'.repeat(32);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export function intakeOf(content: string, changes: Partial<Intake> = {}): Intake {
  return { sha256: sha256(content), size: 1 + content.length, fileName: '', inspection: OPAQUE, ...changes };
}

async function made(
  options: WorldOptions,
  time: FakeTime,
  catalogueStore: CatalogueStore,
  devices: Unreliable,
  profileStore: ProfileStore = memoryProfiles(),
  rolloutStore: RolloutStore = memoryRollouts((draft, at) => void catalogueStore.setState(draft, 'published', at)),
  groupStore: GroupStore = memoryGroups(),
): Promise<World> {
  const { deliveriesPerDay = 6, maxDevices = 1_000, limits = NO_LIMITS } = options;
  const { now, later } = time;
  const problems: unknown[] = [];
  const heard: CheckIn[] = [];
  const grouping = createGrouping({
    store: devices,
    later,
    times: TIMES,
    onProblem: (problem) => problems.push(problem),
  });
  const packages = memoryPackages();
  const profiles = await openProfiles(profileStore);
  let keys = 0;
  const newKey = (): string => {
    keys += 1;
    return String(keys).padStart(32, 'n');
  };
  const told: NewEvent[] = [];
  const groups = await openGroups({
    store: groupStore,
    project: (name) => catalogue.project(name),
    now,
    usersOf: (project, name) => rolloutsNaming(upgrades.rollouts.all(), project, name),
    onChanged: () => upgrades.planning.changed(),
  });
  const upgrades: Upgrades = await openUpgrades({
    stores: { catalogue: catalogueStore, devices, rollouts: rolloutStore },
    grouping,
    noise: ({ note }) => createNoise({ note, later }),
    profile: profiles.profile,
    groupQuery: groups.query,
    policy: { deliveriesPerDay, limits },
    settleMs: MINUTE,
    tickMs: MINUTE,
    maxDevices,
    now,
    later,
    newKey,
    sha256,
    sealing: hmacSealing,
    proving: nodeProving,
    open: packages.open,
    onCheckIn: (checkIn) => heard.push(checkIn),
    emit: (event) => told.push(event),
    async along(event, change) {
      const changed = await change();
      told.push(event);
      return changed;
    },
    eventsOf: async (types) => told.filter(({ type }) => types.includes(type)),
    onProblem: (problem) => problems.push(problem),
  });
  const { catalogue, fleet, noise, checkIns } = upgrades;
  const inspector = { inspect: async () => OPAQUE };
  const { look } = checkIns;
  const operator = createOperator({
    catalogue,
    look,
    fleet,
    profiles,
    devices,
    packages,
    inspector,
    now,
  });

  const queries = createDeviceQueries({ projects: operator.projects, fleet, profiles, groups, now, later: inTurns });

  const ask = async (identity: Question): Promise<Answered> => {
    const decision = checkIns.decide(identity);
    if (decision.answer === 'refused') {
      await checkIns.answered(decision);
      return { decision, sent: undefined };
    }
    const sent = await checkIns.offered(identity, decision);
    return sent === undefined ? ask(identity) : { decision, sent };
  };

  return {
    time,
    devices,
    catalogue,
    fleet,
    profiles,
    noise,
    checkIns,
    operator,
    planning: upgrades.planning,
    rollouts: upgrades.rollouts,
    desk: upgrades.desk,
    serials: upgrades.serials,
    reports: upgrades.reports,
    told,
    queries,
    groups,
    heard,
    problems,
    ask: async (changes) => {
      const asked = ask({ ...question(), ...changes });
      asked.catch(() => undefined);
      // What one turn of the loop brings together is written, and then answered.
      await time.pass(0);
      return asked;
    },
    publish: (version, content = version, changes = {}) =>
      catalogue.publish({ project: 'p', firmwareName: 'app', version, intake: intakeOf(content), ...changes }),
    async log() {
      await fleet.settle();
      return (await devices.log(NO_FILTER, { limit: 1_000, cursor: undefined })).items;
    },
    restarted: () => made(options, time, catalogueStore, unreliable(devices), profileStore, rolloutStore, groupStore),
  };
}

/** Gives everybody else their turn, without the time that passes only when a test says so. */
const inTurns: Later = (_ms, work) => {
  const turn = setImmediate(work);
  return { cancel: () => clearImmediate(turn) };
};

/** What a device asks that is called 867 and runs 1.0.0. */
export function question(): Question {
  return { idKind: 'imei', id: '867', projectKey: WORLD_KEY, firmwareName: 'app', version: '1.0.0' };
}
