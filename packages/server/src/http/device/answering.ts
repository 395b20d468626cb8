import type { IncomingMessage } from 'node:http';
import { type Identity, matchesIfNoneMatch, parseRange } from '@libfota2/protocol';
import type { Package, ReleasePackage } from '../../domain/catalogue.ts';
import type { Decision, Question, Refused, Rule, Upgrade } from '../../domain/decide.ts';
import type { OpenPackage, Sent } from '../../ports.ts';
import type { CheckIns } from '../../usecases/check-in.ts';
import type { Signatures } from '../../usecases/signatures.ts';
import { type Answer, beyondTheEnd, etagOf, notModified, packageAnswer, refusal } from '../answers.ts';

/** Answers the question of a device, however it was put: one decision, one dialect (docs/protocol.md §10). */
export type Answering = (identity: Identity, request: IncomingMessage, only?: OnlyThis) => Answer | Promise<Answer>;

/** The package that the device was told of before: it gets this one, or none. */
export interface OnlyThis {
  readonly sha256: string;
  /** Whether it may be begun, or only gone on with. */
  readonly isFresh: boolean;
}

const SERIAL = /^[1-9]\d{0,8}$/;

/** All devices take 300 and above for "no upgrade"; which one tells a person with curl something. */
const STATUS: Readonly<Record<Refused['code'], number>> = {
  3: 400,
  17: 403,
  21: 403,
  25: 403,
  26: 404,
  27: 404,
  40: 403,
  43: 404,
  44: 404,
};

export function createAnswering(ports: {
  readonly checkIns: CheckIns;
  readonly signatures: Signatures;
  readonly open: (wanted: Package) => Promise<OpenPackage>;
}): Answering {
  const { checkIns, signatures, open } = ports;

  /**
   * Promises the package of the decision, or `part` of it, once that is durable. `undefined` where this is no longer what
   * the device is to get.
   */
  const promised = async (
    identity: Question,
    decision: Upgrade,
    part?: { readonly first: number; readonly last: number },
  ): Promise<Answer | undefined> => {
    const { package: chosen } = decision;
    // Checked first: a package that turns out damaged was not served, and the log must not say so.
    const opened = await open(chosen);
    try {
      const sent = await checkIns.offered(identity, decision);
      if (sent !== undefined) {
        const answer = signed(packageAnswer(chosen, opened, part), decision, chosen);
        return { ...answer, onSent: ending(decision, sent, false) };
      }
    } catch (problem) {
      await opened.close();
      throw problem;
    }
    await opened.close();
    return undefined;
  };

  /** What this device is being sent, unless it would take that no more. */
  const underWay = (decision: Decision): Sent | undefined => {
    const sent = checkIns.sent(decision);
    return sent !== undefined && signatures.isTaken(decision, sent) ? sent : undefined;
  };

  /** The rest of what this device is being sent, whatever is on offer by now (luatos.md L18); it is no new attempt. */
  const rest = async (
    identity: Question,
    decision: Decision,
    range: string,
    ifRange: string | undefined,
    only: OnlyThis | undefined,
  ): Promise<Answer | undefined> => {
    // Whoever stops upgrades means those that are under way, too.
    if (checkIns.isStopped()) return undefined;
    const begun = underWay(decision);
    const isOther = only !== undefined && begun?.sha256 !== only.sha256;
    if (begun === undefined || isOther || (ifRange !== undefined && etagOf(begun) !== ifRange)) {
      return stranger(identity, decision, range, ifRange);
    }
    const part = parseRange(range, begun.size);
    // Who begins at the first byte has nothing yet: that is a question, and counts as one.
    if (part !== 'unsatisfiable' && (part === 'whole' || part.first === 0)) return undefined;
    if (part === 'unsatisfiable') return beyondTheEnd(begun, decision.project?.refusals);
    // Without If-Range the client appends what comes to what it has, and only this package may come (luatos.md L18).
    if (ifRange === undefined && !checkIns.isClear(decision, begun)) {
      return beyondTheEnd(begun, decision.project?.refusals);
    }
    const opened = await open(begun);
    const answer = signed(packageAnswer(begun, opened, part), decision, signatures.of(begun));
    // A client that fetches piece by piece resumes nothing, and would fill the log.
    if (part.last < begun.size - 1) return { ...answer, onSent: ({ bytes }) => checkIns.fetched(decision, bytes) };
    checkIns.resumed(decision, begun, part.first);
    return { ...answer, onSent: ending(decision, begun, true) };
  };

  const ending =
    ({ device }: Decision, sent: Sent, isRest: boolean): Answer['onSent'] =>
    ({ bytes, whole: isWhole }) =>
      checkIns.ended({ sent, device, bytes, isWhole, isRest });

  /** A range of something else than what this device is being sent. */
  const stranger = async (
    identity: Question,
    decision: Decision,
    range: string,
    ifRange: string | undefined,
  ): Promise<Answer | undefined> => {
    if (decision.answer === 'refused') return undefined;
    const { package: chosen } = decision;
    const part = parseRange(range, chosen.size);
    // A client without If-Range appends whatever comes to what it has: without a memory of what that is, it must start
    // again. Not so from 0, where nothing is there yet.
    if (ifRange === undefined) return isPart(part) ? beyondTheEnd(chosen, decision.project?.refusals) : undefined;
    if (etagOf(chosen) !== ifRange || part === 'whole') return undefined;
    if (part === 'unsatisfiable') return beyondTheEnd(chosen, decision.project?.refusals);
    return promised(identity, decision, part);
  };

  /** A package from its beginning, unless the client has it already. */
  const beginning = async (
    identity: Question,
    decision: Upgrade,
    { method, headers }: IncomingMessage,
    only: OnlyThis | undefined,
  ): Promise<Answer | undefined> => {
    const { package: chosen } = decision;
    // HEAD looks and touches nothing.
    const isLook = method === 'HEAD';
    if (only !== undefined && (only.sha256 !== chosen.sha256 || !only.isFresh)) return gone();
    if (headers['if-none-match'] !== undefined && matchesIfNoneMatch(headers['if-none-match'], etagOf(chosen))) {
      if (!isLook) await checkIns.answered(decision);
      return notModified(chosen);
    }
    return isLook ? signed(packageAnswer(chosen, await open(chosen)), decision, chosen) : promised(identity, decision);
  };

  /** The same to all whom this rule refuses: made once. */
  const refusals = { json: new Map<Rule, Answer>(), empty: new Map<Rule, Answer>() };
  const refusalBy = ({ rule, code, msg, project, retryAfterS }: Refused): Answer => {
    const form = project?.refusals ?? 'json';
    if (retryAfterS !== undefined) return refusal(STATUS[code], code, msg, form, retryAfterS);
    const made = refusals[form].get(rule) ?? refusal(STATUS[code], code, msg, form);
    refusals[form].set(rule, made);
    return made;
  };

  /** Most questions end here, and within their turn. */
  const refused = (decision: Refused, isLook: boolean): Answer | Promise<Answer> => {
    const answer = updating(refusalBy(decision), decision);
    const remembered = isLook ? undefined : checkIns.answered(decision);
    return remembered === undefined ? answer : remembered.then(() => answer);
  };

  const longer = async (
    question: Question,
    decision: Decision,
    request: IncomingMessage,
    only: OnlyThis | undefined,
  ): Promise<Answer> => {
    const { method, headers } = request;
    if (headers.range !== undefined && method !== 'HEAD') {
      const resumed = await rest(question, decision, headers.range, single(headers['if-range']), only);
      if (resumed !== undefined) return updating(resumed, decision);
    }
    if (decision.answer === 'refused') return refused(decision, method === 'HEAD');
    const begun = await beginning(question, decision, request, only);
    return begun === undefined ? answer(question, request, only) : updating(begun, decision);
  };

  const answer: Answering = (identity, request, only) => {
    const question = asked(identity, request.headers);
    const decision = checkIns.decide(question);
    const isPlain = request.headers.range === undefined || request.method === 'HEAD';
    if (decision.answer === 'refused' && isPlain) return refused(decision, request.method === 'HEAD');
    return longer(question, decision, request, only);
  };
  return answer;
}

/** A device with a key ring tells its number (docs/protocol.md §13.3). */
function asked(identity: Identity, { 'fota-key-ring': told }: IncomingMessage['headers']): Question {
  return typeof told === 'string' && SERIAL.test(told) ? { ...identity, keyRing: Number(told) } : identity;
}

/** An answer with bytes of a package, for devices with a key ring with its signature. */
function signed(answer: Answer, { ring }: Decision, sent: Pick<ReleasePackage, 'signature'> | undefined): Answer {
  const signature = sent?.signature;
  if (ring === undefined || signature === undefined) return answer;
  const headers = { ...answer.headers, 'Fota-Signature': Buffer.from(signature).toString('base64') };
  return { ...answer, headers };
}

/** Any answer; for a device whose key ring is older than the project's with the next ones (§13.6). */
function updating(answer: Answer, { ring }: Decision): Answer {
  if (ring === undefined || ring.header === '') return answer;
  return { ...answer, headers: { ...answer.headers, 'Fota-Key-Ring': ring.header } };
}

/** The device was told of a package, and is to have another by now: it must ask again. */
function gone(): Answer {
  return refusal(410, 410, 'this package is no longer on offer, ask again');
}

function isPart(range: ReturnType<typeof parseRange>): boolean {
  return range === 'unsatisfiable' || (typeof range === 'object' && range.first > 0);
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
