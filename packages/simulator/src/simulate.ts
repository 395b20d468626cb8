import { RESULT, type ResultNumber } from '@libfota2/protocol';
import { begin, type DeviceEvent, type Effect, type Step, step } from './device.ts';
import { GENERATIONS, type Generation, type GenerationName, type Mode, type Wait } from './generations.ts';
import { askedUrl, type DeviceFacts, LIBRARIES, type LibraryName } from './libraries.ts';
import { type Connection, type Line, openLine, type Surroundings } from './line.ts';
import { type Posted, placeOf, type Resumed, requestHead } from './request.ts';
import type { Sink } from './sinks.ts';

/** What calls a device back after so many milliseconds. */
export interface Timers {
  after(ms: number, work: () => void): { cancel(): void };
}

/** One upgrade run of one device. */
export interface SimulateOptions {
  /** By its name, or by what it does. */
  readonly generation: GenerationName | Generation;
  readonly mode: Mode;
  readonly facts: DeviceFacts;
  /** As in the options of the device's script: `http://…`, or `###http://…` used as it stands. Default: the platform. */
  readonly url?: string | undefined;
  /** Default: that of the generation's time. */
  readonly library?: LibraryName | undefined;
  /** Which call with the same table of options this is, from 1. Default 1. */
  readonly call?: number | undefined;
  /** Where connections really go, as if name resolution led there. Default: where the URL says. */
  readonly connectTo?: { readonly host: string; readonly port: number } | undefined;
  /** Default: it only asks. */
  readonly posted?: Posted | undefined;
  /** Segments in which the request's head goes out, 1 to 6 (luatos.md L10). Default 1. */
  readonly headPieces?: number | undefined;
  /** The device's own timer, counted from its first connection, in milliseconds. Default: as its firmware has it. */
  readonly timeoutMs?: number | undefined;
  /** Default: the real time. */
  readonly timers?: Timers | undefined;
  /** Default: nothing is kept. */
  readonly sink?: Sink | undefined;
  /** Default: nothing befalls it. */
  readonly surroundings?: Surroundings | undefined;
  /** Told when a device has all that it will get, and yet waits: a fake clock may go on then. */
  readonly onWait?: ((until: Wait) => void) | undefined;
}

/** How a run ended. */
export interface Run {
  /** The callback's number; undefined: never called back, not even when the device's timer would have been due. */
  readonly result: ResultNumber | undefined;
  readonly never: boolean;
  /** What lies in the sink. */
  readonly bytes: number;
  /** All requests, as they were sent. */
  readonly requests: readonly string[];
  /** The status lines of all answers. */
  readonly statusLines: readonly string[];
  readonly connections: readonly Connection[];
  /** Whether the device lost its power before the run was over. It calls nobody back then. */
  readonly powerLost: boolean;
}

/** A run that is under way. */
export interface Running {
  readonly ended: Promise<Run>;
  /** Takes the power from the device: the run is over. */
  cutPower(): void;
}

/** The real time. */
export const realTimers: Timers = {
  after(ms, work) {
    const timer = setTimeout(work, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/**
 * Lets a virtual device upgrade over a real socket: it sends what its generation sends, and takes what comes as its
 * generation does. Never rejects for anything that a server does.
 * @throws RangeError for an https URL
 */
export function simulate(options: SimulateOptions): Promise<Run> {
  return startDevice(options).ended;
}

/** The same, for who may want to end it early. @throws RangeError for an https URL */
export function startDevice(options: SimulateOptions): Running {
  const { facts, mode, sink, url, onWait, connectTo, headPieces = 1, timers = realTimers, surroundings = {} } = options;
  const generation = typeof options.generation === 'string' ? GENERATIONS[options.generation] : options.generation;
  const asked = askedUrl(LIBRARIES[options.library ?? generation.library], facts, url, options.call);
  const place = asked === undefined ? undefined : placeOf(asked);
  const requests: string[] = [];
  const statusLines: string[] = [];
  const lines: Line[] = [];
  let bytes = 0;
  let { state, effects }: Step = begin();
  let finish = (_result: ResultNumber | undefined, _powerLost: boolean): void => undefined;
  const ended = new Promise<Run>((resolve) => {
    finish = (result, powerLost) =>
      resolve({
        result,
        never: result === undefined && !powerLost,
        bytes,
        requests,
        statusLines,
        connections: lines.map((line) => line.look()),
        powerLost,
      });
  });
  if (place === undefined) {
    finish(asked === undefined ? RESULT.versionFormat : RESULT.messageError, false);
    return { ended, cutPower: () => undefined };
  }

  const resumed = (from: number | undefined): Resumed | undefined => {
    if (from === undefined) return undefined;
    if (!generation.validates) return { from };
    // Who goes by validators, and has none, can only ask for the whole.
    const etag = lines[0]?.look().heard?.etag;
    return etag === undefined ? undefined : { from, etag };
  };
  const feed = (event: DeviceEvent): void => {
    ({ state, effects } = step({ generation, mode }, state, event));
    effects.forEach(perform);
  };
  const perform = (effect: Effect): void => {
    switch (effect.do) {
      case 'ask': {
        const head = requestHead(generation, place, resumed(effect.from), options.posted);
        const connection = requests.push(head);
        const pieces = inPieces(Buffer.from(head), headPieces);
        const to = connectTo ?? place;
        lines.push(openLine({ to, pieces, connection, surroundings, timers, tell: feed, onPowerCut: cutPower }));
        break;
      }
      case 'reset':
        bytes = 0;
        sink?.reset();
        break;
      case 'write':
        bytes += effect.bytes.length;
        sink?.write(effect.bytes);
        break;
      case 'note':
        statusLines.push(effect.statusLine);
        break;
      case 'wait':
        onWait?.(effect.until);
        break;
      case 'end':
        timer.cancel();
        lines.at(-1)?.close();
        finish(effect.result, false);
    }
  };
  const cutPower = (): void => {
    if (state.at === 'ended') return;
    state = { at: 'ended' };
    timer.cancel();
    lines.at(-1)?.drop();
    finish(undefined, true);
  };
  const timer = timers.after(options.timeoutMs ?? generation.timerMs, () => feed({ type: 'timer' }));
  effects.forEach(perform);
  return { ended, cutPower };
}

function inPieces(bytes: Buffer, count: number): readonly Buffer[] {
  const size = Math.ceil(bytes.length / count);
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}
