/**
 * The few globals that every JavaScript engine of today has and the core uses, typed by hand: the core compiles without
 * the types of Node or of a browser, so that nothing of either can slip in.
 */

/** The part of an `AbortSignal` that is used; every engine's own signal fits. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Stops work under way: `abort(reason)` makes `signal` fire once. */
export interface Stop {
  readonly signal: Signal;
  abort(reason: unknown): void;
}

interface ParsedUrl {
  readonly protocol: string;
  readonly origin: string;
  readonly pathname: string;
  readonly href: string;
}

declare const AbortController: new () => Stop;
declare const TextDecoder: new () => { decode(bytes: Uint8Array, options: { readonly stream: true }): string };
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const URL: new (url: string, base?: string) => ParsedUrl;

export function newStop(): Stop {
  return new AbortController();
}

/** Decodes UTF-8 that comes in parts, with replacement characters: never throws. */
export function textDecoder(): (bytes: Uint8Array) => string {
  const decoder = new TextDecoder();
  return (bytes) => decoder.decode(bytes, { stream: true });
}

export function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A parsed URL, or `undefined` for one that is malformed. */
export function parseUrl(url: string, base?: string): ParsedUrl | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}

/** An HTTP date in milliseconds since 1970, or NaN. Reads the text only, never the clock. */
export function parseDate(text: string | undefined): number {
  // biome-ignore lint/style/noRestrictedGlobals: parsing a date asks no clock
  return Date.parse(text ?? '');
}

/** `promise`, or the signal's reason as soon as it fires. */
export function abortable<Result>(promise: Promise<Result>, signal: Signal | undefined): Promise<Result> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
