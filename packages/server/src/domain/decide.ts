import { compareVersions, type RefusalCode } from '@libfota2/protocol';
import { isOrderedVersion, type Project, type Release, type ReleasePackage } from './catalogue.ts';
import { type Choice, type Chosen, type Considered, choose } from './choose.ts';
import { isLoop } from './deliveries.ts';
import { type Circumstances, type Device, isUsableId, printable, type Question } from './device.ts';
import { LIMIT_RETRY_S, limitReached, type Usage } from './limits.ts';
import type { Plan, ProjectPlan } from './plan.ts';
import type { RingUpdate } from './ring-updates.ts';
import type { RolloutLimits } from './rollout.ts';
import { type GrantingRule, REFUSED_BY, type RefusingRule, type Rule } from './rules.ts';
import { toldBy } from './told.ts';

interface Decided {
  /** The rule that decided. */
  readonly rule: Rule;
  readonly device: Device;
  /** `undefined` where no project has the key. */
  readonly project: Project | undefined;
  /** Whether the device belongs to a firmware of ours and is remembered. */
  readonly registered: boolean;
  /** What came of looking at releases; `undefined` where none was. */
  readonly choice: Choice | undefined;
  /** What its key ring lacks; `undefined`: it has none. */
  readonly ring: RingUpdate | undefined;
  /** The number of the key ring that it tells; 0: none. */
  readonly keyRing: number;
}

export interface Upgrade extends Decided {
  readonly answer: 'upgrade';
  readonly rule: GrantingRule;
  readonly release: Release;
  readonly package: ReleasePackage;
  /** The rollout that admits the device; `undefined`: the release is for all, or the device is pinned to it. */
  readonly rollout: number | undefined;
  /** Of the rollout, from 0. */
  readonly wave: number;
}

export interface Refused extends Decided {
  readonly answer: 'refused';
  readonly rule: RefusingRule;
  /** The platform's code (docs/protocol.md §6). */
  readonly code: RefusalCode;
  /** Why, for people. */
  readonly msg: string;
  /** Seconds until asking again is of use; `undefined`: nobody can say. */
  readonly retryAfterS: number | undefined;
  /** Of the rule `limit`: which one. */
  readonly limit: keyof RolloutLimits | undefined;
}

export type Decision = Upgrade | Refused;

export type { Deliveries } from './deliveries.ts';
export {
  type Access,
  type Circumstances,
  type Device,
  isUsableId,
  printable,
  type Question,
  STRANGER,
} from './device.ts';
export { REFUSED_BY, RULES, type Rule } from './rules.ts';

/** Finds what is known of a device, once its project is known. */
export type Lookup = (device: Device) => Circumstances;

/** What is the same for all devices, and another thing a moment later. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Of a rollout, or of all downloads together. */
  readonly usage: (rollout: number | undefined) => Usage;
}

/**
 * Which release this device gets, or which rule refuses it one. Total: every identity gets a decision.
 * A device whose version has no order is refused, for it would be served the same release again and again.
 */
export function decide(question: Question, plan: Plan, lookup: Lookup, moment: Moment): Decision {
  const { idKind = 'imei', id = '', projectKey = '', firmwareName = '' } = question;
  const ours = plan.projects.get(projectKey);
  const firmware = ours?.firmwares.get(firmwareName);
  const told = toldBy(question, firmware?.published);
  const { version } = told;
  const device = {
    project: ours?.project.name ?? '',
    firmwareName: printable(firmwareName, 128),
    idKind,
    id: printable(id, 128),
    version: printable(version, 64),
  };
  const ring = question.keyRing === undefined ? undefined : ours?.ringUpdate(question.keyRing);
  const { keyRing = 0 } = question;
  const stranger: Asked = { device, ours, ring, keyRing, registered: false, choice: undefined };
  if (!isUsableId(id)) return refused('id-missing', stranger);
  if (ours === undefined) return refused('project-unknown', stranger);
  const circumstances = lookup(device);
  const { access, known, hasRoom } = circumstances;
  if (access === 'blocked') return refused('blocked', { ...stranger, registered: known !== undefined });
  if (known === undefined && (!hasRoom || (ours.project.registration === 'closed' && access !== 'allowed'))) {
    return refused('unregistered', stranger);
  }
  if (firmware === undefined) return refused('firmware-unknown', stranger);
  const asked: Asked = { ...stranger, registered: true };
  if (!isOrderedVersion(version)) return refused('version-unreadable', asked);
  if (firmware.published.length === 0) return refused('nothing-published', asked);
  const choice = choose(firmware, device, circumstances, ring === undefined ? told : { ...told, ring }, moment.now);
  return granted({ ...asked, choice }, plan, circumstances, moment);
}

interface Asked {
  readonly device: Device;
  readonly ours: ProjectPlan | undefined;
  readonly ring: RingUpdate | undefined;
  readonly keyRing: number;
  readonly registered: boolean;
  readonly choice: Choice | undefined;
}

/** The chosen release, where nothing is said of how often and how much. */
function granted(
  asked: Asked & { readonly choice: Choice },
  { policy }: Plan,
  { known }: Circumstances,
  moment: Moment,
): Decision {
  const { chosen, rule } = asked.choice;
  if (chosen === undefined) return refused(rule, asked, waitOf(asked.choice, moment.now));
  const { release, package: next, gate } = chosen;
  const { version } = asked.device;
  const last = known?.attempt;
  if (last?.release === release.id && last.state === 'rolled-back') return refused('rolled-back', asked);
  if (isLoop(known?.deliveries, next, version, policy.deliveriesPerDay)) return refused('upgrade-loop', asked);
  if (policy.stopped !== undefined) return refused('stopped', asked);
  const limit = overLimit(chosen, policy.limits, known?.spent, moment);
  if (limit !== undefined) return refused('limit', asked, LIMIT_RETRY_S[limit], limit);
  const isUp = compareVersions(release.wireVersion, version) > 0;
  return {
    answer: 'upgrade',
    rule: isUp ? 'newer-release' : 'older-release',
    device: asked.device,
    project: asked.ours?.project,
    registered: asked.registered,
    choice: asked.choice,
    ring: asked.ring,
    keyRing: asked.keyRing,
    release,
    package: next,
    rollout: gate?.rollout.id,
    wave: chosen.wave ?? 0,
  };
}

function overLimit(
  { package: { size }, gate }: Chosen,
  limits: RolloutLimits,
  spent: Parameters<typeof limitReached>[2],
  { now, usage }: Moment,
): keyof RolloutLimits | undefined {
  const ofRollout =
    gate === undefined ? undefined : limitReached(gate.rollout.limits, usage(gate.rollout.id), spent, size, now);
  return ofRollout ?? limitReached(limits, usage(undefined), spent, size, now);
}

function refused(
  rule: RefusingRule,
  { device, ours, registered, choice, ring, keyRing }: Asked,
  retryAfterS?: number,
  limit?: keyof RolloutLimits,
): Refused {
  const [code, msg] = REFUSED_BY[rule];
  const project = ours?.project;
  return { answer: 'refused', code, msg, retryAfterS, limit, rule, device, project, registered, choice, ring, keyRing };
}

/** Seconds until what speaks against the highest release speaks no more, where only time has to pass. */
function waitOf({ considered }: Choice, now: number): number | undefined {
  const [first] = considered;
  const at = first && waitUntil(first);
  return at === undefined || at <= now ? undefined : Math.min(LONGEST_WAIT_S, Math.ceil((at - now) / 1_000));
}

function waitUntil({ against, gate }: Considered): number | undefined {
  if (against === 'outside-window') return gate?.opening.changesAt;
  return against === 'rollout-scheduled' ? gate?.rollout.startAt : undefined;
}

/** An operator may change his mind: nobody is sent away for longer. */
const LONGEST_WAIT_S = 24 * 3_600;
