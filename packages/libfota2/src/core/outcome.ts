import type { FailureCode, Manifest, Refusal, RefusalReason, ResultNumber } from '@libfota2/protocol';
import type { FotaError, Phase } from './errors.ts';

/** What every outcome tells. */
export interface Story {
  /** How it ended, for people. */
  readonly message: string;
  /** Scheme, host and path that were asked; the query stays out, for it carries the product key. */
  readonly url: string | undefined;
  /** The HTTP status of the last answer. */
  readonly status: number | undefined;
  /** Requests sent. */
  readonly attempts: number;
  /** Body bytes received over the network, those of lost attempts included. */
  readonly bytes: number;
  readonly durationMs: number;
  /** The server's wish for the next question (`Retry-After`), in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Of a device with a key ring: the ring that it has now. */
  readonly keyRing?: KeyRingStory | undefined;
}

/** What became of the key ring (docs/protocol.md §13.6). */
export interface KeyRingStory {
  readonly serial: number;
  /** Whether this call brought it. */
  readonly updated: boolean;
  /** Why an update was not followed, where one came that did not follow; for people. */
  readonly refused: string | undefined;
}

/** A whole, verified, non-empty image lies at the target. The application decides when to restart. */
export interface Downloaded extends Story {
  readonly kind: 'downloaded';
  readonly result: 0;
  readonly code: 'downloaded';
  /** Where it lies: for the default target the path of `update.bin`. */
  readonly file: string;
  /** Bytes of the image. */
  readonly size: number;
  /** Of the image, lower-case hex. */
  readonly sha256: string;
  /** Bytes that an earlier run had already brought. */
  readonly resumedFrom: number;
  /** What is signed of it, where there is a key ring: proven, for these bytes. */
  readonly manifest: Manifest | undefined;
}

/** Why there is no upgrade: the platform's reasons, `not-modified` for a 304, `refused` where the server gave none. */
export type NoUpgradeReason = RefusalReason | 'not-modified' | 'refused';

/** The server has no upgrade for this device: an ordinary answer, number 4 by the documented contract. */
export interface NoUpgrade extends Story {
  readonly kind: 'no-upgrade';
  readonly result: 4;
  readonly code: 'no-upgrade';
  readonly reason: NoUpgradeReason;
  /** The platform's own code and message, where the body held them. */
  readonly refusal: Refusal | undefined;
}

/** No image was delivered. What lay at the target before lies there still. */
export interface Failed extends Story {
  readonly kind: 'failed';
  readonly result: Exclude<ResultNumber, 0>;
  readonly code: FailureCode;
  readonly phase: Phase;
  readonly retryable: boolean;
  readonly error: FotaError;
}

/** The part of a failure that its error tells. */
export function failed(error: FotaError): Omit<Failed, keyof Story> {
  const { result, code, phase, retryable } = error;
  return { kind: 'failed', result, code, phase, retryable, error };
}

/** There is an upgrade; `check` did not take it. */
export interface Available extends Story {
  readonly kind: 'available';
  /** Bytes, where the server told them. */
  readonly size: number | undefined;
  readonly etag: string | undefined;
  /** Of the image, lower-case hex, where the server told it. */
  readonly sha256: string | undefined;
  /** What is signed of it, where there is a key ring: proven, but for no bytes yet. */
  readonly manifest: Manifest | undefined;
}

export type Outcome = Downloaded | NoUpgrade | Failed;
export type CheckOutcome = Available | NoUpgrade | Failed;

/** How far a transfer is. */
export interface Progress {
  /** Bytes of the image that are at the target so far. */
  readonly bytes: number;
  /** Bytes of the whole image, where the server told them. */
  readonly total: number | undefined;
  /** Bytes that an earlier run had brought. */
  readonly resumedFrom: number;
  /** Number of the request that brings them, from 1. */
  readonly attempt: number;
}
