/** What the core needs of the world. Each port is one capability; adapters for Node lie in `../node`. */
import type { DigestAlgorithm, Ed25519Verify } from '@libfota2/protocol';
import type { Signal } from './platform.ts';

/** TLS material as PEM text. A `ca` replaces the system's roots; verification itself cannot be switched off. */
export interface TlsMaterial {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly passphrase?: string | undefined;
}

/** One HTTP request, ready to be sent as it stands. */
export interface Ask {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  readonly tls: TlsMaterial;
  /** Milliseconds until TCP and TLS must stand. */
  readonly connectTimeoutMs: number;
  /** Milliseconds without a byte after which a connection counts as lost. */
  readonly idleTimeoutMs: number;
  readonly signal: Signal;
  /** Called once, when the connection (TLS included) stands. */
  readonly onConnected: () => void;
}

/** The head of an answer, and its body as it comes. */
export interface Answer {
  readonly status: number;
  /** Names in lower case; repeated fields joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** How the end of the body is known. */
  readonly framing: 'length' | 'chunked' | 'close';
  /** Ends only where the message ends; throws `connection-lost`, `stalled`, `answer-malformed` or the abort reason. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Drops the rest and the connection. Harmless when all is over. */
  close(): void;
}

export interface Transport {
  /**
   * Sends and waits for the head. Never follows a redirect, never retries.
   * @throws FotaError with a code of number 1 before the connection stands, of 3 or 4 after; the abort reason if aborted
   */
  open(ask: Ask): Promise<Answer>;
}

/** Where an interrupted image can be found again. */
export interface Kept {
  /** Opaque to everyone but the target that made it. */
  readonly token: string;
  /** Durable bytes, counted from the start of the image. */
  readonly bytes: number;
}

/**
 * Where the bytes of an image go, after LuatOS' `fota` core: init, wait, write, done, finish(ok).
 * One image at a time. Nothing shows at the place before `finish(true)`, and then all of it at once.
 */
export interface Target {
  /** A stable name of the place: two upgrades of one place share or queue. */
  readonly place: string;
  /** Bytes of the image that the place shows now, `undefined` when there is none. */
  size(): Promise<number | undefined>;
  /**
   * Prepares for an image of `size` bytes, if known. Resolves to the bytes of `kept` that are still there, else 0.
   * What was kept stays until it is forgotten, however often it is gone on with.
   */
  init(size: number | undefined, kept: Kept | undefined): Promise<number>;
  /** Resolves when bytes can be taken: space reserved, flash erased. */
  wait(): Promise<void>;
  /** The first `bytes` bytes of what `init` kept, to be hashed again. */
  read(bytes: number): AsyncIterable<Uint8Array>;
  /** Appends. The array may be reused by the caller once this resolves. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes what was written durable and tells how to find it after a crash. */
  mark(): Promise<Kept>;
  /**
   * All bytes are written: makes them durable.
   * @param sha256 of the image, lower-case hex, where the caller has counted it
   */
  done(sha256?: string): Promise<void>;
  /** `true` shows the image at the place, durably, and resolves to the address for people; `false` drops it. */
  finish(ok: boolean): Promise<string>;
  /** Drops what an earlier `mark` kept and nobody will go on with. */
  forget(kept: Kept): Promise<void>;
  /** Lets go of the image without dropping it; what `mark` last promised stays. */
  suspend(): Promise<void>;
}

/** A small durable memory beside the target: one text, replaced as a whole or not at all. */
export interface Notebook {
  load(): Promise<string | undefined>;
  save(text: string): Promise<void>;
}

/**
 * What must outlive a power cut in the midst of its own writing, and a page of flash that rots: two notebooks that get
 * the same, one after the other. Unlike notes these say so where they cannot be read.
 */
export type Vault = readonly [Notebook, Notebook];

export type HashAlgorithm = DigestAlgorithm | 'blake2b-512';

/** A running hash that can be read without ending it. */
export interface Hash {
  update(bytes: Uint8Array): void;
  base64(): string;
}

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds that never jump; their zero means nothing. */
  monotonicMs(): number;
  /** Milliseconds since the machine's start, sleep included: what a schedule counts by. */
  uptimeMs(): number;
  /** Milliseconds since 1970 by the machine's clock, which may jump. */
  wallMs(): number;
  /** The next moment after `wallMs` at which clocks on the wall show `minuteOfDay` (0 to 1439), daylight saving kept. */
  nextLocalTime(minuteOfDay: number, wallMs: number): number;
  /** Calls `work` once after `ms` (0 to 2^31−1) milliseconds. */
  after(ms: number, work: () => void): Timer;
}

/** All that one upgrade needs of the world. */
export interface Ports {
  readonly transport: Transport;
  readonly target: Target;
  readonly notebook: Notebook;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly hash: (algorithm: HashAlgorithm) => Hash;
  readonly ed25519: Ed25519Verify;
  /** A number in [0, 1). */
  readonly random: () => number;
}
