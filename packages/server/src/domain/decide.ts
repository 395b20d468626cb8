import { compareVersions, type Identity, type IdKind, type RefusalCode } from '@libfota2/protocol';
import { ANY_SOURCE, isOrderedVersion, type Project, type Release, type ReleasePackage } from './catalogue.ts';
import type { Plan } from './plan.ts';
import { toldBy } from './told.ts';

/** The rules in the order in which they are asked; the first that applies decides. */
export const RULES = [
  'id-missing',
  'project-unknown',
  'blocked',
  'unregistered',
  'firmware-unknown',
  'version-unreadable',
  'nothing-published',
  'newest',
  'base-missing',
  'upgrade-loop',
  'newer-release',
] as const;
export type Rule = (typeof RULES)[number];

/** By rule the code of the platform (docs/protocol.md §6), and for people why there is no upgrade. */
export const REFUSED_BY: Readonly<Record<Exclude<Rule, 'newer-release'>, readonly [code: RefusalCode, msg: string]>> = {
  'id-missing': [3, 'invalid device: no usable id (imei, mac, uid) in the request'],
  'project-unknown': [25, 'invalid project: unknown project_key'],
  blocked: [21, 'upgrade not allowed: the operator blocked this device'],
  unregistered: [17, 'no permission: this device is not registered in the project'],
  'firmware-unknown': [26, 'invalid firmware: the project has no release of this firmware_name'],
  'version-unreadable': [27, 'no upgrade: the version is not made of numbers and dots'],
  'nothing-published': [27, 'no upgrade: every release of this firmware is withdrawn'],
  newest: [27, 'already the newest'],
  'base-missing': [44, 'base version missing: no package fits the core that this device runs'],
  'upgrade-loop': [40, 'upgrade loop: sent too often without a new version, held until the operator allows it'],
};

/** By rule everything that was asked up to it: one list for all decisions, for a trace is made at every question. */
const TRACES = new Map<Rule, readonly Rule[]>(RULES.map((rule, place) => [rule, RULES.slice(0, place + 1)]));

export type Access = 'default' | 'blocked' | 'allowed';

/**
 * What a device said of itself, as it is kept: at most so many characters each, control characters replaced; unknown parts
 * are empty.
 */
export interface Device {
  /** The project's name; empty where no project has the key. */
  readonly project: string;
  /** 128. */
  readonly firmwareName: string;
  readonly idKind: IdKind;
  /** 128; of a registered device as it was sent. */
  readonly id: string;
  /** 64. */
  readonly version: string;
}

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

/** What a decision depends on besides the question and the plan. */
export interface Circumstances {
  readonly access: Access;
  /** Whether the device asked before. */
  readonly isKnown: boolean;
  /** Whether there is room for another device. */
  readonly hasRoom: boolean;
  readonly deliveries: Deliveries | undefined;
}

/** A device of which nothing is known, where there is room for it. */
export const STRANGER: Circumstances = { access: 'default', isKnown: false, hasRoom: true, deliveries: undefined };

interface Decided {
  /** The rule that decided. */
  readonly rule: Rule;
  /** All rules that were asked, the deciding one last. */
  readonly trace: readonly Rule[];
  readonly device: Device;
  /** `undefined` where no project has the key. */
  readonly project: Project | undefined;
  /** Whether the device belongs to a firmware of ours and is remembered. */
  readonly registered: boolean;
}

export interface Upgrade extends Decided {
  readonly answer: 'upgrade';
  readonly release: Release;
  readonly package: ReleasePackage;
}

export interface Refused extends Decided {
  readonly answer: 'refused';
  /** The platform's code (docs/protocol.md §6). */
  readonly code: RefusalCode;
  /** Why, for people. */
  readonly msg: string;
  /** The server's wish for the next question, in seconds; `undefined`: it has none. */
  readonly retryAfterS?: number | undefined;
}

export type Decision = Upgrade | Refused;

/** Finds what is known of a device, once its project is known. */
export type Lookup = (device: Device) => Circumstances;

const USABLE_ID = /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u;

/** Whether a device can be told from others by this: 1 to 128 UTF-16 units of what can be seen. */
export function isUsableId(id: string): boolean {
  return id.length <= 128 && USABLE_ID.test(id);
}

const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Which release this device gets, or which rule refuses it one. Total: every identity gets a decision.
 * A device whose version has no order is refused, for it would be served the same release again and again.
 */
export function decide(identity: Identity, plan: Plan, lookup: Lookup): Decision {
  const { idKind = 'imei', id = '', projectKey = '', firmwareName = '' } = identity;
  const ours = plan.projects.get(projectKey);
  const published = ours?.firmwares.get(firmwareName);
  const { version, core } = toldBy(identity, published);
  const device = {
    project: ours?.project.name ?? '',
    firmwareName: printable(firmwareName, 128),
    idKind,
    id: printable(id, 128),
    version: printable(version, 64),
  };
  const decided = (rule: Rule, registered: boolean) => ({
    rule,
    trace: TRACES.get(rule) ?? [],
    device,
    project: ours?.project,
    registered,
  });
  const refuse = (rule: Exclude<Rule, 'newer-release'>, registered = false): Refused => {
    const [code, msg] = REFUSED_BY[rule];
    return { answer: 'refused', code, msg, ...decided(rule, registered) };
  };

  if (!isUsableId(id)) return refuse('id-missing');
  if (ours === undefined) return refuse('project-unknown');
  const { access, isKnown, hasRoom, deliveries } = lookup(device);
  if (access === 'blocked') return refuse('blocked', isKnown);
  if (!isKnown && (!hasRoom || (ours.project.registration === 'closed' && access !== 'allowed'))) {
    return refuse('unregistered');
  }
  if (published === undefined) return refuse('firmware-unknown');
  if (!isOrderedVersion(version)) return refuse('version-unreadable', true);
  if (published.length === 0) return refuse('nothing-published', true);
  const fitting = firstFitting(published, version, core);
  if (typeof fitting === 'string') return refuse(fitting, true);
  if (isLoop(deliveries, fitting.package, version, plan.deliveriesPerDay)) return refuse('upgrade-loop', true);
  return { answer: 'upgrade', ...fitting, ...decided('newer-release', true) };
}

/** Counts a delivery: on, where the device was sent the same package on the same version within the same day. */
export function afterDelivery(
  before: Deliveries | undefined,
  sent: ReleasePackage,
  version: string,
  now: number,
): Deliveries {
  const { sha256 } = sent;
  const isSame = before !== undefined && before.sha256 === sha256 && before.version === version;
  // A clock that was set back must neither hold a device early nor never.
  const age = isSame ? now - before.since : DAY_MS;
  if (!isSame || age < 0 || age >= DAY_MS) return { sha256, version, count: 1, takenBack: 0, since: now };
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

/** A device that asks every four hours comes to six a day. */
const FORGIVEN_A_DAY = 20;

const DAY_MS = 24 * 3_600_000;

/** The count reaches the limit only within a day; from then on the device is held, however long it waits. */
function isLoop(deliveries: Deliveries | undefined, next: ReleasePackage, version: string, limit: number): boolean {
  if (deliveries === undefined || deliveries.count < limit) return false;
  return deliveries.sha256 === next.sha256 && deliveries.version === version;
}

/**
 * The highest release above the version that has a package for the device's core; the package for just this core before
 * the one for any. Looks at no more releases than it must: the highest are first.
 */
function firstFitting(
  published: readonly Release[],
  version: string,
  core: string | undefined,
): { readonly release: Release; readonly package: ReleasePackage } | 'newest' | 'base-missing' {
  for (const [place, release] of published.entries()) {
    if (compareVersions(release.wireVersion, version) <= 0) return place === 0 ? 'newest' : 'base-missing';
    const bySource = (wanted: string | undefined): ReleasePackage | undefined =>
      release.packages.find(({ source }) => source === wanted);
    const fitting = bySource(core) ?? bySource(ANY_SOURCE);
    if (fitting !== undefined) return { release, package: fitting };
  }
  return 'base-missing';
}

/** What may be stored and shown of a device's words: so many characters, none of which is invisible or moves a terminal's cursor. */
export function printable(text: string, limit: number): string {
  return text.slice(0, limit).replace(INVISIBLE, '\ufffd');
}
