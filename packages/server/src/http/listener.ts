import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Answer, refusal } from './answers.ts';
import { type Limits, openDoor } from './door.ts';
import type { Refused, RefusedReason } from './refused.ts';
import { send } from './sending.ts';

/** An HTTP server that answers, and how to end it. */
export interface Listener {
  readonly server: Server;
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
  route: (request: IncomingMessage) => Promise<Answer>,
  limits: Limits,
  onProblem: (problem: unknown) => void,
  onRefused: (refused: Refused) => void = () => undefined,
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
  const door = openDoor(server, limits, onRefused);
  const running = new Set<Promise<void>>();

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const refused = hasBody(request) ? await dropBody(request, limits) : undefined;
      if (refused !== undefined) return door.refuse(request.socket, refused, BODY_STATUS[refused]);
      // Refused, or gone, while its body came: what it asked for is not to be counted as given.
      if (!door.heard(request.socket)) return;
      await send(await answered(request), request, response);
    } catch (problem) {
      response.destroy();
      if (!GONE.has((problem as NodeJS.ErrnoException).code)) onProblem(problem);
    }
  };
  const answered = async (request: IncomingMessage): Promise<Answer> => {
    try {
      return await route(request);
    } catch (problem) {
      onProblem(problem);
      return refusal(503, 503, 'the server cannot answer now, ask again later');
    }
  };
  const respond = (request: IncomingMessage, response: ServerResponse): void => {
    // What follows a request on its connection is none of ours.
    if (!door.enter(request.socket)) {
      door.follows(request.socket);
      return;
    }
    const work = answer(request, response).finally(() => running.delete(work));
    running.add(work);
  };
  server.on('request', respond);
  // A 100 before the answer would be taken for the answer: the client is answered at once instead.
  server.on('checkContinue', respond);
  server.on('checkExpectation', respond);
  server.on('connect', (_request, socket: Duplex) => door.refuse(socket, undefined, 405));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable || error.code?.startsWith('HPE_') !== true) socket.destroy();
    // Once a request has ended, the answer that is under way must end whole, whatever follows (luatos.md L21).
    else if (!door.awaits(socket)) door.follows(socket);
    else if (error.code === 'HPE_HEADER_OVERFLOW') door.refuse(socket, 'head-too-large', 431);
    else door.refuse(socket, 'unparsable', 400);
  });

  return {
    server,
    async close(graceMs) {
      const timer = setTimeout(door.dropAll, graceMs);
      await new Promise((resolve) => {
        server.close(resolve);
        door.dropAwaited();
      });
      clearTimeout(timer);
      await Promise.allSettled(running);
    },
  };
}

/** What a client that went away leaves behind. */
const GONE: ReadonlySet<unknown> = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE']);

const BODY_STATUS = { 'body-too-large': 413, 'body-too-slow': 408 } as const;

/** Whether a body is to come that is waited for. */
function hasBody({ headers }: IncomingMessage): boolean {
  const announced = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  return announced && headers.expect === undefined;
}

/**
 * Reads and drops the body that some devices send (luatos.md L10): unread, it would reset the answer on its way.
 * Resolves to a reason where it is too much to wait for.
 */
function dropBody(
  request: IncomingMessage,
  limits: Limits,
): Promise<(RefusedReason & keyof typeof BODY_STATUS) | undefined> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length']) > limits.bodyBytes) return resolve('body-too-large');
    const timer = setTimeout(() => resolve('body-too-slow'), limits.idleTimeoutMs);
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > limits.bodyBytes) resolve('body-too-large');
    });
    request.once('end', () => resolve(undefined));
    request.once('error', reject);
    request.once('close', () => clearTimeout(timer));
  });
}
