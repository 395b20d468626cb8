/**
 * Lets a fleet live over real sockets against a running server. There is one agenda, and one timer, for all devices that
 * rest; so many connections at a time at most; and of packages nothing is kept but their hash. What a fleet takes of this
 * machine grows with what goes on at once, and by a few hundred bytes with each device.
 */
import { realTimers, type Timers } from '../simulate.ts';
import { createAgenda, createQueue } from './agenda.ts';
import { type Asking, createAsk } from './asking.ts';
import { createEnds } from './ends.ts';
import { type LifeEffect, type LifeEvent, type LifeState, live, newborn } from './life.ts';
import { createRoster } from './roster.ts';
import type { Spoken } from './speaking.ts';
import type { FleetSpec } from './spec.ts';
import { createTally, type FleetEnd, type FleetReport, type FleetState } from './tally.ts';

/** What a fleet has of the world besides sockets. */
export interface FleetWorld {
  /** Default: the real time. */
  readonly clock?: FleetClock | undefined;
  /** The version that a package makes of a device, by its SHA-256, where the fleet's own data do not tell. Must not reject. */
  readonly versionOf?: ((sha256: string) => Promise<string | undefined>) | undefined;
  /** Told once in `progressMs`, and in the end. */
  readonly onProgress?: ((state: FleetState) => void) | undefined;
  /** Default 1000. */
  readonly progressMs?: number | undefined;
  /** Ends it before its time. */
  readonly signal?: AbortSignal | undefined;
}

export type FleetClock = Timers & {
  /** Milliseconds from any moment on. */
  now(): number;
};

/** Milliseconds that devices have to end what they are at, once the fleet has come to its end. */
const GRACE_MS = 2_000;
/** Node's timers know no longer one. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const realClock: FleetClock = { now: () => performance.now(), ...realTimers };

/** Resolves once the fleet has come to its end. Never rejects for anything that a server does. */
export async function runFleet(spec: FleetSpec, world: FleetWorld = {}): Promise<FleetReport> {
  const { clock = realClock, progressMs = 1_000, signal, onProgress } = world;
  const { count, maxOpen, poll } = spec;
  const roster = createRoster(spec);
  const tally = createTally(count);
  const ask = createAsk(spec, clock);
  const startMs = clock.now();
  const ends = createEnds(spec, startMs);
  const agenda = createAgenda(count);
  /** Whose time has come. */
  const ready = createQueue(count);
  const dueMs = new Float64Array(count);
  const lives: LifeState[] = [];
  const underWay = new Set<Asking>();
  let open = 0;
  let end: FleetEnd | undefined;
  let isCutOff = false;
  let grace: ReturnType<Timers['after']> | undefined;
  let wakeUp: { readonly atMs: number; cancel(): void } | undefined;
  let isOver = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    isOver = resolve;
  });

  const lifeOf = (index: number): LifeState => lives[index] ?? newborn(roster.traits(index).version);
  const state = (): FleetState => tally.state({ elapsedMs: clock.now() - startMs, open, late: ready.size });

  const happen = (index: number, event: LifeEvent): void => {
    const before = lifeOf(index);
    const { state: after, effects } = live(roster.habits, index, before, event);
    lives[index] = after;
    tally.lived(before, after);
    ends.lived(index, before, after);
    for (const effect of effects) perform(index, effect);
  };
  const perform = (index: number, effect: LifeEffect): void => {
    if (effect.do === 'ask') question(index);
    else {
      const atMs = (effect.from === 'now' ? clock.now() : (dueMs[index] ?? 0)) + effect.ms;
      plan(index, Math.max(atMs, clock.now() + (effect.waitMs ?? 0)));
    }
  };
  const plan = (index: number, atMs: number): void => {
    // Who was late, or took longer than its interval, asks again at once, but does not make up for what it has missed.
    dueMs[index] = Math.max(atMs, clock.now());
    agenda.add(index, dueMs[index] ?? 0);
  };

  const question = (index: number): void => {
    tally.started(clock.now() - (dueMs[index] ?? 0));
    open += 1;
    let isOpen = true;
    const free = (): void => {
      if (isOpen) open -= 1;
      isOpen = false;
      turn();
    };
    const speaker = { index, traits: roster.traits(index), life: lifeOf(index) };
    const events = { onAnswer: tally.answered, onCut: tally.cutOff, onIdle: free };
    const asking = ask(speaker, events);
    underWay.add(asking);
    void asking.ended.then(async (spoken) => {
      const event = await eventOf(spoken, spec, world);
      underWay.delete(asking);
      // What the end of the fleet has cut off tells nothing.
      if (!isCutOff) learn(index, spoken, event);
      free();
    });
  };
  const learn = (index: number, spoken: Spoken, event: LifeEvent): void => {
    tally.spoke(index, roster.traits(index), spoken, event);
    const isHeard = spoken.runs.some(({ connections }) => connections.some(({ heard }) => heard !== undefined));
    if (isHeard) ends.answered(index, event.type === 'refused', clock.now());
    happen(index, event);
  };

  /** Lets those ask whose time has come, as far as there are connections, and sees to the next. */
  const turn = (): void => {
    const nowMs = clock.now();
    end ??= ends.reached(nowMs);
    if (end === undefined) start(nowMs);
    // Who has asked as often as it may goes when it is due.
    end ??= ends.reached(nowMs);
    if (end !== undefined) finish();
    else wakeAt(Math.min(agenda.nextMs() ?? Number.POSITIVE_INFINITY, ends.nextMs()));
  };
  const start = (nowMs: number): void => {
    for (let index = agenda.take(nowMs); index !== undefined; index = agenda.take(nowMs)) ready.push(index);
    while (open < maxOpen) {
      const index = ready.shift();
      if (index === undefined) break;
      happen(index, { type: 'due' });
    }
  };
  const wakeAt = (atMs: number): void => {
    if (atMs === Number.POSITIVE_INFINITY || (wakeUp !== undefined && wakeUp.atMs <= atMs)) return;
    wakeUp?.cancel();
    const timer = clock.after(Math.min(Math.max(0, atMs - clock.now()), LONGEST_TIMER_MS), () => {
      wakeUp = undefined;
      turn();
    });
    wakeUp = { atMs, cancel: () => timer.cancel() };
  };
  /** Nobody asks any more; who is at it has a little time, but no more. */
  const finish = (): void => {
    wakeUp?.cancel();
    grace ??= clock.after(GRACE_MS, () => {
      isCutOff = true;
      for (const asking of underWay) asking.cutPower();
    });
    if (underWay.size === 0) isOver();
  };

  for (let index = 0; index < count; index += 1) {
    tally.lived(undefined, lifeOf(index));
    lives[index] = lifeOf(index);
    plan(index, startMs + poll.firstWithinMs * roster.firstAsk(index));
  }
  const progress = onProgress === undefined ? undefined : repeat(clock, progressMs, () => onProgress(state()));
  const stop = (): void => {
    end ??= 'stopped';
    turn();
  };
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  else turn();
  await over;
  signal?.removeEventListener('abort', stop);
  for (const timer of [progress, grace]) timer?.cancel();
  const last = state();
  onProgress?.(last);
  return tally.report(last, end ?? 'stopped', { count, traits: roster.traits, life: lifeOf });
}

/** What a device makes of what it got. */
async function eventOf(spoken: Spoken, { becomes }: FleetSpec, { versionOf }: FleetWorld): Promise<LifeEvent> {
  const { arrival, checks = false, waitMs } = spoken;
  switch (arrival.kind) {
    case 'whole': {
      const { sha256 } = arrival;
      const known = typeof becomes === 'string' ? becomes : becomes?.[sha256];
      return { type: 'image', becomes: known ?? (await versionOf?.(sha256)) };
    }
    case 'unusable':
    case 'spliced':
      // Who checks it throws it away, and asks again in time; the others leave that to their boot loader.
      return checks ? { type: 'unheard', waitMs } : { type: 'image', becomes: undefined };
    case 'refused':
    case 'unheard':
      return { type: arrival.kind, waitMs };
    case 'power-lost':
      return { type: arrival.kind };
  }
}

function repeat(clock: Timers, ms: number, work: () => void): ReturnType<Timers['after']> {
  const again = (): ReturnType<Timers['after']> =>
    clock.after(ms, () => {
      timer = again();
      work();
    });
  let timer = again();
  return { cancel: () => timer.cancel() };
}
