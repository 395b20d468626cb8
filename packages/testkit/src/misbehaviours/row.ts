import type { Socket } from 'node:net';
import type { EventCode, ResultNumber } from '@libfota2/protocol';
import type { Authority } from '../certificates.ts';
import { answer, type Manner, type RequestHead } from './wire.ts';

/** What a server has to go by. */
export interface Scene {
  readonly image: Uint8Array;
  /** Another image of the same length, for servers that publish something new in the middle. */
  readonly successor: Uint8Array;
  /** Number of this connection, from 1. */
  readonly connection: number;
}

/** What a server does with a request. */
export type Serve = (line: Socket, ask: RequestHead, scene: Scene) => void;

/** What a TLS server shows and demands, and what the client brings. */
export interface Dress {
  readonly server: {
    readonly identity: Authority;
    /** PEM: demands a certificate of a client that this authority signed. */
    readonly clientsOf?: string;
    readonly onlyVersion?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  };
  readonly client: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly passphrase?: string;
  };
}

/** How a transfer must end. */
export interface End {
  readonly result: ResultNumber;
  readonly code: EventCode;
  /** What lies at the target afterwards. */
  readonly file: 'published' | 'successor' | 'old';
}

/** One server that misbehaves, or does something rare and right, and how the library must end with it. */
export interface Misbehaviour extends End {
  /** Completes the sentence "The server …". */
  readonly name: string;
  readonly serve: Serve;
  /** Acts on the bare connection, before and instead of reading a request. */
  readonly greet?: (line: Socket) => void;
  /** Nobody listens at the port. */
  readonly absent?: boolean;
  /** `https`; with `plain` the URL says so and the server does not. */
  readonly tls?: () => Dress;
  readonly plain?: boolean;
  /** Settings of the transfer; the test's defaults are generous. */
  readonly policy?: {
    readonly timeoutMs?: number;
    readonly idleTimeoutMs?: number;
    readonly connectTimeoutMs?: number;
    readonly maxBytes?: number;
    readonly maxRedirects?: number;
  };
  /** Requests that the library must have sent, exactly. */
  readonly attempts?: number;
  /** Whether a request after the first must have carried a `Range`, or must not. */
  readonly resumes?: boolean;
}

/** A whole, verified image: number 0. */
export function delivers(file: 'published' | 'successor' = 'published'): End {
  return { result: 0, code: 'downloaded', file };
}

/** No image; the old file stays. */
export function ends(result: Exclude<ResultNumber, 0>, code: Exclude<EventCode, 'downloaded'>): End {
  return { result, code, file: 'old' };
}

/** Answers as a server that means well. */
export function honest(manner?: Manner): Serve {
  return (line, ask, { image }) => {
    const { head, body } = answer(ask, image, manner);
    line.end(Buffer.concat([head, body]));
  };
}

/** The same, but with the successor's bytes. */
export function renewed(manner?: Manner): Serve {
  return (line, ask, scene) => honest(manner)(line, ask, { ...scene, image: scene.successor });
}

/** Long enough for the other side to have read what came before. */
const SILENCE_MS = 250;

/**
 * Answers well up to `bytes` bytes of the body as it goes on the wire, then cuts the connection: after a silence, as
 * broken links do, or `at once`, so that the end overtakes a reader.
 */
export function cut(bytes: number, how: 'fin' | 'rst', manner?: Manner, when?: 'at once'): Serve {
  return (line, ask, { image }) => {
    const { head, body } = answer(ask, image, manner);
    const go = (): unknown => (how === 'fin' ? line.end() : line.resetAndDestroy());
    line.write(Buffer.concat([head, body.subarray(0, bytes)]), () => {
      if (when === 'at once') go();
      else setTimeout(go, SILENCE_MS);
    });
  };
}

/** Answers well up to `bytes` bytes of the body, then says nothing more and keeps the line. */
export function stall(bytes: number, manner?: Manner): Serve {
  return (line, ask, { image }) => {
    const { head, body } = answer(ask, image, manner);
    line.write(Buffer.concat([head, body.subarray(0, bytes)]));
  };
}

/** Sends these pieces whatever was asked, and ends. */
export function fixed(...pieces: (string | Uint8Array)[]): Serve {
  return (line) => {
    line.end(Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece))));
  };
}

/** The first of these on the first connection, and so on; the last one on all that follow. */
export function inTurn(...serves: [Serve, ...Serve[]]): Serve {
  return (line, ask, scene) => {
    const serve = serves[Math.min(scene.connection, serves.length) - 1] ?? serves[0];
    serve(line, ask, scene);
  };
}
