/** What a rule found, in plain sentences: where it let the device pass, and where it decided. */

import { ANY_SOURCE, type Release } from './catalogue.ts';
import type { Circumstances, Decision, Question, Rule } from './decide.ts';
import type { Plan } from './plan.ts';
import { refusedWords } from './ring-words.ts';
import { ROLLOUT_DECIDED, ROLLOUT_PASSED } from './sentences-rollout.ts';

export interface Facts {
  readonly question: Question;
  readonly circumstances: Circumstances;
  readonly decision: Decision;
  readonly plan: Plan;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Published releases of the firmware, the highest version first. */
  readonly published: readonly Release[];
  /** Those above the device's version. */
  readonly newer: readonly Release[];
  /** As they are compared, see {@link toldBy}. */
  readonly version: string;
  readonly core: string | undefined;
}

export type Sentences<R extends Rule = Rule> = Readonly<Record<R, (facts: Facts) => string>>;

export const PASSED: Sentences = {
  ...ROLLOUT_PASSED,
  'id-missing': ({ question }) => `The device names itself "${question.id}".`,
  'project-unknown': ({ decision }) => `Its project_key belongs to the project "${decision.project?.name}".`,
  blocked: ({ circumstances }) =>
    circumstances.access === 'allowed' ? 'The operator allows this device.' : 'The operator has not blocked it.',
  unregistered: ({ circumstances }) =>
    circumstances.known === undefined ? 'It has not asked before and would be registered now.' : 'It is registered.',
  'firmware-unknown': ({ question, published }) =>
    `The project has ${counted(published.length, 'published release')} of "${question.firmwareName}".`,
  'version-unreadable': ({ question, version }) =>
    `"${question.version}" is a version that can be compared${version === question.version ? '' : `, as ${version}`}.`,
  'nothing-published': ({ published }) => `The highest is ${published[0] && named(published[0])}.`,
  newest: ({ newer, version }) =>
    newer.length === 0 ? `Nothing is above ${version}.` : `Above the device's ${version}: ${listed(newer)}.`,
  'base-missing': ({ decision, core }) =>
    decision.answer === 'upgrade' && decision.package.source !== ANY_SOURCE
      ? `A package fits the core ${core} that the device runs.`
      : 'A package fits every core.',
  untrusted: () => "Its signature is one that the device's key ring takes.",
  'upgrade-loop': ({ circumstances: { known }, plan }) =>
    known?.deliveries === undefined
      ? 'It was never sent this package.'
      : `It was sent packages ${counted(known.deliveries.count, 'time')} on its version; ${plan.policy.deliveriesPerDay} a day are allowed.`,
};

const granted = ({ decision }: Facts): string => {
  if (decision.answer !== 'upgrade') return '';
  const { release, package: sent, rollout, wave } = decision;
  const source = sent.source === ANY_SOURCE ? 'any core' : `core ${sent.source}`;
  const by = rollout === undefined ? '' : ` by wave ${wave + 1} of rollout ${rollout}`;
  return `It gets ${named(release)}${by}: the package for ${source}, ${sent.size} bytes, sha256 ${sent.sha256.slice(0, 12)}….`;
};

export const DECIDED: Sentences = {
  ...ROLLOUT_DECIDED,
  'id-missing': ({ question }) =>
    (question.id ?? '') === ''
      ? 'The question has no id (imei, mac, uid or, in the plain contract, id), so nobody can say which device asks.'
      : 'The id is longer than 128 characters, or holds characters that cannot be seen.',
  'project-unknown': ({ question }) =>
    (question.projectKey ?? '') === ''
      ? 'The question has no project_key.'
      : `No project has the key "${question.projectKey}", now or formerly.`,
  blocked: () => 'The operator blocked this device.',
  unregistered: ({ circumstances }) =>
    circumstances.hasRoom
      ? 'The project registers no devices by itself, and the operator has not allowed this one.'
      : 'The server knows as many devices as it may, and this one is new.',
  'firmware-unknown': ({ question }) => `The project never had a release of "${question.firmwareName ?? ''}".`,
  'version-unreadable': ({ question }) =>
    `"${question.version ?? ''}" is not made of numbers and dots; a device whose version has no order would be served for ever.`,
  'nothing-published': () => 'Every release of this firmware is withdrawn.',
  newest: ({ published, version }) =>
    `The highest release is ${published[0] && named(published[0])}, and the device has ${version} already.`,
  'base-missing': ({ newer, core }) => {
    const sources = new Set(newer.flatMap(({ packages }) => packages.map(({ source }) => source)));
    const runs = core === undefined ? 'The device does not tell its core' : `The device runs the core ${core}`;
    return `${runs}; there are packages for ${[...sources].join(', ')}.`;
  },
  untrusted: ({ decision }) => {
    const [first] = decision.choice?.considered ?? [];
    return `The device would not take ${first && named(first.release)}: ${refusedWords(first?.objection)}.`;
  },
  'upgrade-loop': ({ circumstances }) => {
    const times = counted(circumstances.known?.deliveries?.count ?? 0, 'time');
    return `It was sent the package ${times} within a day, still tells its old version, and is held until it is allowed.`;
  },
  'newer-release': granted,
  'older-release': granted,
};

function listed(releases: readonly Release[]): string {
  const shown = releases.slice(0, 3).map(named).join(', ');
  return releases.length > 3 ? `${shown}, …` : shown;
}

function named({ version, wireVersion }: Release): string {
  return version === wireVersion ? version : `${version} (${wireVersion} on the wire)`;
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
