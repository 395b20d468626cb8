import type { Considered } from './choose.ts';
import { spentToday } from './deliveries.ts';
import type { Target } from './rollout.ts';
import type { GrantingRule, Rule } from './rules.ts';
import type { Facts, Sentences } from './sentences.ts';

/** Rules of rollouts, pins, floors, stops and limits. */
type RolloutRule = Extract<
  Rule,
  | 'pinned'
  | 'held-back'
  | 'floor'
  | 'not-targeted'
  | 'rollout-aborted'
  | 'rollout-scheduled'
  | 'later-wave'
  | 'rollout-paused'
  | 'outside-window'
  | 'rolled-back'
  | 'stopped'
  | 'limit'
>;

export const ROLLOUT_PASSED: Sentences<RolloutRule | GrantingRule> = {
  pinned: ({ circumstances }) =>
    `The operator pinned it to ${circumstances.profile.pin?.version}, and nothing else is looked at.`,
  'held-back': ({ decision }) =>
    `Rollout ${decision.choice?.ceiling?.rollout.id} lets it have nothing above its release.`,
  floor: ({ decision }) =>
    `It must pass through ${decision.choice?.floor?.version} first; nothing above that is looked at.`,
  'not-targeted': (facts) => {
    const gate = spoken(facts)?.gate;
    return gate === undefined
      ? `Release ${spoken(facts)?.release.version} has no rollout: it is for all.`
      : `Rollout ${gate.rollout.id} of ${spoken(facts)?.release.version} is for ${targetText(gate.rollout.target)}, and so for this device.`;
  },
  'rollout-aborted': ofGate(() => 'It was not aborted.'),
  'rollout-scheduled': ofGate(({ rollout }) =>
    rollout.startedAt === undefined ? 'It has begun.' : `It began at ${timeText(rollout.startedAt)}.`,
  ),
  'later-wave': (facts) =>
    ofGate(
      ({ rollout }) =>
        `The device is in wave ${waveText(spoken(facts))}, and wave ${rollout.wave + 1} of ${rollout.waves.length} is open.`,
    )(facts),
  'rollout-paused': ofGate(() => 'It is not paused.'),
  'outside-window': ofGate(({ rollout, opening }) =>
    rollout.windows.length === 0
      ? 'It offers at any time.'
      : `Its window is open${opening.changesAt === undefined ? '' : ` until ${timeText(opening.changesAt)}`}.`,
  ),
  'rolled-back': ({ circumstances }) =>
    `It was offered this release before; that attempt is ${circumstances.known?.attempt?.state}.`,
  stopped: () => 'Upgrades are not stopped.',
  limit: () => 'No limit of downloads is reached.',
  'older-release': () => '',
  'newer-release': () => '',
};

export const ROLLOUT_DECIDED: Sentences<RolloutRule> = {
  pinned: ({ circumstances, question }) => {
    const pin = circumstances.profile.pin;
    return `The operator pinned it to ${pin?.version}${pin?.mayDowngrade === true ? '' : ', without a downgrade'}; it runs ${question.version}, and nothing else is on offer for it.`;
  },
  'held-back': ({ decision, question }) =>
    `Rollout ${decision.choice?.ceiling?.rollout.id} keeps it on ${question.version}, although there is a higher release.`,
  floor: ({ decision }) => `It must pass through ${decision.choice?.floor?.version} first, which is not on offer.`,
  'not-targeted': (facts) => {
    const considered = spoken(facts);
    const target = considered?.gate === undefined ? 'other devices' : targetText(considered.gate.rollout.target);
    return `${considered?.release.version} is rolled out to ${target}: this device is not among them.`;
  },
  'rollout-aborted': (facts) => `Rollout ${gateId(facts)} was aborted${because(facts)}: it offers nothing any more.`,
  'rollout-scheduled': (facts) => {
    const startAt = spoken(facts)?.gate?.rollout.startAt;
    return `Rollout ${gateId(facts)} begins ${startAt === undefined ? 'in a moment' : `at ${timeText(startAt)}`}.`;
  },
  'later-wave': (facts) => {
    const open = (spoken(facts)?.gate?.rollout.wave ?? 0) + 1;
    return `The device is in wave ${waveText(spoken(facts))} of rollout ${gateId(facts)}, and only wave ${open} is open.`;
  },
  'rollout-paused': (facts) => `Rollout ${gateId(facts)} is paused${because(facts)}.`,
  'outside-window': (facts) => {
    const until = spoken(facts)?.gate?.opening.changesAt;
    return `Rollout ${gateId(facts)} offers at other hours${until === undefined ? '' : `, again at ${timeText(until)}`}.`;
  },
  'rolled-back': ({ circumstances }) =>
    `It was on this release and went back (${circumstances.known?.attempt?.detail}); it is held until it is allowed.`,
  stopped: ({ plan }) => `The operator stopped all upgrades: ${plan.policy.stopped || 'no reason was given'}.`,
  limit: ({ decision, circumstances, now }) => {
    const which = decision.answer === 'refused' ? decision.limit : undefined;
    if (which === 'downloads') return 'As many devices are downloading as may at once.';
    if (which === 'bytesPerHour') return 'As many bytes went out within the last hour as may.';
    return `This device was sent ${spentToday(circumstances.known?.spent, now)} bytes within a day, and may not have so many more.`;
  },
};

/** The release of which the answer speaks: the chosen one, else the highest that was looked at. */
function spoken({ decision }: Facts): Considered | undefined {
  return decision.choice?.chosen ?? decision.choice?.considered[0];
}

function gateId(facts: Facts): number | undefined {
  return spoken(facts)?.gate?.rollout.id;
}

function because(facts: Facts): string {
  const why = spoken(facts)?.gate?.rollout.why ?? '';
  return why === '' ? '' : ` (${why})`;
}

function ofGate(says: (gate: NonNullable<Considered['gate']>) => string): (facts: Facts) => string {
  return (facts) => {
    const gate = spoken(facts)?.gate;
    return gate === undefined ? 'No rollout has a say in it.' : says(gate);
  };
}

function waveText(considered: Considered | undefined): string {
  return considered?.wave === undefined ? '?' : String(considered.wave + 1);
}

function targetText(target: Target): string {
  switch (target.kind) {
    case 'all':
      return 'all devices';
    case 'query':
      return `devices with ${target.query}`;
    case 'group':
      return `the group ${target.group}`;
    case 'list':
      return `a list of ${target.ids.length} devices`;
  }
}

/** As people everywhere can read it; by the clock on the wall of a time zone. */
export function timeText(at: number, timeZone = 'UTC'): string {
  return `${new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(at)} ${timeZone}`;
}
