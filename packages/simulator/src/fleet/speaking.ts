/** What all kinds of devices of a fleet have in common when they speak to a server. */
import type { Run, SimulateOptions } from '../simulate.ts';
import type { Arrival } from './arrival.ts';
import type { LifeState } from './life.ts';
import type { Traits } from './roster.ts';

/** A device at the moment of its question. */
export interface Speaker {
  readonly index: number;
  readonly traits: Traits;
  readonly life: LifeState;
}

/** What was said from one question of a device to its end. */
export interface Spoken {
  /** The question, and whatever it took to get the package. */
  readonly runs: readonly Run[];
  readonly arrival: Arrival;
  /** What the device itself makes of it, in a word. */
  readonly result: string;
  /** Whether the device checks what it got before it installs it: others leave that to their boot loader. */
  readonly checks?: boolean;
  /** How long it is not to ask again, where it listens to that. */
  readonly waitMs?: number | undefined;
  /** Of the reports that it made, whether each was taken. */
  readonly reports?: readonly boolean[];
}

/** Makes one request of a device: luck, the network and the fleet's clock are seen to. */
export type Call = (options: SimulateOptions) => Promise<Run>;

/** How one kind of devices speaks. Must not reject. */
export type Speak = (speaker: Speaker, call: Call) => Promise<Spoken>;
