/** How a device goes on, by what it asks, what it is promised and what it is sent. */
import {
  type Advanced,
  type Attempt,
  type AttemptState,
  advance,
  isSameAttempt,
  type NewAttempt,
  newAttempt,
} from './attempt.ts';
import type { Upgrade } from './decide.ts';
import { afterDelivery, afterSpending, corrected, type Deliveries } from './deliveries.ts';
import type { Circumstances, Known } from './device.ts';

/** The attempt after the device asked with this version. */
export function afterQuestion(attempt: Attempt, version: string, settleMs: number, at: number): Advanced {
  const waits = at < (attempt.deferral?.until ?? 0) + settleMs;
  // Also where the clock was set back, by which nobody can tell how long it is ago.
  const settled = !waits && Math.abs(at - attempt.changedAt) >= settleMs;
  return advance(attempt, { type: 'told', version, settled }, at);
}

/** What is known of a device, with what its question itself says of its last attempt. */
export function afterAsking(
  circumstances: Circumstances,
  version: string,
  settleMs: number,
  at: number,
): Circumstances {
  const { known } = circumstances;
  if (known?.attempt === undefined) return circumstances;
  const { attempt, entered } = afterQuestion(known.attempt, version, settleMs, at);
  return entered.length === 0 ? circumstances : { ...circumstances, known: { ...known, attempt } };
}

/** What became of a device's attempt. */
export interface Progress {
  readonly attempt: Attempt;
  /** The attempt that it had before, where this is another one: as it ended. */
  readonly former: Attempt | undefined;
  /** States that the attempt, or the one before, entered and that a person wants to hear of. */
  readonly ended: ReadonlyArray<readonly [attempt: Attempt, state: EndState]>;
}

export type EndState = Extract<AttemptState, 'confirmed' | 'failed' | 'rolled-back' | 'silent'>;

const ENDS: ReadonlySet<AttemptState> = new Set(['confirmed', 'failed', 'rolled-back', 'silent']);

/** Those of the entered states by which an attempt ends. */
export function endsOf({ attempt, entered }: Advanced): Progress['ended'] {
  return entered.filter((state): state is EndState => ENDS.has(state)).map((state) => [attempt, state] as const);
}

/** The attempt after the device asked and is promised a release, whose package the answer itself brings. */
function afterOffer(
  before: Attempt | undefined,
  wanted: NewAttempt,
  settleMs: number,
  at: number,
  earlier: Attempt | undefined,
): Progress {
  const heard = before && afterQuestion(before, wanted.from, settleMs, at);
  const isSame = heard !== undefined && isSameAttempt(heard.attempt, wanted);
  const offered = isSame
    ? { ...advance(heard.attempt, { type: 'offered' }, at).attempt, from: wanted.from, to: wanted.to }
    : { ...newAttempt(wanted, at), failures: failuresOf(earlier) };
  const { attempt } = advance(offered, { type: 'began' }, at);
  const ended = heard === undefined ? [] : endsOf(heard);
  if (isSame || heard === undefined) return { attempt, former: undefined, ended };
  const detail = `it was offered release ${wanted.release} then`;
  return { attempt, former: advance(heard.attempt, { type: 'superseded', detail }, at).attempt, ended };
}

/** How often a device has failed at what it has never shown. */
function failuresOf(earlier: Attempt | undefined): number {
  return earlier === undefined || earlier.state === 'confirmed' ? 0 : earlier.failures;
}

/** What a promise and its sending change of what is known of a device. */
export type Dealings = Pick<Known, 'attempt' | 'deliveries' | 'spent'>;

/**
 * What is known of a device that asked and is promised a package. `earlier`: its attempt of the same release and rollout
 * before the last one, if it had any; whoever failed at it has failed still.
 */
export function afterPromise(
  before: Dealings | undefined,
  { device: { version }, release, package: chosen, rollout, wave }: Upgrade,
  settleMs: number,
  at: number,
  earlier?: Attempt,
): Progress & Dealings {
  const wanted = { release: release.id, rollout, wave, from: version, to: release.wireVersion };
  return {
    ...afterOffer(before?.attempt, wanted, settleMs, at, earlier),
    deliveries: afterDelivery(before?.deliveries, chosen, version, at),
    spent: afterSpending(before?.spent, chosen.size, at),
  };
}

/** How the sending of a package ended. */
export interface Sending {
  readonly release: number;
  readonly sha256: string;
  readonly size: number;
  /** The version that the device told when it was promised. */
  readonly told: string;
  /** That went out now. */
  readonly bytes: number;
  readonly isWhole: boolean;
  /** Whether only the rest of it was to be sent. */
  readonly isRest: boolean;
  /** -1: it is no delivery after all; 1: it is one after all. */
  readonly counted: 1 | -1 | 0;
}

export function afterSending(before: Dealings, sending: Sending, at: number): Dealings {
  const { attempt, deliveries, spent } = before;
  const { release, sha256, size, told, bytes, isWhole, isRest, counted } = sending;
  // What was promised is spent already, but for what did not go out; what was resumed comes on top.
  const spentMore = isRest ? bytes : bytes - size;
  const isOfIt = attempt?.release === release;
  return {
    deliveries: counted === 0 ? deliveries : corrected(deliveries, { sha256, version: told }, counted),
    spent: spentMore === 0 ? spent : afterSpending(spent, spentMore, at),
    attempt: isOfIt ? advance(attempt, { type: isWhole ? 'sent' : 'began' }, at).attempt : attempt,
  };
}

/** What is kept of the deliveries to a device that asks again: one that has moved takes its packages. */
export function keptDeliveries(
  before: { readonly version: string; readonly deliveries: Deliveries | undefined },
  version: string,
): Deliveries | undefined {
  return version === before.version ? before.deliveries : undefined;
}

/** Of attempts without a rollout, milliseconds without a word after which a device counts as silent. */
const SILENT_AFTER_MS = 24 * 3_600_000;

/** When the device of an open attempt counts as silent, unless something is heard of it until then. */
export function silentAt({ changedAt }: Attempt, lastSeenAt: number, silentAfterMs: number = SILENT_AFTER_MS): number {
  return Math.max(lastSeenAt, changedAt) + silentAfterMs;
}
