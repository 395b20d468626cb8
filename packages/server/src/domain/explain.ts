import { compareVersions } from '@libfota2/protocol';
import type { Release } from './catalogue.ts';
import type { Considered } from './choose.ts';
import { type Circumstances, type Decision, printable, type Question, type Rule, type Upgrade } from './decide.ts';
import type { Plan } from './plan.ts';
import { objectionTo, ringUpdates } from './ring-updates.ts';
import { refusedWords } from './ring-words.ts';
import type { RefusingRule } from './rules.ts';
import { DECIDED, type Facts, PASSED } from './sentences.ts';
import { coreOf, looksLikeCore, toldBy } from './told.ts';
import { traceOf } from './trace.ts';
import { ringOf } from './trust.ts';

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
  readonly question: Question;
  readonly circumstances: Circumstances;
  readonly decision: Decision;
  readonly steps: readonly Step[];
  /** The releases that were looked at, the highest first: which of them the device gets, or what speaks against it. */
  readonly considered: readonly Considered[];
  /** What the operator might do, where something looks wrong; in sentences. */
  readonly hints: readonly string[];
}

/** Puts a decision into words: a sentence for each rule that was asked. */
export function explain(
  asked: Question,
  plan: Plan,
  circumstances: Circumstances,
  decision: Decision,
  now: number,
): Explanation {
  const firmwares = plan.projects.get(asked.projectKey ?? '')?.firmwares;
  const published = firmwares?.get(asked.firmwareName ?? '')?.published ?? [];
  // What a device said of itself goes to people's terminals.
  const said = (text: string | undefined): string | undefined => text && printable(text, 128);
  const question = {
    idKind: asked.idKind,
    id: said(asked.id),
    projectKey: said(asked.projectKey),
    firmwareName: said(asked.firmwareName),
    version: said(asked.version),
    core: said(asked.core),
    keyRing: asked.keyRing,
  };
  const { version, core } = toldBy(question, published);
  const isNewer = ({ wireVersion }: Release): boolean => compareVersions(wireVersion, version) > 0;
  const newer = published.filter(isNewer);
  const facts: Facts = { question, plan, circumstances, decision, now, published, newer, version, core };
  const considered = decision.choice?.considered ?? [];
  const steps = traceOf(decision, plan, circumstances).map((rule) => {
    const decided = rule === decision.rule;
    const says = (decided ? DECIDED : PASSED)[rule](facts);
    return { rule, decided, says: decided ? [says, ...othersText(decision, considered)].join(' ') : says };
  });
  return { question, circumstances, decision, steps, considered, hints: hints(facts) };
}

/** Releases that a sentence names. */
const NAMED = 5;

/** What speaks against the releases that the sentence of a decision is not about. */
function othersText({ choice }: Decision, considered: readonly Considered[]): string[] {
  const spoken = choice?.chosen?.release ?? considered[0]?.release;
  const others = considered.filter(({ release, against }) => release.id !== spoken?.id && against !== undefined);
  if (others.length === 0) return [];
  const named = others
    .slice(0, NAMED)
    .map(
      ({ release, gate, against }) => `${release.version} (${against}${gate ? `, rollout ${gate.rollout.id}` : ''})`,
    );
  const more = others.length > NAMED ? ` and ${others.length - NAMED} more` : '';
  return [`It does not get ${named.join(', ')}${more}.`];
}

/** What the operator might do about a refusal. */
const HINTS: Readonly<Partial<Record<RefusingRule, string>>> = {
  unregistered: 'Allow the device, or open the registration of the project.',
  blocked: 'Allow the device to let it ask again.',
  'upgrade-loop': 'Find out why it does not take the package, then allow the device.',
  'base-missing': "Publish a package of the release for this device's core, or one for any.",
  'firmware-unknown': 'Compare the name with those of the releases, letter by letter.',
  pinned: 'Take the pin away, or pin the device to another version.',
  untrusted: 'Sign the package with a release key of the ring, and publish it again with the signature.',
  floor: 'Publish the release that devices must pass through, or take the floor away from it.',
  'not-targeted': 'Make a rollout for this device, too, or look at its labels.',
  'rollout-paused': 'Look at the devices that failed or fell silent, then resume the rollout or abort it.',
  'rolled-back': 'Find out why it went back, then allow the device.',
  stopped: 'Lift the stop once upgrades may go on.',
};

function hints({ question, decision, published, now }: Facts): string[] {
  const { rule } = decision;
  const found: string[] = [];
  if (rule === 'newest' && looksLikeCore(question.version) && published.some(({ core }) => core === undefined)) {
    if (!published.some(({ wireVersion }) => looksLikeCore(wireVersion))) {
      found.push(
        `The device's version begins with its core (${coreOf(question.version ?? '')}), the releases' do not: publish with the core, as in --core V${coreOf(question.version ?? '')}.`,
      );
    }
  }
  const ringed = decision.answer === 'upgrade' && decision.ring === undefined ? ringedHint(decision, now) : undefined;
  if (ringed !== undefined) found.push(ringed);
  const hint = decision.answer === 'refused' ? HINTS[decision.rule] : undefined;
  return hint === undefined ? found : [...found, hint];
}

/** What a device with the key ring of the project would not take of what one without gets. */
function ringedHint({ project, release, package: chosen, device }: Upgrade, now: number): string | undefined {
  const ring = project && ringOf(project);
  const update = ring && ringUpdates(project.keyRings)(ring.serial);
  const objection = update && objectionTo(chosen, update, toldBy(device, [release]), now);
  if (objection === undefined) return undefined;
  return `A device that has the key ring of the project does not get ${release.version}: ${refusedWords(objection)}.`;
}
