import { EVENTS, type FailureCode, type ResultNumber } from '@libfota2/protocol';

/** How far an upgrade had come. */
export type Phase = 'prepare' | 'connect' | 'answer' | 'transfer' | 'verify' | 'store';

/** Why no image was delivered. `code` is stable (docs/errors.md), `message` is for people and may change. */
export class FotaError extends Error {
  override readonly name: string = 'FotaError';
  readonly code: FailureCode;
  /** The number that a callback gets for it. */
  readonly result: Exclude<ResultNumber, 0>;
  /** Whether asking again later, with nothing changed on the device, may end differently. */
  readonly retryable: boolean;
  readonly phase: Phase;

  constructor(code: FailureCode, message: string, phase: Phase, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.result = EVENTS[code].result;
    this.retryable = EVENTS[code].retryable;
    this.phase = phase;
  }
}

/** Number 1: no connection was made. */
export class ConnectionError extends FotaError {
  override readonly name = 'ConnectionError';
}

/** Number 2: the URL cannot be used. */
export class UrlError extends FotaError {
  override readonly name = 'UrlError';
}

/** Number 3: the connection was lost and retries did not help. */
export class DisconnectedError extends FotaError {
  override readonly name = 'DisconnectedError';
}

/** Number 4: what the server said, or what the device did with it, is no upgrade. */
export class MessageError extends FotaError {
  override readonly name = 'MessageError';
}

/** Number 5: the IoT platform needs a product key and a VERSION of three parts. */
export class VersionError extends FotaError {
  override readonly name = 'VersionError';
}

const CLASSES = {
  1: ConnectionError,
  2: UrlError,
  3: DisconnectedError,
  4: MessageError,
  5: VersionError,
} as const;

/** The error of a code, in the class of its number. */
export function failure(code: FailureCode, message: string, phase: Phase, cause?: unknown): FotaError {
  return new CLASSES[EVENTS[code].result](code, message, phase, cause);
}

/** Whatever was thrown, as an error of ours; what is none already is a defect, of this library or of a port. */
export function asFotaError(error: unknown): FotaError {
  if (error instanceof FotaError) return error;
  return failure('internal', `Unexpected, please report it: ${error}`, 'prepare', error);
}

/** What the target or the notebook threw, as an error of ours. The system's own words name the call and the path. */
export function storeFailure(cause: unknown): FotaError {
  if (cause instanceof FotaError) return cause;
  const { code, message } = cause as { readonly code?: unknown; readonly message?: string };
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const text = message ?? `${cause}`;
  return isFull
    ? failure('disk-full', `${text}: free some space and ask again.`, 'store', cause)
    : failure('write-failed', text, 'store', cause);
}
