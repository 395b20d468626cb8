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
  /** What went wrong last; forgotten with the next version that holds. */
  readonly failure?: Failure | undefined;
}

export type Happening =
  /** It is time to ask. */
  | { readonly type: 'due' }
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
  | { readonly type: 'began'; readonly standing: Standing }
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
  due: ({ failure }) => go({ stage: 'checking', failure }, 'check'),
  // What was put off is not asked for at the server again: it is known.
  over: (life) => (life.wait === undefined ? go(life) : go({ ...life, stage: 'checking' }, 'ask-install')),
  began: (life, { standing }) => found(life, standing),
};

/** What ended on the way is asked for again, unless it came about in that very moment. */
const ON_THE_WAY: Table = {
  nothing: ({ failure }) => go({ stage: 'idle', failure }),
  installed: ({ failure }, { release }) =>
    told({ stage: 'ready', release, failure }, { state: 'installed' }, 'ask-restart'),
  broke: broken,
  began: (life, { standing }) => found(life, standing),
};

const TABLE: { readonly [In in Stage]: Table } = {
  idle: RESTING,
  confirmed: RESTING,
  'rolled-back': RESTING,
  failed: RESTING,
  checking: {
    nothing: ({ failure }) => go({ stage: 'idle', failure }),
    offered: (life, { release }) => go({ ...life, release }, 'ask-install'),
    granted: (life) => go({ ...life, stage: 'downloading', wait: undefined }, 'download'),
    deferred: (life, { wait }) => putOff(life, 'idle', wait),
    broke: (_, { code, message }) => go({ stage: 'idle', failure: { code, message } }),
    began: (life, { standing }) => found(life, standing),
  },
  downloading: {
    ...ON_THE_WAY,
    received: (life) => go({ ...life, stage: 'verifying' }),
    proven: (life) => go({ ...life, stage: 'installing' }),
  },
  verifying: { ...ON_THE_WAY, proven: (life) => go({ ...life, stage: 'installing' }) },
  installing: ON_THE_WAY,
  ready: {
    due: (life) => go({ ...life, wait: undefined }, 'ask-restart'),
    over: (life) => go(life, 'ask-restart'),
    granted: (life) => go({ ...life, stage: 'trying', wait: undefined }, 'restart'),
    deferred: (life, { wait }) => putOff(life, 'ready', wait),
    began: (life, { standing }) => found(life, standing),
  },
  trying: {
    began: (life, { standing }) => judged(life, standing, 'restart'),
    seen: (life, { standing }) => judged(life, standing, 'watch'),
    well: (life) => go(life, 'confirm'),
    unwell: (life, { message }) => go({ ...life, failure: { code: 'unwell', message } }, 'give-up', 'restart'),
    // The restart does not come about: another one later.
    deferred: (life, { wait }) => putOff(life, 'ready', wait),
    broke: (life, { code, message }) => go({ ...life, failure: { code, message } }, 'watch'),
  },
};

/** After a break: the place knows better than the journal. */
function found(life: Life, standing: Standing): Step {
  const { runs, isTried, isStarted } = standing;
  const { stage, failure } = life;
  const release = life.release?.sha256 === runs ? life.release : undefined;
  if (isTried) {
    const installed: Life = { ...life, stage: 'ready', release: release ?? unsigned(runs) };
    return isStarted ? go({ ...installed, stage: 'trying', wait: undefined }, 'watch') : go(installed, 'ask-restart');
  }
  // The first version of all is not on trial; and what waited for its restart has had it, and its verdict.
  const isInstalled = stage === 'ready' || (TABLE[stage] !== RESTING && runs !== undefined && release !== undefined);
  if (isInstalled) return judged({ ...life, stage: 'trying' }, standing, 'restart');
  if (TABLE[stage] !== RESTING) return go({ stage: 'checking', failure }, 'check');
  // What was given up may run still, where nobody came to end it.
  return stage === 'rolled-back' && !isStarted ? go(life, 'restart') : go(life);
}

/** What became of the version on trial; where nothing did yet, `yet` is to be done if it was not even started. */
function judged(life: Life, { runs, isTried, isStarted, fell }: Standing, yet: 'restart' | 'watch'): Step {
  const { release, failure } = life;
  const sha256 = release?.sha256;
  if (fell !== undefined && fell === sha256) {
    const fallen: Failure = { code: 'rolled-back', message: failure?.message ?? 'It did not hold at its starts.' };
    const back: Life = { stage: 'rolled-back', release, failure: fallen };
    return isStarted ? told(back, { state: 'rolled-back' }) : told(back, { state: 'rolled-back' }, 'restart');
  }
  if (sha256 !== undefined && runs !== sha256) {
    return broken(life, { type: 'broke', code: 'superseded', message: 'Another version was installed in its stead.' });
  }
  if (!isStarted) return go(life, yet);
  const held = sha256 === undefined ? unsigned(runs) : release;
  return isTried ? go(life, 'watch') : told({ stage: 'confirmed', release: held }, {});
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
