import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { nodeProving } from './adapters/crypto/proving.ts';
import { hmacSealing } from './adapters/crypto/sealing.ts';
import { openDiskPackages } from './adapters/disk/packages.ts';
import { closeToOthers, makePrivate } from './adapters/disk/private.ts';
import { openDiskUploads } from './adapters/disk/uploads.ts';
import { createInspector } from './adapters/formats/inspector.ts';
import { hotPackages } from './adapters/hot/packages.ts';
import { scryptPasswords } from './adapters/scrypt/passwords.ts';
import { sqliteAudit } from './adapters/sqlite/audit.ts';
import { openSqliteStore } from './adapters/sqlite/store.ts';
import { sqliteTokens } from './adapters/sqlite/tokens.ts';
import { sqliteUsers } from './adapters/sqlite/users.ts';
import { FotaServerError } from './domain/errors.ts';
import type { Expiry } from './domain/expiry.ts';
import type { RolloutLimits } from './domain/rollout.ts';
import { guarded, guardedDesk, guardedGroups, tracked } from './guards.ts';
import type { Refused } from './http/refused.ts';
import type { Settings } from './options.ts';
import type { Passwords } from './ports/users.ts';
import type { Later, PackageStore } from './ports.ts';
import { type Audit, openAudit } from './usecases/audit.ts';
import { type Bulk, createBulk } from './usecases/bulk.ts';
import type { CheckIns } from './usecases/check-in.ts';
import { createDeviceQueries, type DeviceQueries } from './usecases/device-queries.ts';
import { createDeviceTables, type DeviceTables } from './usecases/device-tables.ts';
import { type Events, openEvents } from './usecases/events.ts';
import { createGrouping } from './usecases/grouping.ts';
import { type Groups, openGroups, rolloutsNaming } from './usecases/groups.ts';
import { bareEntry, createNoise } from './usecases/noise.ts';
import { createOperator, type Operator } from './usecases/operator.ts';
import { seldom } from './usecases/problems.ts';
import { openProfiles } from './usecases/profiles.ts';
import { createRepeats, type Repeats } from './usecases/repeats.ts';
import type { Reports } from './usecases/reports.ts';
import type { RolloutDesk } from './usecases/rollout-desk.ts';
import type { Serials } from './usecases/serials.ts';
import { openSessions, type Sessions } from './usecases/sessions.ts';
import type { Signatures } from './usecases/signatures.ts';
import { tellingCheckIns, tellingOperator } from './usecases/telling.ts';
import { openTokens, type Tokens } from './usecases/tokens.ts';
import { openUpgrades, type Upgrades } from './usecases/upgrades.ts';
import { openUploads, type Uploads } from './usecases/uploads.ts';
import { openUsers, type Users } from './usecases/users.ts';
import { createVersionCounts, type VersionCounts } from './usecases/version-counts.ts';
import type { Webhooks } from './usecases/webhooks.ts';
import { openSendingWebhooks } from './webhooks.ts';

/** Something that went wrong inside. */
export interface Problem {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of docs/errors.md; `undefined` for a defect. */
  readonly code: string | undefined;
  readonly message: string;
}

/** What must be closed, in the order of its opening; told how many milliseconds of the grace time are left. */
export type Closers = Array<(graceMs: number) => unknown>;

/** The server without its doors: what they lead to. */
export interface Application {
  readonly operator: Operator;
  readonly rollouts: RolloutDesk;
  readonly devices: DeviceQueries;
  readonly groups: Groups;
  readonly bulk: Bulk;
  readonly tables: DeviceTables;
  readonly uploads: Uploads;
  readonly tokens: Tokens;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly audit: Audit;
  readonly checkIns: CheckIns;
  readonly events: Events;
  readonly serials: Serials;
  readonly reports: Reports;
  readonly signatures: Signatures;
  /** Releases on offer whose time ends soon, or has ended. */
  readonly expiring: () => readonly Expiry[];
  readonly versions: VersionCounts;
  readonly webhooks: Webhooks;
  readonly repeats: Repeats;
  readonly packages: PackageStore;
  /** A connection was refused before it asked anything. */
  readonly onRefused: (refused: Refused) => void;
  /** What went wrong lately, the newest first. */
  problems(): readonly Problem[];
  readonly onProblem: (problem: unknown) => void;
  /** From now on the operator's changes are refused; those under way may end. */
  refuse(): void;
}

const RECENT_PROBLEMS = 20;
const MAX_OPEN_UPLOADS = 100;
/** Events of a kind that are looked for at the start. */
const MOST_EVENTS = 1_000;
const GATHER_MS = 5;
const SOON_MS = 1_000;
const IDLE_MS = 60_000;
/** A rollout that is to begin, or to pause, does so within a second. */
const TICK_MS = 1_000;

export const later: Later = (ms, work) => {
  if (ms === 0) {
    const turn = setImmediate(work);
    return { cancel: () => clearImmediate(turn) };
  }
  const timer = setTimeout(work, ms);
  return { cancel: () => clearTimeout(timer) };
};

/** Opens everything on a locked data folder; what must be closed afterwards is added to `closers`. */
export async function openApplication(
  dataDir: string,
  settings: Settings,
  closers: Closers,
  passwords: Passwords = scryptPasswords(),
): Promise<Application> {
  const { onCheckIn, deliveriesPerDay, settleMs, maxDevices, cacheBytes, maxPackageBytes } = settings;
  const now = Date.now;
  const problems: Problem[] = [];
  let events: Events | undefined;
  const onProblem = seldom(now, (problem, untold) => {
    const code = problem instanceof FotaServerError ? problem.code : undefined;
    const message = problem instanceof Error ? problem.message : String(problem);
    const whole = untold === 0 ? message : `${message} (${untold} more since last told)`;
    problems.unshift({ at: now(), code, message: whole });
    problems.splice(RECENT_PROBLEMS);
    events?.emit({ type: 'problem', project: undefined, data: { code: code ?? 'internal', reason: whole } });
    settings.onProblem(problem);
  });
  const database = join(dataDir, 'fota.db');
  // SQLite gives the files beside it the rights of the first.
  await makePrivate(database);
  for (const beside of ['-wal', '-shm']) await closeToOthers(`${database}${beside}`);
  const store = await openSqliteStore(database);
  closers.push(() => store.close());
  if (store.migrated !== undefined) onProblem(store.migrated);
  const told = await openEvents({ store: store.events, now, later, onProblem });
  events = told;
  closers.push(() => told.flush().catch(onProblem));
  const packages = hotPackages(await openDiskPackages(join(dataDir, 'packages')), { bytes: cacheBytes });

  const times = { gatherMs: GATHER_MS, soonMs: SOON_MS, idleMs: IDLE_MS };
  const grouping = createGrouping({ store: store.devices, later, times, onProblem });
  const profiles = await openProfiles(store.profiles);
  const writing = tracked();

  const newKey = (): string => randomBytes(16).toString('hex');
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const groups = await openGroups({
    store: store.groups,
    project: (name) => catalogue.project(name),
    now,
    usersOf: (project, name) => rolloutsNaming(rollouts.all(), project, name),
    onChanged: () => upgrades.planning.changed(),
  });
  const upgrades: Upgrades = await openUpgrades({
    stores: store,
    grouping,
    noise: (fleet) =>
      createNoise({
        note: (entry) => {
          const { at, event, code: status, detail = '' } = entry;
          if (event === 'unreadable') settings.onLost({ at, status, detail });
          fleet.note(entry);
        },
        later,
      }),
    profile: profiles.profile,
    groupQuery: groups.query,
    policy: { deliveriesPerDay, limits: limitsOf(settings) },
    settleMs,
    tickMs: TICK_MS,
    maxDevices,
    now,
    later,
    newKey,
    sha256,
    sealing: hmacSealing,
    proving: nodeProving,
    open: packages.open,
    onCheckIn,
    emit: told.emit,
    along: told.along,
    eventsOf: async (types) => (await told.page({ types }, { limit: MOST_EVENTS, cursor: undefined })).items,
    onProblem,
  });
  const { catalogue, fleet, noise, rollouts } = upgrades;
  closers.push(() => fleet.flush().catch(onProblem));
  closers.push(() => rollouts.close().catch(onProblem));
  const versions = createVersionCounts({ store: store.versionCounts, records: fleet.records, now, later, onProblem });
  closers.push(() => versions.close());
  closers.push(noise.flush);
  closers.push(writing.settle);
  const inspector = createInspector();
  const operator = guarded(
    tellingOperator(
      createOperator({
        catalogue,
        look: upgrades.checkIns.look,
        fleet,
        profiles,
        devices: store.devices,
        packages,
        inspector,
        now,
      }),
      told,
    ),
    writing.guard,
  );
  const devices = createDeviceQueries({ projects: operator.projects, fleet, profiles, groups, now, later });
  const changing = { queries: devices, fleet, profiles, events: told, project: catalogue.project, now };
  const bulk = createBulk(changing);
  const tables = createDeviceTables({ ...changing, later });
  const uploads = await openUploads({
    store: await openDiskUploads(join(dataDir, 'uploads')),
    takeIn: operator.takeIn,
    now,
    later,
    newId: () => randomBytes(12).toString('hex'),
    onProblem,
    limits: { maxPackageBytes, maxOpenUploads: MAX_OPEN_UPLOADS },
  });
  closers.push(() => uploads.close());
  const hasProject = (name: string): boolean => catalogue.projects().some((project) => project.name === name);
  const tokens = await openTokens({
    store: sqliteTokens(store.database, database),
    now,
    random: randomBytes,
    sha256,
    hasProject,
    onProblem,
  });
  const accounts = sqliteUsers(store.database, database);
  const users = await openUsers({
    store: accounts.users,
    passwords,
    now,
    random: randomBytes,
    hasProject,
  });
  const sessions = await openSessions({ store: accounts.sessions, users, now, random: randomBytes, sha256, onProblem });
  const audit = await openAudit({ store: sqliteAudit(store.database, database), now, later, sha256, onProblem });
  closers.push(() => audit.flush().catch(onProblem));
  const checkProject = catalogue.project;
  const webhooks = await openSendingWebhooks({
    store: store.webhooks,
    events: told,
    now,
    later,
    checkProject,
    onProblem,
  });
  closers.push(() => webhooks.close().catch(onProblem));
  const checkIns = tellingCheckIns(upgrades.checkIns, fleet, told);

  return {
    operator,
    rollouts: guardedDesk(upgrades.desk, writing.guard),
    devices,
    groups: guardedGroups(groups, writing.guard),
    bulk: { ...bulk, apply: writing.guard(bulk.apply) },
    tables: { ...tables, import: writing.guard(tables.import) },
    uploads,
    tokens,
    users,
    sessions,
    audit,
    problems: () => [...problems],
    onProblem,
    checkIns,
    events: told,
    serials: upgrades.serials,
    reports: upgrades.reports,
    signatures: upgrades.signatures,
    expiring: upgrades.expiring.all,
    versions,
    webhooks,
    repeats: createRepeats({ store: store.repeats, now }),
    packages,
    onRefused: ({ reason, status, address, excerpt, at }) => {
      const device = { project: '', firmwareName: '', idKind: 'imei', id: '', version: '' } as const;
      const detail = `${reason} from ${address || 'an unknown address'}: ${excerpt}`;
      noise.heard({ ...bareEntry(at, 'unreadable', device, status), detail });
    },
    refuse: writing.refuse,
  };
}

/** Limits of all downloads together; 0 is none. */
function limitsOf({ maxDownloads, bytesPerHour, bytesPerDevicePerDay }: Settings): RolloutLimits {
  return {
    downloads: maxDownloads || undefined,
    bytesPerHour: bytesPerHour || undefined,
    bytesPerDevicePerDay: bytesPerDevicePerDay || undefined,
  };
}
