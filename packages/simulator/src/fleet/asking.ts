/** One question of one device of a fleet, with all that luck has in store for it. */
import { GENERATIONS } from '../generations.ts';
import type { Heard } from '../hearing.ts';
import type { Cut, Surroundings } from '../line.ts';
import { type Running, startDevice, type Timers } from '../simulate.ts';
import { chance, LUCK } from './chance.ts';
import { DEVICE_KINDS, type DeviceKind, hasModes } from './kinds.ts';
import { speakLibfota3 } from './libfota3.ts';
import { speakLuatos } from './luatos.ts';
import { speakPlain } from './plain.ts';
import type { Call, Speak, Speaker, Spoken } from './speaking.ts';
import type { FleetSpec } from './spec.ts';

/** A question that is under way. */
export interface Asking {
  readonly ended: Promise<Spoken>;
  /** Takes the power from the device: that is the end. */
  cutPower(): void;
}

/** Told while it is under way. */
export interface AskingEvents {
  /** The head of the first answer is there, so long after the connection was begun. */
  onAnswer(ms: number): void;
  onCut(what: Cut['what']): void;
  /** Nothing but the device's own timer is waited for: no connection is needed any more. */
  onIdle(): void;
}

export type Ask = (speaker: Speaker, events: AskingEvents) => Asking;

/** No device's timer is shorter, however often it asks. */
const SHORTEST_TIMER_MS = 5_000;

/** A question takes no more requests and connections: each has its own luck. */
const CONNECTIONS_A_RUN = 16;

export function createAsk(spec: FleetSpec, clock: Timers & { now(): number }): Ask {
  const { seed, server, poll, network } = spec;
  const connectTo = { host: server.host, port: server.port };
  const speakers = speakersOf(spec);
  const timerMs = ({ generation }: Parameters<Call>[0]): number => {
    const { timerMs: own } = typeof generation === 'string' ? GENERATIONS[generation] : generation;
    return spec.timeoutMs ?? Math.min(own, Math.max(poll.everyMs, SHORTEST_TIMER_MS));
  };

  return (speaker, events) => {
    const { index, traits, life } = speaker;
    const luck = (what: number, nth = 0): number => chance(seed, what, index, life.asked, nth);
    let running: Running | undefined;
    let isCut = false;
    let runs = 0;
    const call: Call = (options) => {
      const surroundings = surroundingsOf(spec, luck, clock.now, events, runs * CONNECTIONS_A_RUN);
      runs += 1;
      running = startDevice({
        ...options,
        timeoutMs: timerMs(options),
        connectTo,
        headPieces: 1 + Math.floor(network.segments * luck(LUCK.pieces, runs)),
        timers: clock,
        surroundings,
        onWait: (until) => until === 'timer' && events.onIdle(),
      });
      if (isCut) running.cutPower();
      return running.ended;
    };
    return {
      ended: speakers[traits.kind](speaker, call),
      cutPower() {
        isCut = true;
        running?.cutPower();
      },
    };
  };
}

function speakersOf(spec: FleetSpec): Readonly<Record<DeviceKind, Speak>> {
  const [luatos, libfota3, plain] = [speakLuatos(spec), speakLibfota3(spec), speakPlain(spec)];
  const speakOf = (kind: DeviceKind): Speak => (hasModes(kind) ? luatos : kind === 'plain' ? plain : libfota3);
  return Object.fromEntries(DEVICE_KINDS.map((kind) => [kind, speakOf(kind)])) as Record<DeviceKind, Speak>;
}

/** `before`: connections of this question that have had their luck. */
function surroundingsOf(
  { network, power }: FleetSpec,
  luck: (what: number, nth?: number) => number,
  now: () => number,
  events: AskingEvents,
  before: number,
): Surroundings {
  const startMs = now();
  return {
    bytesPerS: network.bytesPerS && between(network.bytesPerS, luck(LUCK.rate)),
    reaches: (connection) => luck(LUCK.reach, before + connection) >= network.unreachable,
    onHead(heard, connection) {
      // Where a connection goes on with a download, the time until then is not the server's.
      if (connection === 1) events.onAnswer(now() - startMs);
      if (!isPackage(heard)) return undefined;
      const cut = cutOf(heard.length ?? 0, before + connection, connection === 1);
      if (cut !== undefined) events.onCut(cut.what);
      return cut;
    },
  };

  /** Of each download it is decided once whether the power goes, of each connection whether it breaks. */
  function cutOf(length: number, nth: number, isFirst: boolean): Cut | undefined {
    if (isFirst && luck(LUCK.powerCut, nth) < power.cut) {
      return { what: 'power', afterBytes: Math.floor(length * luck(LUCK.powerCutAt, nth)) };
    }
    if (luck(LUCK.lineCut, nth) >= network.cut) return undefined;
    return { what: 'line', afterBytes: Math.floor(length * luck(LUCK.lineCutAt, nth)) };
  }
}

/** Longer than what a server has to say. */
const TALK_BYTES = 2_000;

/** Whether an answer brings a package, as far as its head tells. */
function isPackage({ status, length = 0, etag, sha256 }: Heard): boolean {
  if ((status !== 200 && status !== 206) || length === 0) return false;
  return etag !== undefined || sha256 !== undefined || length > TALK_BYTES;
}

function between([least, most]: readonly [number, number], luck: number): number {
  return least + (most - least) * luck;
}
