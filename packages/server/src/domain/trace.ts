/** What was asked to come to a decision: for people, and so made only where somebody wants to know. */
import type { Choice } from './choose.ts';
import type { Decision } from './decide.ts';
import type { Circumstances } from './device.ts';
import type { FirmwarePlan, Plan } from './plan.ts';
import type { RolloutLimits } from './rollout.ts';
import { RULES, type Rule } from './rules.ts';

/** All rules that were asked, the deciding one last. */
export function traceOf(decision: Decision, plan: Plan, circumstances: Circumstances): readonly Rule[] {
  const { rule, choice, project, device } = decision;
  const firmware = plan.projects.get(project?.key ?? '')?.firmwares.get(device.firmwareName);
  const relevant =
    choice === undefined || firmware === undefined
      ? NOTHING_RELEVANT
      : relevantOf(choice, firmware, circumstances, plan, decision.ring !== undefined);
  return traced(rule, relevant);
}

/** Rules that say something only of some devices: of others their trace is without them. */
interface Relevant {
  /** The device has a key ring. */
  readonly ringed: boolean;
  readonly pinned: boolean;
  readonly heldBack: boolean;
  readonly floor: boolean;
  /** The firmware has rollouts. */
  readonly gated: boolean;
  /** One of them has a say in the release that the answer is about. */
  readonly ruled: boolean;
  /** The release was tried before. */
  readonly tried: boolean;
  readonly limited: boolean;
}

const NOTHING_RELEVANT: Relevant = {
  ringed: false,
  pinned: false,
  heldBack: false,
  floor: false,
  gated: false,
  ruled: false,
  tried: false,
  limited: false,
};

const IF_RELEVANT: Readonly<Partial<Record<Rule, keyof Relevant>>> = {
  untrusted: 'ringed',
  pinned: 'pinned',
  'held-back': 'heldBack',
  floor: 'floor',
  'not-targeted': 'gated',
  'rollout-aborted': 'ruled',
  'rollout-scheduled': 'ruled',
  'later-wave': 'ruled',
  'rollout-paused': 'ruled',
  'outside-window': 'ruled',
  'rolled-back': 'tried',
  limit: 'limited',
};

/** Rules that are told only where they decide: that nothing is stopped is no news. */
const ONLY_DECIDING: ReadonlySet<Rule> = new Set(['stopped', 'older-release', 'newer-release']);

function traced(deciding: Rule, relevant: Relevant): readonly Rule[] {
  const asked = RULES.slice(0, RULES.indexOf(deciding)).filter((rule) => {
    const condition = IF_RELEVANT[rule];
    return !ONLY_DECIDING.has(rule) && (condition === undefined || relevant[condition]);
  });
  return [...asked, deciding];
}

/** Which rules have something to say of this device. For most, none. */
function relevantOf(
  { chosen, considered, floor, ceiling }: Choice,
  { gates }: FirmwarePlan,
  { known, profile }: Circumstances,
  { policy: { limits } }: Plan,
  isRinged: boolean,
): Relevant {
  const isPinned = profile.pin !== undefined;
  if (considered.length === 0 && floor === undefined && ceiling === undefined && !isPinned) return NOTHING_RELEVANT;
  const looked = considered.map(({ gate }) => gate).filter((gate) => gate !== undefined);
  return {
    ringed: isRinged,
    pinned: isPinned,
    heldBack: ceiling !== undefined,
    floor: floor !== undefined,
    gated: !isPinned && gates.size > 0,
    ruled: !isPinned && (chosen ?? considered[0])?.gate !== undefined,
    tried: considered.some(({ release }) => release.id === known?.attempt?.release),
    limited: [limits, ...looked.map(({ rollout }) => rollout.limits)].some(isLimiting),
  };
}

function isLimiting(limits: RolloutLimits): boolean {
  return Object.values(limits).some((limit) => limit !== undefined);
}
