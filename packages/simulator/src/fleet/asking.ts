/** One question of one device of a fleet, with all that luck has in store for it. */
import { GENERATIONS } from '../generations.ts';
import { LIBRARIES, type LibraryName } from '../libraries.ts';
import type { Cut, Surroundings } from '../line.ts';
import { type Run, startDevice, type Timers } from '../simulate.ts';
import { createFlash } from '../sinks.ts';
import { type Arrival, arrivalOf } from './arrival.ts';
import { chance, LUCK } from './chance.ts';
import type { LifeState } from './life.ts';
import type { Traits } from './roster.ts';
import type { FleetSpec } from './spec.ts';

/** A question that is under way. */
export interface Asking {
  readonly ended: Promise<{ readonly run: Run; readonly arrival: Arrival }>;
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

export type Ask = (index: number, traits: Traits, life: LifeState, events: AskingEvents) => Asking;

/** No device's timer is shorter, however often it asks. */
const SHORTEST_TIMER_MS = 5_000;

export function createAsk(spec: FleetSpec, clock: Timers & { now(): number }): Ask {
  const { seed, server, poll, projectKey, firmwareName, network, timeoutMs } = spec;
  const connectTo = { host: server.host, port: server.port };

  return (index, traits, life, events) => {
    const { generation, mode, idKind, id } = traits;
    const { asked, calls, version } = life;
    const luck = (what: number, nth = 0): number => chance(seed, what, index, asked, nth);
    const flash = createFlash();
    const { ended, cutPower } = startDevice({
      generation,
      mode,
      facts: { idKind, id, projectKey, firmwareName, version },
      url: server.url,
      library: libraryOf(traits, server.url),
      call: poll.sameTable ? calls : 1,
      connectTo,
      headPieces: 1 + Math.floor(network.segments * luck(LUCK.pieces)),
      timeoutMs: timeoutMs ?? Math.min(GENERATIONS[generation].timerMs, Math.max(poll.everyMs, SHORTEST_TIMER_MS)),
      timers: clock,
      sink: flash,
      surroundings: surroundingsOf(spec, luck, clock.now, events),
      onWait: (until) => until === 'timer' && events.onIdle(),
    });
    return { ended: ended.then((run) => ({ run, arrival: arrivalOf(run, flash.sha256()) })), cutPower };
  };
}

/** The library of 2023 asks at a URL of the project's own with nothing of itself: who uses one brings a newer library. */
function libraryOf({ generation }: Traits, url: string | undefined): LibraryName | undefined {
  const { library } = GENERATIONS[generation];
  const isMute = url !== undefined && !url.startsWith('###') && LIBRARIES[library].joint === undefined;
  return isMute ? 'libfota2-1.0' : undefined;
}

function surroundingsOf(
  { network, power }: FleetSpec,
  luck: (what: number, nth?: number) => number,
  now: () => number,
  events: AskingEvents,
): Surroundings {
  const startMs = now();
  return {
    bytesPerS: network.bytesPerS && between(network.bytesPerS, luck(LUCK.rate)),
    reaches: (connection) => luck(LUCK.reach, connection) >= network.unreachable,
    onHead({ status, length }, connection) {
      // Where a connection goes on with a download, the time until then is not the server's.
      if (connection === 1) events.onAnswer(now() - startMs);
      if (length === undefined || length === 0 || (status !== 200 && status !== 206)) return undefined;
      // Of each download it is decided once whether the power goes, of each connection whether it breaks.
      const cut: Cut | undefined =
        connection === 1 && luck(LUCK.powerCut) < power.cut
          ? { what: 'power', afterBytes: Math.floor(length * luck(LUCK.powerCutAt)) }
          : luck(LUCK.lineCut, connection) < network.cut
            ? { what: 'line', afterBytes: Math.floor(length * luck(LUCK.lineCutAt, connection)) }
            : undefined;
      if (cut !== undefined) events.onCut(cut.what);
      return cut;
    },
  };
}

function between([least, most]: readonly [number, number], luck: number): number {
  return least + (most - least) * luck;
}
