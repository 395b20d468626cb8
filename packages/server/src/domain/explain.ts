import { compareVersions, type Identity } from '@libfota2/protocol';
import { ANY_SOURCE, type Release } from './catalogue.ts';
import { type Circumstances, type Decision, printable, type Rule } from './decide.ts';
import type { Plan } from './plan.ts';
import { coreOf, looksLikeCore, toldBy } from './told.ts';

/** A rule that was asked, and what it found. */
export interface Step {
  readonly rule: Rule;
  /** Whether this rule decided. */
  readonly decided: boolean;
  /** What it found, as a plain sentence. */
  readonly says: string;
}

/** A decision in words. */
export interface Explanation {
  readonly question: Identity;
  readonly circumstances: Circumstances;
  readonly decision: Decision;
  readonly steps: readonly Step[];
  /** What the operator might do, where something looks wrong; in sentences. */
  readonly hints: readonly string[];
}

interface Facts extends Omit<Explanation, 'steps' | 'hints'> {
  readonly plan: Plan;
  /** Published releases of the firmware, the highest version first. */
  readonly published: readonly Release[];
  /** Those above the device's version. */
  readonly newer: readonly Release[];
  /** As they are compared, see {@link toldBy}. */
  readonly version: string;
  readonly core: string | undefined;
}

/** Puts a decision into words: a sentence for each rule that was asked. */
export function explain(asked: Identity, plan: Plan, circumstances: Circumstances, decision: Decision): Explanation {
  const firmwares = plan.projects.get(asked.projectKey ?? '')?.firmwares;
  const published = firmwares?.get(asked.firmwareName ?? '') ?? [];
  // What a device said of itself goes to people's terminals.
  const said = (text: string | undefined): string | undefined => text && printable(text, 128);
  const question = {
    idKind: asked.idKind,
    id: said(asked.id),
    projectKey: said(asked.projectKey),
    firmwareName: said(asked.firmwareName),
    version: said(asked.version),
    core: said(asked.core),
  };
  const { version, core } = toldBy(question, published);
  const isNewer = ({ wireVersion }: Release): boolean => compareVersions(wireVersion, version) > 0;
  const newer = published.filter(isNewer);
  const facts: Facts = { question, plan, circumstances, decision, published, newer, version, core };
  const steps = decision.trace.map((rule) => {
    const decided = rule === decision.rule;
    return { rule, decided, says: (decided ? DECIDED : PASSED)[rule](facts) };
  });
  return { question, circumstances, decision, steps, hints: hints(facts) };
}

type Sentences = Readonly<Record<Rule, (facts: Facts) => string>>;

const PASSED: Sentences = {
  'id-missing': ({ question }) => `The device names itself "${question.id}".`,
  'project-unknown': ({ decision }) => `Its project_key belongs to the project "${decision.project?.name}".`,
  blocked: ({ circumstances }) =>
    circumstances.access === 'allowed' ? 'The operator allows this device.' : 'The operator has not blocked it.',
  unregistered: ({ circumstances }) =>
    circumstances.isKnown ? 'It is registered.' : 'It has not asked before and would be registered now.',
  'firmware-unknown': ({ question, published }) =>
    `The project has ${counted(published.length, 'published release')} of "${question.firmwareName}".`,
  'version-unreadable': ({ question, version }) =>
    `"${question.version}" is a version that can be compared${version === question.version ? '' : `, as ${version}`}.`,
  'nothing-published': ({ published }) => `The highest is ${published[0] && named(published[0])}.`,
  newest: ({ newer, version }) => `Above the device's ${version}: ${listed(newer)}.`,
  'base-missing': ({ decision, core }) =>
    decision.answer === 'upgrade' && decision.package.source !== ANY_SOURCE
      ? `A package fits the core ${core} that the device runs.`
      : 'A package fits every core.',
  'upgrade-loop': ({ circumstances, plan }) =>
    circumstances.deliveries === undefined
      ? 'It was never sent this package.'
      : `It was sent packages ${counted(circumstances.deliveries.count, 'time')} on its version; ${plan.deliveriesPerDay} a day are allowed.`,
  'newer-release': () => '',
};

const DECIDED: Sentences = {
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
  'upgrade-loop': ({ circumstances }) => {
    const times = counted(circumstances.deliveries?.count ?? 0, 'time');
    return `It was sent the package ${times} within a day, still tells its old version, and is held until it is allowed.`;
  },
  'newer-release': ({ decision }) => {
    if (decision.answer !== 'upgrade') return '';
    const { release, package: sent } = decision;
    const source = sent.source === ANY_SOURCE ? 'any core' : `core ${sent.source}`;
    return `It gets ${named(release)}: the package for ${source}, ${sent.size} bytes, sha256 ${sent.sha256.slice(0, 12)}….`;
  },
};

function hints({ question, decision, published }: Facts): string[] {
  const { rule } = decision;
  const found: string[] = [];
  if (rule === 'newest' && looksLikeCore(question.version) && published.some(({ core }) => core === undefined)) {
    if (!published.some(({ wireVersion }) => looksLikeCore(wireVersion))) {
      found.push(
        `The device's version begins with its core (${coreOf(question.version ?? '')}), the releases' do not: publish with the core, as in --core V${coreOf(question.version ?? '')}.`,
      );
    }
  }
  if (rule === 'unregistered') found.push('Allow the device, or open the registration of the project.');
  if (rule === 'blocked') found.push('Allow the device to let it ask again.');
  if (rule === 'upgrade-loop') found.push('Find out why it does not take the package, then allow the device.');
  if (rule === 'base-missing') found.push("Publish a package of the release for this device's core, or one for any.");
  if (rule === 'firmware-unknown') found.push('Compare the name with those of the releases, letter by letter.');
  return found;
}

function listed(releases: readonly Release[]): string {
  const shown = releases.slice(0, 3).map(named).join(', ');
  return releases.length > 3 ? `${shown}, …` : shown;
}

function named({ version, wireVersion }: Release): string {
  return version === wireVersion ? version : `${version} (${wireVersion} on the wire)`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
