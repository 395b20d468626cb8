/** How the attempt of a device goes on, by what it asks and what it is promised. */
import {
  type Advanced,
  type Attempt,
  type AttemptState,
  advance,
  isSameAttempt,
  type NewAttempt,
  newAttempt,
} from './attempt.ts';
import type { Circumstances } from './device.ts';

/** The attempt after the device asked with this version. */
export function afterQuestion(attempt: Attempt, version: string, settleMs: number, at: number): Advanced {
  // Also where the clock was set back, by which nobody can tell how long it is ago.
  const settled = Math.abs(at - attempt.changedAt) >= settleMs;
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

/**
 * The attempt after the device asked and is promised a release. `begins`: with the answer's own body; else the device is
 * only told where the package is.
 */
export function afterOffer(
  before: Attempt | undefined,
  wanted: NewAttempt,
  { version, settleMs, begins }: { readonly version: string; readonly settleMs: number; readonly begins: boolean },
  at: number,
): Progress {
  const heard = before && afterQuestion(before, version, settleMs, at);
  const isSame = heard !== undefined && isSameAttempt(heard.attempt, wanted);
  const offered = isSame
    ? { ...advance(heard.attempt, { type: 'offered' }, at).attempt, from: wanted.from, to: wanted.to }
    : newAttempt(wanted, at);
  const attempt = begins ? advance(offered, { type: 'began' }, at).attempt : offered;
  const ended = heard === undefined ? [] : endsOf(heard);
  if (isSame || heard === undefined) return { attempt, former: undefined, ended };
  const detail = `it was offered release ${wanted.release} then`;
  return { attempt, former: advance(heard.attempt, { type: 'superseded', detail }, at).attempt, ended };
}
