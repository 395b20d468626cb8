import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Answer, refusal } from './answers.ts';
import { repairRequestLines } from './repair.ts';

/** What a client may cost. */
export interface Limits {
  /** Bytes of a request's line and headers. Default 8192. */
  readonly headBytes: number;
  /** Bytes of a request's body, which is read and dropped. Default 65536. */
  readonly bodyBytes: number;
  /** Milliseconds until a request's head must be there. Default 20000. */
  readonly headTimeoutMs: number;
  /** Milliseconds without a byte in either direction after which a connection is dropped. Default 120000. */
  readonly idleTimeoutMs: number;
}

/** An HTTP server that answers, and how to end it. */
export interface Listener {
  readonly server: Server;
  /** Takes no more connections; answers under way have `graceMs` milliseconds to end. */
  close(graceMs: number): Promise<void>;
}

/**
 * An HTTP server that answers every request once, as devices of all generations need it (luatos.md L14–L21): one head in
 * one write, an explicit length, never chunked, never preceded by 1xx, and then the connection is closed.
 */
export function createListener(
  route: (request: IncomingMessage) => Promise<Answer>,
  limits: Limits,
  onProblem: (problem: unknown) => void,
): Listener {
  const server = createServer({
    maxHeaderSize: limits.headBytes,
    headersTimeout: limits.headTimeoutMs,
    requestTimeout: limits.headTimeoutMs + limits.idleTimeoutMs,
    connectionsCheckingInterval: Math.min(limits.headTimeoutMs, 5_000),
    // Node's own answer to a missing Host is chunked; devices that leave it out are welcome.
    requireHostHeader: false,
  });
  repairRequestLines(server, limits.headBytes, limits.headTimeoutMs);
  server.maxRequestsPerSocket = 1;
  server.setTimeout(limits.idleTimeoutMs);
  // Connections whose request has not come to its end.
  const asking = new Set<Duplex>();
  const running = new Set<Promise<void>>();
  server.on('connection', (socket) => {
    asking.add(socket);
    socket.once('close', () => asking.delete(socket));
  });

  const respond = (request: IncomingMessage, response: ServerResponse): void => {
    const heard = (): boolean => asking.delete(request.socket);
    const work = dropBody(request, limits.bodyBytes, heard)
      .then((whole) => (whole ? route(request) : refusal(413, 413, 'the body of the request is too large')))
      .catch((problem: unknown) => {
        if (request.destroyed && !request.complete) throw problem;
        onProblem(problem);
        return refusal(503, 503, 'the server cannot answer now, ask again later');
      })
      .then((answer) => send(answer, request, response))
      .catch((problem: unknown) => {
        response.destroy();
        if (!GONE.has((problem as NodeJS.ErrnoException).code)) onProblem(problem);
      })
      .finally(() => running.delete(work));
    running.add(work);
  };
  server.on('request', respond);
  // A 100 before the answer would be taken for the answer: the client is answered at once instead.
  server.on('checkContinue', respond);
  server.on('checkExpectation', respond);
  server.on('connect', (_request, socket: Duplex) => refuseRaw(socket, 405));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const answered = !asking.delete(socket);
    // What follows a request is none of ours: the answer that is under way must end whole (luatos.md L21).
    if (answered && error.code?.startsWith('HPE_') === true) return;
    if (answered || !socket.writable || error.code === 'ECONNRESET') socket.destroy();
    else refuseRaw(socket, UNPARSABLE.get(error.code) ?? 400);
  });

  return {
    server,
    async close(graceMs) {
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      await new Promise((resolve) => {
        server.close(resolve);
        for (const socket of asking) socket.destroy();
      });
      clearTimeout(timer);
      await Promise.allSettled(running);
    },
  };
}

/** What a client that went away leaves behind. */
const GONE: ReadonlySet<unknown> = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE']);

const UNPARSABLE: ReadonlyMap<unknown, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

/** Answers where Node has no response object to do so. */
function refuseRaw(socket: Duplex, status: number): void {
  const reason = STATUS_CODES[status] ?? '';
  const { headers, body } = refusal(status, status, reason.toLowerCase());
  const lines = Object.entries({ ...headers, Connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n${body}`);
  // Closing while the client still sends would reset the connection and lose the answer on its way.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), 2_000);
  socket.once('close', () => clearTimeout(timer));
}

async function send(
  { status, headers, body }: Answer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const part = typeof body === 'object' ? body : undefined;
  try {
    response.writeHead(status, { ...headers, Connection: 'close' });
    if (part === undefined || request.method === 'HEAD') {
      response.end(body === part ? undefined : body);
    } else {
      response.flushHeaders();
      await pipeline(part.opened.read(part.first, part.last), response);
    }
  } finally {
    await part?.opened.close();
  }
}

/**
 * Reads and drops the body that some devices send (luatos.md L10): unread, it would reset the answer on its way.
 * Resolves to false when it is too large to wait for. Calls `heard` as soon as nothing more of the request is awaited.
 */
function dropBody(request: IncomingMessage, limit: number, heard: () => void): Promise<boolean> {
  const { 'content-length': length, 'transfer-encoding': coding, expect } = request.headers;
  return new Promise((resolve, reject) => {
    const end = (whole: boolean): void => {
      heard();
      resolve(whole);
    };
    if ((length === undefined && coding === undefined) || expect !== undefined) return end(true);
    if (Number(length) > limit) return end(false);
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > limit) end(false);
    });
    request.once('end', () => end(true));
    request.once('error', reject);
  });
}
