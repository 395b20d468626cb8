/**
 * Lets a fleet live through a rollout in warped time: no sockets, no timers, the server's own domain for all that is decided,
 * the life of `fleet/life.ts` for all that devices do. Everything follows from the data and their seed.
 */
import type { Rollout } from '@libfota2/server/domain';
import { createAgenda } from '../fleet/agenda.ts';
import { chance, deal, hashOf, LUCK } from '../fleet/chance.ts';
import { type LifeEvent, type LifeState, live, newborn } from '../fleet/life.ts';
import { createRoster } from '../fleet/roster.ts';
import { createChronicle, type WarpReport } from './chronicle.ts';
import { createWarpServer, type WarpDevices } from './server.ts';
import type { WarpSpec, WarpStep } from './spec.ts';

/** What a simulation has of the world. */
export interface WarpWorld {
  /** Told now and then how much of its time is over, of 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
  /** Lets others have their turn. Default: nobody. */
  readonly breathe?: (() => Promise<void>) | undefined;
  /** Told of each promise of a package. `at`: milliseconds since 1970. */
  readonly onOffer?: ((offer: WarpOffer) => void) | undefined;
  /** Ends it before its time. */
  readonly signal?: AbortSignal | undefined;
}

export interface WarpOffer {
  /** Of the device, from 0. */
  readonly index: number;
  readonly at: number;
  readonly release: number;
  /** `undefined`: none admits it, for none must. */
  readonly rollout: number | undefined;
  /** Of the rollout, from 0. */
  readonly wave: number;
  readonly bytes: number;
  /** How the rollout stood when the device asked. */
  readonly state: Rollout['state'];
}

/** Turns between two breaths: a few hundredths of a second. */
const AT_ONCE = 5_000;

/** A download that is under way. */
interface Download {
  readonly bytes: number;
  readonly end: 'whole' | 'broken' | 'power-lost';
  readonly becomes: string;
  readonly release: number;
}

/** Rules that time, or another device, may change while the rollout stays as it is: who is refused by them may get something yet. */
const NOT_YET: ReadonlySet<string> = new Set(['limit', 'outside-window']);

export async function simulateRollout(spec: WarpSpec, world: WarpWorld = {}): Promise<WarpReport> {
  const { fleet, beginMs, forMs, resumeAfterMs } = spec;
  const { count, seed, poll, network, power, timeoutMs = DEVICE_TIMER_MS } = fleet;
  const roster = createRoster(fleet);
  const devices = devicesOf(spec);
  const isOff = deal([...shares(spec.offline)], count, seed, hashOf('offline'));
  const chronicle = createChronicle(spec, devices);
  const agenda = createAgenda(count);
  const dueMs = new Float64Array(count);
  const lives: LifeState[] = [];
  const downloads: Array<Download | undefined> = [];
  const steps: WarpStep[] = [...spec.steps];
  const endMs = beginMs + forMs;
  /** Of whom something may still be expected: 1. */
  const isHopeful = new Uint8Array(count);
  let hopeful = 0;

  const hope = (index: number, is: 0 | 1): void => {
    hopeful += is - (isHopeful[index] ?? 0);
    isHopeful[index] = is;
  };
  const hopeForAll = (): void => {
    for (const [index, life] of lives.entries()) if (life.at !== 'gone' && !isOff.of(index)) hope(index, 1);
  };

  const server = createWarpServer(spec, devices, (changed, counts, at) => {
    chronicle.changed(changed, counts, at);
    hopeForAll();
    const isByItself = changed.change === 'paused' && changed.rollout.why !== 'the operator paused it';
    if (!isByItself || resumeAfterMs === undefined) return;
    steps.push({ atMs: at - beginMs + resumeAfterMs, does: 'resume' });
    steps.sort((one, other) => one.atMs - other.atMs);
  });

  const happen = (index: number, event: LifeEvent, at: number): void => {
    const before = lives[index] ?? newborn(devices.device(index).version);
    const { state: after, effects } = live(roster.habits, index, before, event);
    lives[index] = after;
    chronicle.lived(index, before, after);
    if (after.at === 'gone') hope(index, 0);
    else if (after.version !== before.version || after.standing !== before.standing) hope(index, 1);
    for (const effect of effects) {
      if (effect.do === 'ask') question(index, after, at);
      else plan(index, (effect.from === 'now' ? at : (dueMs[index] ?? at)) + effect.ms, at);
    }
  };
  const plan = (index: number, atMs: number, now: number): void => {
    dueMs[index] = Math.max(Math.ceil(atMs), now);
    agenda.add(index, dueMs[index] ?? now);
  };

  const question = (index: number, { version, asked }: LifeState, at: number): void => {
    const luck = (what: number): number => chance(seed, what, index, asked, 0);
    if (luck(LUCK.reach) < network.unreachable) {
      happen(index, { type: 'unheard' }, at);
      return;
    }
    const { state } = server.rollout;
    const decision = server.ask(index, version, at);
    chronicle.asked(decision, at);
    if (decision.answer === 'refused') {
      hope(index, NOT_YET.has(decision.rule) ? 1 : 0);
      happen(index, { type: 'refused' }, at);
      return;
    }
    hope(index, 1);
    const { size } = decision.package;
    const { rollout, wave, release } = decision;
    world.onOffer?.({ index, at, release: release.id, rollout, wave, bytes: size, state });
    const [slowest, fastest] = network.bytesPerS ?? RATE;
    const perMs = (slowest + (fastest - slowest) * luck(LUCK.rate)) / 1_000;
    const fitting = Math.min(size, Math.floor(timeoutMs * perMs));
    const isOut = luck(LUCK.powerCut) < power.cut;
    const isCut = !isOut && luck(LUCK.lineCut) < network.cut;
    const share = isOut ? luck(LUCK.powerCutAt) : isCut ? luck(LUCK.lineCutAt) : 1;
    const bytes = Math.min(fitting, Math.floor(size * share));
    const end = isOut ? 'power-lost' : bytes < size ? 'broken' : 'whole';
    downloads[index] = { bytes, end, becomes: release.wireVersion, release: release.id };
    agenda.add(index, Math.max(at + 1, Math.ceil(at + bytes / perMs)));
  };
  const downloaded = (index: number, { bytes, end, becomes, release }: Download, at: number): void => {
    downloads[index] = undefined;
    server.sent(index, bytes, end === 'whole', at);
    chronicle.sent(index, release, bytes, end === 'whole');
    const event: LifeEvent =
      end === 'whole' ? { type: 'image', becomes } : { type: end === 'broken' ? 'unheard' : 'power-lost' };
    happen(index, event, at);
  };

  /** When something happens next. */
  const nextMs = (): number =>
    Math.min(
      agenda.nextMs() ?? Number.POSITIVE_INFINITY,
      server.nextMs(),
      steps[0] === undefined ? Number.POSITIVE_INFINITY : beginMs + steps[0].atMs,
    );
  /** Whether nobody gets anything any more, and the rollout does nothing by itself. */
  const isQuiet = (): boolean => hopeful === 0 && steps.length === 0 && isStill();
  const isStill = (): boolean => {
    const { state } = server.rollout;
    return (state === 'complete' || state === 'aborted' || state === 'paused') && isSettled();
  };
  const isSettled = (): boolean => server.counts().every((wave) => wave['under-way'] === 0);

  const turn = (at: number): void => {
    for (let step = steps[0]; step !== undefined && beginMs + step.atMs <= at; step = steps[0]) {
      steps.shift();
      server.operate(step.does, at);
      chronicle.operated(step.does, at);
      hopeForAll();
    }
    if (server.nextMs() <= at) server.tick(at);
    const index = agenda.take(at);
    if (index === undefined) return;
    const download = downloads[index];
    if (download === undefined) happen(index, { type: 'due' }, at);
    else downloaded(index, download, at);
  };

  for (let index = 0; index < count; index += 1) {
    lives[index] = newborn(devices.device(index).version);
    if (!isOff.of(index)) plan(index, beginMs + poll.firstWithinMs * roster.firstAsk(index), beginMs);
  }
  hopeForAll();

  let at = beginMs;
  let turns = 0;
  let ended: WarpReport['ended'] = 'time';
  for (let next = nextMs(); next < endMs; next = nextMs()) {
    at = Math.max(at, next);
    chronicle.until(at, server.counts);
    turn(at);
    turns += 1;
    if (turns % AT_ONCE === 0) {
      world.onProgress?.((at - beginMs) / forMs);
      await world.breathe?.();
      if (world.signal?.aborted === true) {
        ended = 'stopped';
        break;
      }
    }
    if (isQuiet()) {
      ended = 'quiet';
      break;
    }
  }
  if (ended === 'time') at = endMs;
  world.onProgress?.(1);
  const counts = server.counts();
  return chronicle.report({ ended, at, rollout: server.rollout, counts, rule: server.rule });
}

/** Bytes a second, where nothing is said: what such modules do on a cellular network. */
const RATE = [20_000, 100_000] as const;
/** After which devices give a download up (luatos.md L20). */
const DEVICE_TIMER_MS = 600_000;

function shares(offline: number): ReadonlyArray<readonly [boolean, number]> {
  return [
    [true, offline],
    [false, 1 - offline],
  ];
}

function devicesOf({ fleet, devices }: WarpSpec): WarpDevices {
  const { traits } = createRoster(fleet);
  const all = Array.from({ length: fleet.count }, (_, index): ReturnType<WarpDevices['device']> => {
    const { id, idKind, version } = traits(index);
    const named = devices?.[index];
    return named === undefined ? { id, idKind, version } : { ...named, idKind, version: named.version ?? version };
  });
  const [first] = all;
  if (first === undefined) throw new RangeError('a fleet without devices is none');
  return { count: fleet.count, device: (index) => all[index] ?? first };
}
