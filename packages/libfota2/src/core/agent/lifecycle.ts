/**
 * The life of an upgrade on one screen: what happened in which stage leads where, and what is to be done then.
 *
 *     idle → checking → downloading → verifying → installing → ready → trying → confirmed | rolled-back
 *                          any of these ↘ failed      confirmed, rolled-back, failed: as idle
 *
 * Pure: what is to be done is data, and `errands.ts` does it. What does not belong into a stage changes nothing.
 * Invariants: nothing is on trial but what was installed whole; from each stage there is a way back to rest.
 */
import type { FailureCode } from '@libfota2/protocol';
import type { DeviceReport } from '../report.ts';
import type { Standing } from '../trials.ts';
import type { AgentCode } from './codes.ts';

export type Stage =
  | 'idle'
  | 'checking'
  | 'downloading'
  | 'verifying'
  | 'installing'
  | 'ready'
  | 'trying'
  | 'confirmed'
  | 'rolled-back'
  | 'failed';

/** What is known of the release that it is about. */
export interface Release {
  /** Of its maker; known where it is signed. */
  readonly version: string | undefined;
  /** Bytes of its image. */
  readonly size: number | undefined;
  /** Of its image, lower-case hex. */
  readonly sha256: string | undefined;
}

/** A consent that was not given yet. */
export interface Wait {
  readonly reason: string;
  /** Milliseconds since 1970 until which it is not asked for again. */
  readonly untilMs: number;
  /** What the server was told of that. */
  readonly toldMs?: number | undefined;
}

export interface Failure {
  /** Of the library or the agent: docs/errors.md. */
  readonly code: FailureCode | AgentCode;
  readonly message: string;
}

/** Where a device stands. JSON, for the journal. */
export interface Life {
  readonly stage: Stage;
  readonly release?: Release | undefined;
  readonly wait?: Wait | undefined;
  /** What went wrong with an upgrade last; forgotten with the next version that holds. */
  readonly failure?: Failure | undefined;
  /** Consented to while it waited: looked at once more, and downloaded if it is still what is offered. */
  readonly consented?: Release | undefined;
  /** How often its restart was ordered. */
  readonly restarts?: number | undefined;
}

export type Happening =
  /** It is time to ask. */
  | { readonly type: 'due' }
  /** Somebody wants it now. */
  | { readonly type: 'asked' }
  /** The time of a wait is over. */
  | { readonly type: 'over' }
  | { readonly type: 'offered'; readonly release: Release }
  | { readonly type: 'nothing' }
  | { readonly type: 'granted' }
  | { readonly type: 'deferred'; readonly wait: Wait }
  /** The last byte came. */
  | { readonly type: 'received' }
  /** All digests and signatures hold. */
  | { readonly type: 'proven' }
  | { readonly type: 'installed'; readonly release: Release }
  | ({ readonly type: 'broke' } & Failure)
  /** A process begins, after whatever ended the one before. */
  | { readonly type: 'began'; readonly standing: Standing; readonly nowMs: number }
  /** The place was looked at. */
  | { readonly type: 'seen'; readonly standing: Standing }
  | { readonly type: 'well' }
  | { readonly type: 'unwell'; readonly message: string };

/** What is to be done, one after the other. All but reports end in a happening. */
export type Effect =
  | {
      readonly type: 'check' | 'ask-install' | 'download' | 'ask-restart' | 'restart' | 'watch' | 'confirm' | 'give-up';
    }
  | { readonly type: 'report'; readonly report: DeviceReport };

export interface Step {
  readonly life: Life;
  readonly effects: readonly Effect[];
}

/** What the server was told of a wait may be as old as this. */
const TELL_EVERY_MS = 3_600_000;

/** Restarts that are ordered before a version that is never started is given up. */
const MOST_RESTARTS = 5;
/** Until one is ordered again: the first time, and what comes on top of that from the second time on. */
export const RESTART_SOON_MS = 10_000;
const RESTART_LATER_MS = 600_000;
export const LATE = 'The restart has not come about.';

export const AT_REST: Life = { stage: 'idle' };

export function next(life: Life, happened: Happening): Step {
  // The table has no more types than this union, but the compiler cannot pair the two.
  const step = TABLE[life.stage][happened.type] as ((life: Life, happened: Happening) => Step) | undefined;
  return step?.(life, happened) ?? { life, effects: [] };
}

type Table = {
  readonly [Type in Happening['type']]?: (life: Life, happened: Extract<Happening, { readonly type: Type }>) => Step;
};

const RESTING: Table = {
  // What was put off is known; to look at it again would only burden the server.
  due: (life) => (life.wait === undefined ? asks(life) : go(life)),
  asked: asks,
  over: (life) => (life.wait === undefined ? go(life) : go({ ...life, stage: 'checking' }, 'ask-install')),
  began: found,
};

/** What ended on the way is asked for again, unless it came about in that very moment. */
const ON_THE_WAY: Table = {
  nothing: ({ failure }) => go({ stage: 'idle', failure }),
  installed: ({ failure }, { release }) =>
    told({ stage: 'ready', release, failure }, { state: 'installed' }, 'ask-restart'),
  broke: broken,
  began: found,
};

const TABLE: { readonly [In in Stage]: Table } = {
  idle: RESTING,
  confirmed: RESTING,
  'rolled-back': RESTING,
  failed: RESTING,
  checking: {
    nothing: ({ failure }) => go({ stage: 'idle', failure }),
    offered: ({ failure, wait, consented }, { release }) => {
      const life: Life = { stage: 'checking', failure, release };
      const isConsented = consented !== undefined && isSame(consented, release);
      return isConsented ? go({ ...life, stage: 'downloading' }, 'download') : go({ ...life, wait }, 'ask-install');
    },
    granted(life) {
      const { failure, release, wait } = life;
      // It waited, and may not be on offer any more.
      if (wait !== undefined) return go({ stage: 'checking', failure, consented: release }, 'check');
      return go({ ...life, stage: 'downloading' }, 'download');
    },
    deferred: (life, { wait }) => putOff(life, 'idle', wait),
    // What becomes of a question is no failure of an upgrade.
    broke: ({ failure }) => go({ stage: 'idle', failure }),
    began: found,
  },
  downloading: {
    ...ON_THE_WAY,
    received: (life) => go({ ...life, stage: 'verifying' }),
    proven: (life) => go({ ...life, stage: 'installing' }),
  },
  verifying: { ...ON_THE_WAY, proven: (life) => go({ ...life, stage: 'installing' }) },
  installing: ON_THE_WAY,
  ready: {
    due: (life) => (life.wait === undefined ? go(life, 'ask-restart') : go(life)),
    asked: (life) => go({ ...life, wait: undefined }, 'ask-restart'),
    over: (life) => go(life, 'ask-restart'),
    granted: ({ restarts = 0, ...life }) =>
      go({ ...life, stage: 'trying', wait: undefined, restarts: restarts + 1 }, 'restart'),
    deferred: (life, { wait }) => putOff(life, 'ready', wait),
    // Whoever started it meanwhile: it runs, and is on trial.
    seen: (life, { standing }) => (isWaiting(life, standing) ? go(life) : judged(life, standing)),
    began: found,
  },
  trying: {
    began: found,
    seen: (life, { standing }) => judged(life, standing),
    well: (life) => go(life, 'confirm'),
    unwell: (life, { message }) => go({ ...life, failure: { code: 'unwell', message } }, 'give-up', 'restart'),
    // The restart does not come about.
    deferred: restartsAgain,
    broke: (life, { code, message }) => go({ ...life, failure: { code, message } }, 'watch'),
  },
};

function asks({ failure }: Life): Step {
  return go({ stage: 'checking', failure }, 'check');
}

/** After a break: the place knows better than the journal. */
function found(life: Life, { standing, nowMs }: Extract<Happening, { readonly type: 'began' }>): Step {
  const { runs, isTried, isStarted, fell } = standing;
  const { stage } = life;
  const release = life.release?.sha256 === runs ? life.release : undefined;
  const isOver = fell !== undefined && fell === life.release?.sha256;
  // The first version of all is not on trial; and what waited for its restart has had it, and its verdict.
  const wasInstalled = stage === 'ready' || stage === 'trying' || (isOver && !isStarted);
  const cameAbout = TABLE[stage] !== RESTING && runs !== undefined && release !== undefined;
  if (isTried || wasInstalled || cameAbout) {
    const installed: Life = isTried ? { ...life, release: release ?? unsigned(runs) } : life;
    if (isStarted || !isWaiting(installed, standing)) return judged({ ...installed, wait: undefined }, standing);
    // Ordered, and not come about: a boot loader that does not obey must not be asked again and again.
    if (stage !== 'trying') return go({ ...installed, stage: 'ready' }, 'ask-restart');
    return restartsAgain(installed, { wait: { reason: LATE, untilMs: nowMs + RESTART_SOON_MS } });
  }
  return TABLE[stage] === RESTING ? go(life) : asks(life);
}

/** What is to run does not run yet: the new version, or the old one after it was given up. */
function isWaiting({ release }: Life, { runs, isStarted, fell }: Standing): boolean {
  const sha256 = release?.sha256;
  return !isStarted && (sha256 === undefined || sha256 === runs || sha256 === fell);
}

/** What became of the version on trial, as far as something did. */
function judged(life: Life, standing: Standing): Step {
  const { runs, isTried, fell } = standing;
  const { release, failure } = life;
  const sha256 = release?.sha256;
  if (isWaiting(life, standing)) return go({ ...life, stage: 'trying' }, 'watch');
  if (fell !== undefined && fell === sha256) {
    const fallen: Failure = { code: 'rolled-back', message: failure?.message ?? 'It did not hold at its starts.' };
    return told({ stage: 'rolled-back', release, failure: fallen }, { state: 'rolled-back' });
  }
  if (sha256 !== undefined && runs !== sha256) {
    return broken(life, { type: 'broke', code: 'superseded', message: 'Another version was installed in its stead.' });
  }
  if (isTried) return go({ ...life, stage: 'trying' }, 'watch');
  return told({ stage: 'confirmed', release: sha256 === undefined ? unsigned(runs) : release }, {});
}

/** A restart that did not come about is ordered again, later and later; then it is given up, for nothing else would end it. */
function restartsAgain(life: Life, { wait }: { readonly wait: Wait }): Step {
  const { restarts = 0 } = life;
  if (restarts >= MOST_RESTARTS) {
    return go({ ...life, stage: 'trying', restarts: 0, failure: { code: 'restart-failed', message: LATE } }, 'give-up');
  }
  const laterMs = restarts > 1 ? RESTART_LATER_MS : 0;
  return putOff(life, 'ready', { ...wait, untilMs: wait.untilMs + laterMs });
}

function isSame(one: Release, other: Release): boolean {
  return one.sha256 === other.sha256 && one.size === other.size && one.version === other.version;
}

/** Tells what the server can say to people, and no more: consent may be asked for every few minutes, in a whole fleet. */
function putOff(life: Life, stage: Stage, { reason, untilMs }: Wait): Step {
  const before = life.wait?.reason === reason ? life.wait.toldMs : undefined;
  if (before === undefined || untilMs - before >= TELL_EVERY_MS) {
    return told({ ...life, stage, wait: { reason, untilMs, toldMs: untilMs } }, { state: 'deferred' });
  }
  return go({ ...life, stage, wait: { reason, untilMs, toldMs: before } });
}

function broken({ release }: Life, { code, message }: Extract<Happening, { readonly type: 'broke' }>): Step {
  return told({ stage: 'failed', release, failure: { code, message } }, { state: 'failed' });
}

function unsigned(sha256: string | undefined): Release {
  return { version: undefined, size: undefined, sha256 };
}

type Plain = Exclude<Effect['type'], 'report'>;

function go(life: Life, ...types: readonly Plain[]): Step {
  return { life, effects: types.map((type) => ({ type })) };
}

/** The server hears of it, too: that it runs the release it sees by the version that it is told with each report. */
function told(life: Life, { state }: DeviceReport, ...types: readonly Plain[]): Step {
  const { release, failure, wait } = life;
  const isBad = state === 'failed' || state === 'rolled-back';
  const report: DeviceReport = {
    state,
    release: release?.version,
    ...(isBad && failure !== undefined && { log: [failure.message] }),
    ...(state === 'deferred' && wait !== undefined && { reason: wait.reason, until: Math.ceil(wait.untilMs / 1_000) }),
  };
  const { effects } = go(life, ...types);
  return { life, effects: [{ type: 'report', report }, ...effects] };
}
