/**
 * What becomes of one device from one question to the next, as a map from (state, event) to (state, effects): no sockets, no
 * time. How a single question goes is told by `device.ts`; here it is an event.
 */

/** How a device's firmware and its last upgrade stand. Only what it tells itself counts: as an upgrade server sees it. */
export const STANDINGS = [
  /** Has installed nothing yet. */
  'fresh',
  /** Runs the new version, and nobody has heard of it yet. */
  'installed',
  /** Has asked with the new version, and was answered. */
  'confirmed',
  /** Came back with its old version. */
  'failed',
  /** Takes the image again and again, and never starts it. */
  'looping',
  /** Had asked with the new version, and is back at its old one. */
  'rolled-back',
  /** Never asks again. */
  'silent',
] as const;
export type Standing = (typeof STANDINGS)[number];

/** How a device gets on with a version that it installs. */
export const BOOTS = ['ok', 'fails', 'flaky', 'loops', 'silent', 'crashes-later'] as const;
/**
 * `fails`: comes back with the old version, each time; `flaky`: only the first time; `loops`: does not even restart;
 * `silent`: is not heard of any more; `crashes-later`: asks once with the new version, then is back at the old one.
 */
export type Boot = (typeof BOOTS)[number];

export interface LifeState {
  readonly at: 'resting' | 'asking' | 'gone';
  /** What it runs, and tells. */
  readonly version: string;
  readonly standing: Standing;
  /** Questions so far. */
  readonly asked: number;
  /** Questions since it was started last. */
  readonly calls: number;
  /** Whole images that it has taken. */
  readonly taken: number;
  /** The version that it tried to install last, and how often in a row. */
  readonly target: string | undefined;
  readonly tries: number;
  /** What it falls back to once it was heard. */
  readonly fallsBackTo: string | undefined;
  /** How its last installation went, until somebody has heard of it: what a device that can report says. */
  readonly news: News | undefined;
}

export type News = 'installed' | 'failed' | 'rolled-back';

export type LifeEvent =
  /** Its time to ask has come. */
  | { readonly type: 'due' }
  /** It was answered, and got nothing. `waitMs`: how long it is not to ask again, where it listens to that. */
  | { readonly type: 'refused'; readonly waitMs?: number | undefined }
  /** There was no answer, or none that it could make anything of. */
  | { readonly type: 'unheard'; readonly waitMs?: number | undefined }
  /** It has what it takes for an image. `becomes`: the version in it; `undefined`: its boot loader will not have it. */
  | { readonly type: 'image'; readonly becomes: string | undefined }
  | { readonly type: 'power-lost' };

export type LifeEffect =
  | { readonly do: 'ask' }
  /** It asks again after so long, counted from its last question or from now; but not within `waitMs` from now. */
  | { readonly do: 'rest'; readonly ms: number; readonly from: 'question' | 'now'; readonly waitMs?: number };

/** How long a device of this fleet takes for what, and how it gets on with a version. Devices are numbered from 0. */
export interface Habits {
  /** From one question to the next. */
  pollMs(index: number, asked: number): number;
  /** From the end of a download, or the loss of the new version, until it asks again. */
  readonly rebootMs: number;
  /** Without power, once it was lost. */
  offMs(index: number, asked: number): number;
  /** Whether a device that has started asks at once, or after its interval only (luatos.md L8). */
  readonly asksAtBoot: boolean;
  /** Questions that a device asks at most. */
  readonly rounds: number;
  boot(index: number, version: string): Boot;
}

export interface LifeStep {
  readonly state: LifeState;
  readonly effects: readonly LifeEffect[];
}

export function newborn(version: string): LifeState {
  return {
    at: 'resting',
    version,
    standing: 'fresh',
    asked: 0,
    calls: 0,
    taken: 0,
    target: undefined,
    tries: 0,
    fallsBackTo: undefined,
    news: undefined,
  };
}

export function live(habits: Habits, index: number, state: LifeState, event: LifeEvent): LifeStep {
  // Only who rests can be due, and only who has asked can be answered.
  if (state.at !== (event.type === 'due' ? 'resting' : 'asking')) return { state, effects: [] };
  switch (event.type) {
    case 'due':
      if (state.asked >= habits.rounds) return { state: { ...state, at: 'gone' }, effects: [] };
      return {
        state: { ...state, at: 'asking', asked: state.asked + 1, calls: state.calls + 1 },
        effects: [{ do: 'ask' }],
      };
    case 'refused':
      return heard(habits, index, state, resting(habits, index, { ...state, news: undefined }, event.waitMs));
    case 'unheard':
      return resting(habits, index, state, event.waitMs);
    case 'image': {
      const { becomes } = event;
      return heard(
        habits,
        index,
        state,
        becomes === undefined ? broken(habits, index, state) : install(habits, index, state, becomes),
      );
    }
    case 'power-lost':
      return started(habits, index, state, habits.offMs(index, state.asked));
  }
}

/** The server has heard of this version now. Who was to fall back then does so, whatever else it got. */
function heard(habits: Habits, index: number, state: LifeState, otherwise: LifeStep): LifeStep {
  if (state.standing !== 'installed') return otherwise;
  const { fallsBackTo } = state;
  if (fallsBackTo !== undefined) {
    const back: LifeState = {
      ...state,
      version: fallsBackTo,
      standing: 'rolled-back',
      fallsBackTo: undefined,
      news: 'rolled-back',
    };
    return started(habits, index, back, habits.rebootMs);
  }
  const after = otherwise.state;
  return after.standing === 'installed' && after.version === state.version
    ? { ...otherwise, state: { ...after, standing: 'confirmed' } }
    : otherwise;
}

function resting(habits: Habits, index: number, state: LifeState, waitMs?: number): LifeStep {
  const ms = habits.pollMs(index, state.asked);
  const rest: LifeEffect = { do: 'rest', ms, from: 'question', ...(waitMs !== undefined && { waitMs }) };
  return { state: { ...state, at: 'resting' }, effects: [rest] };
}

/** It is off for so long, and starts then. */
function started(habits: Habits, index: number, state: LifeState, ms: number): LifeStep {
  const wait = habits.asksAtBoot ? ms : ms + habits.pollMs(index, state.asked);
  return { state: { ...state, at: 'resting', calls: 0 }, effects: [{ do: 'rest', ms: wait, from: 'now' }] };
}

function broken(habits: Habits, index: number, state: LifeState): LifeStep {
  return started(habits, index, { ...state, standing: 'failed', news: 'failed' }, habits.rebootMs);
}

function install(habits: Habits, index: number, before: LifeState, version: string): LifeStep {
  const tries = before.target === version ? before.tries + 1 : 1;
  const state: LifeState = { ...before, taken: before.taken + 1, target: version, tries, news: undefined };
  const runs = { version, standing: 'installed', news: 'installed' } as const;
  const boot = habits.boot(index, version);
  switch (boot) {
    case 'loops':
      return resting(habits, index, { ...state, standing: 'looping' });
    case 'silent':
      return { state: { ...state, at: 'gone', standing: 'silent' }, effects: [] };
    case 'fails':
      return broken(habits, index, state);
    case 'flaky':
      if (tries === 1) return broken(habits, index, state);
      return started(habits, index, { ...state, ...runs }, habits.rebootMs);
    case 'ok':
    case 'crashes-later': {
      const fallsBackTo = boot === 'ok' ? undefined : state.version;
      return started(habits, index, { ...state, ...runs, fallsBackTo }, habits.rebootMs);
    }
  }
}
