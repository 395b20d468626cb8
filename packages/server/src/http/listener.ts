import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Answer, overload } from './answers.ts';
import { type Limits, openDoor } from './door.ts';
import { NO_PROXIES, type Proxies } from './proxies.ts';
import type { Refused, RefusedReason } from './refused.ts';
import { createSecure, type Secure } from './secure.ts';
import { send } from './sending.ts';

/** What answers requests. */
export interface Route {
  /**
   * At once where nothing has to be waited for, as for most questions. `body`: what came of it, where it was to be kept;
   * `undefined` where it was longer than that.
   */
  answer(request: IncomingMessage, body: Uint8Array | undefined): Answer | Promise<Answer>;
  /** Bytes that the body of a request may have to be kept for its answer. Default: none of any body is. */
  keeps?(request: IncomingMessage): number;
}

/** An HTTP server that answers, and how to end it. */
export interface Listener {
  readonly server: Server;
  /**
   * A second way to the same answers, over TLS: listens once it was given credentials. Its connections count with the
   * others. `asksClients`: those without a certificate of their own are not let in.
   */
  secured(asksClients: boolean): Secure;
  /** Takes no more connections; answers under way have `graceMs` milliseconds to end. */
  close(graceMs: number): Promise<void>;
}

/**
 * An HTTP server that answers every request once, as devices of all generations need it (luatos.md L14–L21): one head in
 * one write, an explicit length, never chunked, never preceded by 1xx, and then the connection is closed.
 *
 * `onRefused` is told at once of each connection that never came to ask a question; it must not throw.
 */
export function createListener(
  route: Route,
  limits: Limits,
  onProblem: (problem: unknown) => void,
  onRefused: (refused: Refused) => void = () => undefined,
  proxies: Proxies = NO_PROXIES,
): Listener {
  const server = createServer({
    maxHeaderSize: limits.headBytes,
    // The door counts the time of a head, from the first byte of its connection.
    headersTimeout: 0,
    requestTimeout: 0,
    // Node's own answer to a missing Host is chunked; devices that leave it out are welcome.
    requireHostHeader: false,
  });
  server.setTimeout(limits.idleTimeoutMs, (socket) => {
    if (door.awaits(socket)) door.refuse(socket, 'body-too-slow', 408);
    else socket.destroy();
  });
  // A client that has said all it will is answered still; left alone, Node would close before an answer that takes a turn.
  Object.assign(server, { httpAllowHalfOpen: true });
  const door = openDoor(server, limits, onRefused, proxies.isTrusted);
  const running = new Set<Promise<void>>();

  const answer = (
    request: IncomingMessage,
    response: ServerResponse,
    body: Uint8Array | undefined,
  ): Promise<void> | undefined => {
    // Refused, or gone, while its body came: what it asked for is not to be counted as given.
    if (!door.heard(request.socket)) return undefined;
    let found: Answer | Promise<Answer>;
    try {
      found = route.answer(request, body);
    } catch (problem) {
      found = sorry(problem);
    }
    if (!(found instanceof Promise)) return send(found, request, response);
    return found.catch(sorry).then((one) => send(one, request, response));
  };
  const answerBody = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await takeBody(request);
    if (typeof body === 'string') door.refuse(request.socket, body, BODY_STATUS[body]);
    else await answer(request, response, body);
  };
  /** A client that waits for a 100 before it sends gets its answer at once, unless the body is what it is about. */
  const takeBody = async (request: IncomingMessage): ReturnType<typeof readBody> => {
    const kept = route.keeps?.(request) ?? 0;
    return request.headers.expect === undefined || kept > 0 ? readBody(request, limits, kept) : NOTHING;
  };
  const sorry = (problem: unknown): Answer => {
    onProblem(problem);
    return overload('the server cannot answer now, ask again later', limits.retryAfterMs);
  };
  const fail = (response: ServerResponse, problem: unknown): void => {
    response.destroy();
    if (!GONE.has((problem as NodeJS.ErrnoException).code)) onProblem(problem);
  };
  const respond = (request: IncomingMessage, response: ServerResponse): void => {
    // What follows a request on its connection is none of ours.
    if (!door.enter(request.socket, proxies.toldBy(request))) {
      door.follows(request.socket);
      return;
    }
    try {
      const work = isAnnounced(request) ? answerBody(request, response) : answer(request, response, NOTHING);
      if (work === undefined) return;
      const all = work.catch((problem: unknown) => fail(response, problem)).finally(() => running.delete(all));
      running.add(all);
    } catch (problem) {
      fail(response, problem);
    }
  };
  server.on('request', respond);
  // A 100 before the answer would be taken for the answer: the client is answered at once instead.
  server.on('checkContinue', respond);
  server.on('checkExpectation', respond);
  server.on('connect', (_request, socket: Duplex) => {
    // Behind a request it follows an answer: there is one a connection.
    if (door.awaits(socket)) door.refuse(socket, undefined, 405);
    else door.follows(socket);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable || error.code?.startsWith('HPE_') !== true) socket.destroy();
    // Once a request has ended, the answer that is under way must end whole, whatever follows (luatos.md L21).
    else if (!door.awaits(socket)) door.follows(socket);
    else if (error.code === 'HPE_HEADER_OVERFLOW') door.refuse(socket, 'head-too-large', 431);
    else door.refuse(socket, 'unparsable', 400);
  });

  const servers: NetServer[] = [server];
  return {
    server,
    secured(asksClients) {
      // Modules of many years ask here: what Node takes by default is what all of them can do and nothing is known against.
      const options = { asksClients, ciphers: undefined, handshakeTimeout: limits.headTimeoutMs + LATER_MS };
      const secure = createSecure(options, { greets: door.greet, goesOn: door.welcome, fails: door.turnAway });
      door.bound(secure.server);
      servers.push(secure.server);
      return secure;
    },
    async close(graceMs) {
      const timer = setTimeout(door.dropAll, graceMs);
      const closed = servers.map((one) => new Promise((resolve) => one.close(resolve)));
      door.dropAwaited();
      await Promise.all(closed);
      clearTimeout(timer);
      await Promise.allSettled(running);
    },
  };
}

/** Of a handshake that is too slow the door is to hear first, which tells of it. */
const LATER_MS = 1_000;

/** What a client that went away leaves behind. */
const GONE: ReadonlySet<unknown> = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE']);

const BODY_STATUS = { 'body-too-large': 413, 'body-too-slow': 408 } as const;

const NOTHING = new Uint8Array();

/** Whether a body is to come. */
function isAnnounced({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/**
 * Reads the body that some devices send (luatos.md L10): unread, it would reset the answer on its way. Up to `kept` bytes
 * of it are kept. Resolves to a reason where it is too much to wait for, to `undefined` where it is more than is kept.
 */
function readBody(
  request: IncomingMessage,
  limits: Limits,
  kept: number,
): Promise<(RefusedReason & keyof typeof BODY_STATUS) | Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length']) > limits.bodyBytes) return resolve('body-too-large');
    const timer = setTimeout(() => resolve('body-too-slow'), limits.idleTimeoutMs);
    const pieces: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > limits.bodyBytes) resolve('body-too-large');
      if (bytes <= kept) pieces.push(chunk);
      else pieces.length = 0;
    });
    request.once('end', () => resolve(kept > 0 && bytes > kept ? undefined : Buffer.concat(pieces)));
    request.once('error', reject);
    request.once('close', () => clearTimeout(timer));
  });
}
