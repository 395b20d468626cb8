import { compareVersions } from '@libfota2/protocol';

/**
 * One device and one release, from the offer to what the device itself shows. Nothing counts as success but a question of
 * the device that tells the new version; devices that can report only say earlier how far they are.
 */
export interface Attempt {
  readonly release: number;
  /** The rollout that admitted the device; `undefined`: the release is offered to all, or the device is pinned to it. */
  readonly rollout: number | undefined;
  /** Of the rollout, from 0: the wave by which the device came in. */
  readonly wave: number;
  /** The version that the device told when it was offered the release. */
  readonly from: string;
  /** What it tells once it runs the release. */
  readonly to: string;
  readonly state: AttemptState;
  /** How far it has come since it was last offered: what it goes back to, where a silent device is heard again. */
  readonly reached: Reached;
  /** How often it was installed in vain; an offer does not forget it, an operator's retry does. */
  readonly failures: number;
  /** Milliseconds since 1970: of the first offer, and of the last change of state. */
  readonly offeredAt: number;
  readonly changedAt: number;
  /** Of a device that reports: its own number of what happened; `undefined`: none. */
  readonly code: number | undefined;
  /** Why it ended as it did, for people; empty: nothing is known. */
  readonly detail: string;
  /** The device said that it does not install, or restart, yet; `undefined`: nothing keeps it. */
  readonly deferral: Deferral | undefined;
}

/** What a device said that has time (docs/protocol.md §10.15). */
export interface Deferral {
  /** Milliseconds since 1970; `undefined`: it did not say. */
  readonly until: number | undefined;
  /** For people; empty: it did not say. */
  readonly reason: string;
}

export const ATTEMPT_STATES = [
  'offered',
  'downloading',
  'downloaded',
  'installed',
  'confirmed',
  'failed',
  'rolled-back',
  'silent',
  'superseded',
] as const;
export type AttemptState = (typeof ATTEMPT_STATES)[number];
export type Reached = 'offered' | 'downloading' | 'downloaded' | 'installed';

/** What an attempt is before it is anything. */
export type NewAttempt = Pick<Attempt, 'release' | 'rollout' | 'wave' | 'from' | 'to'>;

export type AttemptEvent =
  /** The release was promised, for the first time or once more. */
  | { readonly type: 'offered' }
  /** Bytes of the package go out. */
  | { readonly type: 'began' }
  /** The last byte of the package went out. */
  | { readonly type: 'sent' }
  /** The device asked. `settled`: long enough after the last byte that it is no question on its way already. */
  | { readonly type: 'told'; readonly version: string; readonly settled: boolean }
  /** The device reported. */
  | { readonly type: 'reported'; readonly state: ReportedState; readonly code?: number; readonly detail?: string }
  /** The device reported that it waits. */
  | { readonly type: 'deferred'; readonly deferral: Deferral }
  /** Nothing was heard of it for too long. */
  | { readonly type: 'unheard' }
  /** The device was offered another release, or this one by another rollout. */
  | { readonly type: 'superseded'; readonly detail: string }
  /** The operator lets it try again. */
  | { readonly type: 'retried' };

export type ReportedState = 'downloading' | 'downloaded' | 'installed' | 'failed' | 'rolled-back';

/** From each state to which others it goes at once. */
export const ATTEMPT_EDGES: Readonly<Record<AttemptState, readonly AttemptState[]>> = {
  offered: ['downloading', 'silent', 'superseded'],
  downloading: ['offered', 'downloaded', 'failed', 'silent', 'superseded'],
  downloaded: ['offered', 'installed', 'confirmed', 'failed', 'rolled-back', 'silent', 'superseded'],
  installed: ['confirmed', 'failed', 'rolled-back', 'silent', 'superseded'],
  confirmed: ['rolled-back'],
  failed: ['offered', 'confirmed', 'rolled-back', 'superseded'],
  'rolled-back': ['offered', 'confirmed', 'superseded'],
  silent: ['offered', 'downloading', 'downloaded', 'installed', 'confirmed', 'failed', 'rolled-back', 'superseded'],
  superseded: ['offered', 'confirmed'],
};

/** An attempt after an event, and each state that it entered on the way: none is skipped. */
export interface Advanced {
  readonly attempt: Attempt;
  /** Empty: nothing has changed. */
  readonly entered: readonly AttemptState[];
}

export function newAttempt(wanted: NewAttempt, at: number): Attempt {
  return {
    ...wanted,
    state: 'offered',
    reached: 'offered',
    failures: 0,
    offeredAt: at,
    changedAt: at,
    code: undefined,
    detail: '',
    deferral: undefined,
  };
}

/** Whether this is the same attempt, offered again. */
export function isSameAttempt(a: Attempt, b: Pick<NewAttempt, 'release' | 'rollout'>): boolean {
  return a.release === b.release && a.rollout === b.rollout;
}

/** Whether something is still to come of it. */
export function isOpen({ state }: Attempt): boolean {
  return isReached(state);
}

/** Total: whatever comes in whatever state, it is a step along the edges, or none. */
export function advance(attempt: Attempt, event: AttemptEvent, at: number): Advanced {
  switch (event.type) {
    case 'offered':
      return offeredAgain(attempt, at);
    case 'began':
      return upTo(attempt, 'downloading', at);
    case 'sent':
      return upTo(attempt, 'downloaded', at);
    case 'told':
      return told(attempt, event.version, event.settled, at);
    case 'reported':
      return reported(attempt, event, at);
    case 'deferred':
      return deferred(attempt, event.deferral, at);
    case 'unheard':
      return isOpen(attempt) ? ended(attempt, 'silent', at) : unchanged(attempt);
    case 'superseded':
      return isOpen(attempt) || attempt.state === 'silent'
        ? ended(attempt, 'superseded', at, { detail: event.detail })
        : unchanged(attempt);
    case 'retried':
      return ['failed', 'rolled-back', 'silent'].includes(standingOf(attempt))
        ? retried(attempt, at)
        : unchanged(attempt);
  }
}

/** How a device counts in its rollout. One that failed before counts so until it shows the release. */
export type Standing = 'under-way' | 'confirmed' | 'failed' | 'rolled-back' | 'silent' | 'superseded';
export const STANDINGS: readonly Standing[] = [
  'under-way',
  'confirmed',
  'failed',
  'rolled-back',
  'silent',
  'superseded',
];

export function standingOf({ state, failures }: Pick<Attempt, 'state' | 'failures'>): Standing {
  if (isReached(state)) return failures > 0 ? 'failed' : 'under-way';
  return state === 'silent' && failures > 0 ? 'failed' : state;
}

const CHAIN: readonly Reached[] = ['offered', 'downloading', 'downloaded', 'installed'];

function isReached(state: AttemptState): state is Reached {
  return (CHAIN as readonly AttemptState[]).includes(state);
}

function unchanged(attempt: Attempt): Advanced {
  return { attempt, entered: [] };
}

function ended(attempt: Attempt, state: AttemptState, at: number, more: Partial<Attempt> = {}): Advanced {
  // Who was not heard for a while waits still.
  const deferral = state === 'silent' || isReached(state) ? attempt.deferral : undefined;
  return { attempt: { ...attempt, deferral, ...more, state, changedAt: at }, entered: [state] };
}

function offeredAgain(attempt: Attempt, at: number): Advanced {
  // What was broken off, or asked for again at once, is offered once more: nothing new is known of the device. Above all it
  // has not been longer ago that it took the whole package, by which it is known in time that it failed.
  if (attempt.state === 'confirmed' || (isOpen(attempt) && !hasWaited(attempt, at))) return unchanged(attempt);
  const afresh = { reached: 'offered', code: undefined, detail: '', deferral: undefined } as const;
  if (attempt.state === 'offered') return { attempt: { ...attempt, ...afresh }, entered: [] };
  return ended(attempt, 'offered', at, afresh);
}

/** Whether it put off the installation until now, so that it begins again: it has kept nothing of what it was sent. */
function hasWaited({ deferral, reached }: Attempt, at: number): boolean {
  return deferral !== undefined && reached !== 'installed' && (deferral.until ?? 0) <= at;
}

/** It waits, from wherever it is. */
function deferred(attempt: Attempt, deferral: Deferral, at: number): Advanced {
  const heard = attempt.state === 'silent' ? ended(attempt, attempt.reached, at) : unchanged(attempt);
  return isOpen(heard.attempt) ? { ...heard, attempt: { ...heard.attempt, deferral } } : unchanged(attempt);
}

/** Forward along the chain; never back. */
function upTo(attempt: Attempt, wanted: Reached, at: number): Advanced {
  const { state, reached } = attempt;
  // A silent device goes on where it was.
  const here = state === 'silent' ? reached : state;
  if (!isReached(here)) return unchanged(attempt);
  const heard: AttemptState[] = state === 'silent' ? [here] : [];
  const steps = [...heard, ...between(here, wanted)];
  const last = steps.at(-1);
  if (last === undefined || !isReached(last)) return unchanged(attempt);
  return { attempt: { ...attempt, state: last, reached: last, changedAt: at }, entered: steps };
}

/** The states after `here` up to `wanted`; `installed` is none that must be passed. */
function between(here: Reached, wanted: Reached): Reached[] {
  return CHAIN.slice(CHAIN.indexOf(here) + 1, CHAIN.indexOf(wanted) + 1);
}

function told(attempt: Attempt, version: string, settled: boolean, at: number): Advanced {
  const { state, from, to, reached, deferral } = attempt;
  if (compareVersions(version, to) === 0) return state === 'confirmed' ? unchanged(attempt) : confirmed(attempt, at);
  if (compareVersions(version, from) !== 0) return toldAnother(attempt, version, at);
  if (state === 'confirmed') return ended(attempt, 'rolled-back', at, fell(attempt, version));
  if (state === 'silent' && !isInstalling(reached)) return ended(attempt, reached, at);
  if (state !== 'silent' && !isInstalling(state)) return unchanged(attempt);
  // Questions on their way, or repeated within seconds, say nothing of the installation (luatos.md L19).
  // What is put off has not failed, however much was sent to the device; what is installed shows at its restart.
  const isDeferred = deferral !== undefined && reached !== 'installed';
  if (!settled || isDeferred) return state === 'silent' ? ended(attempt, reached, at) : unchanged(attempt);
  const isBack = reached === 'installed';
  return ended(attempt, isBack ? 'rolled-back' : 'failed', at, {
    failures: attempt.failures + 1,
    detail: isBack ? fell(attempt, version).detail : `it took the whole package and still tells ${version}`,
  });
}

function isInstalling(state: AttemptState): boolean {
  return state === 'downloaded' || state === 'installed';
}

function fell({ failures, to }: Attempt, version: string): { readonly failures: number; readonly detail: string } {
  return { failures: failures + 1, detail: `it ran ${to} and tells ${version} again` };
}

function toldAnother(attempt: Attempt, version: string, at: number): Advanced {
  const { state, from, to } = attempt;
  // Where it goes from there is another attempt's business.
  if (state === 'confirmed' || state === 'failed' || state === 'rolled-back' || state === 'superseded') {
    return unchanged(attempt);
  }
  const isBelow = compareVersions(version, from) < 0 && compareVersions(version, to) < 0;
  if (isBelow && isInstalling(attempt.reached)) {
    const detail = `it was offered ${to} on ${from} and tells ${version}`;
    return ended(attempt, 'rolled-back', at, { failures: attempt.failures + 1, detail });
  }
  return ended(attempt, 'superseded', at, { detail: `it tells ${version}, which is neither ${from} nor ${to}` });
}

/** The device shows the release, however little of the way was seen. */
function confirmed(attempt: Attempt, at: number): Advanced {
  const { state, reached } = attempt;
  const passed: AttemptState[] = isReached(state) ? between(reached, 'downloaded') : [];
  const furthest: Reached = reached === 'installed' ? 'installed' : 'downloaded';
  return {
    attempt: ended(attempt, 'confirmed', at, { reached: furthest, code: undefined, detail: '' }).attempt,
    entered: [...passed, 'confirmed'],
  };
}

function reported(attempt: Attempt, report: AttemptEvent & { type: 'reported' }, at: number): Advanced {
  const more = { code: report.code, detail: report.detail ?? '' };
  if (report.state !== 'failed' && report.state !== 'rolled-back') {
    const { attempt: further, entered } = upTo(attempt, report.state, at);
    if (entered.length === 0 && attempt.deferral === undefined) return unchanged(attempt);
    return { attempt: { ...further, ...more, changedAt: at, deferral: undefined }, entered };
  }
  const { state } = attempt;
  if (state === 'superseded' || state === 'failed' || state === 'rolled-back') return unchanged(attempt);
  if (state === 'confirmed') {
    return report.state === 'failed'
      ? unchanged(attempt)
      : ended(attempt, 'rolled-back', at, { ...more, failures: attempt.failures + 1 });
  }
  // Only what was installed can be rolled back, and only what was begun can fail.
  const before = upTo(attempt, report.state === 'failed' ? 'downloading' : 'downloaded', at);
  const { attempt: further, entered } = ended(before.attempt, report.state, at, {
    ...more,
    failures: attempt.failures + 1,
  });
  return { attempt: further, entered: [...before.entered, ...entered] };
}

function retried(attempt: Attempt, at: number): Advanced {
  // Closed, and counted nowhere, until it is offered again.
  return ended(attempt, 'superseded', at, { failures: 0, code: undefined, detail: 'the operator lets it try again' });
}
