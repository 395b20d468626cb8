import type { EventFilter } from './event.ts';

/** What an operator says of a webhook. */
export interface WebhookSettings {
  readonly url: string;
  /** Which events it is sent: all where nothing is said. */
  readonly filter: Pick<EventFilter, 'projects' | 'types'>;
  /** The receiver may lie on this machine, or in a private network. */
  readonly isPrivate: boolean;
}

/** How far a webhook is. */
export interface WebhookProgress {
  readonly isOn: boolean;
  /** Why it was switched off; `undefined` where an operator did. */
  readonly reason: string | undefined;
  /** All events up to this number are delivered, or were none of its. */
  readonly place: number;
  /** Tries of the next event, in vain. */
  readonly tries: number;
  /** Not before this time is it tried again: milliseconds since 1970; 0: at once. */
  readonly nextAt: number;
}

/** What came of sending: the status of an answer, or why there was none. */
export interface Sending {
  readonly status: number | undefined;
  readonly problem: string | undefined;
}

/** Tries of one event: the last is made about 23 hours after the first. */
export const MOST_TRIES = 8;
const FIRST_DELAY_MS = 15_000;
const FACTOR = 4;
/** By how much a delay may be longer or shorter: receivers that come back must not be asked by everybody at once. */
const SPREAD = 0.2;
/** The longest delay. */
export const LONGEST_DELAY_MS: number = FIRST_DELAY_MS * FACTOR ** (MOST_TRIES - 2) * (1 + SPREAD);

export function isDelivered({ status = 0 }: Sending): boolean {
  return status >= 200 && status < 300;
}

/**
 * How far a webhook is after an event was tried: further, to try again later, or off.
 * @param luck from 0 to 1
 */
export function afterTry(
  before: WebhookProgress,
  event: number,
  sending: Sending,
  at: number,
  luck: number,
): WebhookProgress {
  if (isDelivered(sending)) return { ...before, place: event, tries: 0, nextAt: 0 };
  const tries = before.tries + 1;
  if (sending.status === 410) {
    return { ...before, isOn: false, reason: 'the receiver says that it is gone (410)', tries: 0, nextAt: 0 };
  }
  if (tries >= MOST_TRIES) {
    const said = sending.problem ?? `status ${sending.status}`;
    const reason = `event ${event} was not taken in ${tries} tries, the last time: ${said}`;
    return { ...before, isOn: false, reason, tries: 0, nextAt: 0 };
  }
  const delay = FIRST_DELAY_MS * FACTOR ** (tries - 1) * (1 - SPREAD + 2 * SPREAD * luck);
  return { ...before, tries, nextAt: at + Math.round(delay) };
}
