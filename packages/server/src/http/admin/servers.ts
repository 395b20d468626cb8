import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Server as NetServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { FotaServerError, type ServerErrorCode } from '../../domain/errors.ts';
import type { Credentials } from '../../ports/certificates.ts';
import { createSecure, type Secure } from '../secure.ts';
import { PROBLEM_TYPE, problemOf } from './problems.ts';

/** What clients of the admin API may cost. */
export interface AdminLimits {
  /** Bytes of a body that is JSON. Default 1 MiB. */
  readonly jsonBytes: number;
  /** Bytes of a request's line and headers. Default 16 KiB. */
  readonly headBytes: number;
  /** Milliseconds until a request's head must be there. Default 20 000. */
  readonly headTimeoutMs: number;
  /** Milliseconds without a byte in either direction after which a connection is dropped. Default 120 000. */
  readonly idleTimeoutMs: number;
  /** Connections open at a time, each way in; further ones are dropped. Default 256. */
  readonly maxConnections: number;
}

export const DEFAULT_LIMITS: AdminLimits = {
  jsonBytes: 1024 ** 2,
  headBytes: 16_384,
  headTimeoutMs: 20_000,
  idleTimeoutMs: 120_000,
  maxConnections: 256,
};

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** The two ways in to one application. */
export interface AdminServers {
  /** What listens to the network: HTTP, or TLS before it. */
  readonly network: NetServer;
  /** Over TLS, what is shown. */
  use(credentials: Credentials): void;
  /** For this machine and user only. */
  readonly local: Server;
  isLocal(socket: Socket): boolean;
  /** Takes no more connections, and no requests of those there are; what runs has `graceMs` milliseconds to end. */
  close(graceMs: number): Promise<void>;
}

/** Milliseconds that a client may go on sending what nobody reads. */
const LINGER_MS = 2_000;

/** `isSecure`: the network comes in over TLS only, once credentials are there. */
export function createServers(handler: Handler, limits: AdminLimits, isSecure: boolean): AdminServers {
  const locals = new WeakSet<Duplex>();
  /** Connections on which no request is being answered: some of them with a part of a head, which Node calls busy. */
  const unasked = new Set<Duplex>();
  const answering: Handler = (request, response) => {
    const { socket } = request;
    unasked.delete(socket);
    response.once('close', () => {
      if (!socket.destroyed) unasked.add(socket);
    });
    handler(request, response);
  };
  const network = createOne(answering, limits);
  const local = createOne(answering, limits);
  for (const server of [network, local]) {
    server.on('connection', (socket) => {
      unasked.add(socket);
      socket.once('close', () => unasked.delete(socket));
    });
  }
  local.on('connection', (socket) => locals.add(socket));
  const secure = isSecure ? securing(network, limits, unasked) : undefined;
  const servers: NetServer[] = [network, local, ...(secure === undefined ? [] : [secure.server])];
  return {
    network: secure?.server ?? network,
    use: (credentials) => secure?.use(credentials),
    local,
    isLocal: (socket) => locals.has(socket),
    async close(graceMs) {
      const timer = setTimeout(() => {
        for (const server of [network, local]) server.closeAllConnections();
      }, graceMs);
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of unasked) socket.destroy();
      await Promise.all(closed);
      clearTimeout(timer);
    },
  };
}

/** TLS before an HTTP server. Whoever is not secured yet has asked for nothing. */
function securing(server: Server, limits: AdminLimits, unasked: Set<Duplex>): Secure {
  const options = { asksClients: false, ciphers: CIPHERS, handshakeTimeout: limits.headTimeoutMs };
  const secure = createSecure(options, {
    greets(raw) {
      unasked.add(raw);
      raw.on('error', () => raw.destroy());
      raw.once('close', () => unasked.delete(raw));
      return true;
    },
    goesOn(raw, secured) {
      unasked.delete(raw);
      server.emit('connection', secured);
    },
    fails: (raw) => void raw.destroy(),
  });
  secure.server.maxConnections = limits.maxConnections;
  return secure;
}

/** Programs and browsers of this decade: forward secrecy, and no cipher that needs care. */
const CIPHERS =
  'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20';

function createOne(handler: Handler, limits: AdminLimits): Server {
  const server = createServer(
    {
      maxHeaderSize: limits.headBytes,
      headersTimeout: limits.headTimeoutMs,
      // An upload takes as long as it takes; one that stands still is ended by the idle timeout.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(limits.headTimeoutMs, 5_000),
      requireHostHeader: false,
    },
    (request, response) => {
      response.setHeader('Cache-Control', 'no-store');
      response.setHeader('X-Content-Type-Options', 'nosniff');
      response.once('finish', () => hangUpSoon(request));
      handler(request, response);
    },
  );
  server.setTimeout(limits.idleTimeoutMs);
  server.maxConnections = limits.maxConnections;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
    else refuseRaw(socket, ...(UNPARSABLE.get(error.code) ?? [400, 'request-invalid', 'what came is no HTTP request']));
  });
  return server;
}

/** Ends a connection whose request is refused and still comes: the answer is out, and the rest costs time and traffic. */
function hangUpSoon(request: IncomingMessage): void {
  if (request.complete) return;
  const { socket } = request;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  for (const over of ['end', 'close']) request.once(over, () => clearTimeout(timer));
}

const UNPARSABLE: ReadonlyMap<unknown, readonly [status: number, code: ServerErrorCode, detail: string]> = new Map([
  ['HPE_HEADER_OVERFLOW', [431, 'request-too-large', 'the headers are too large']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'request-invalid', 'the request did not come in time']],
]);

/** Answers where Node has no response object to do so. */
function refuseRaw(socket: Duplex, status: number, code: ServerErrorCode, detail: string): void {
  const body = JSON.stringify({ ...problemOf(new FotaServerError(code, detail)), status });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
  ];
  socket.on('error', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // Closing while the client still sends would reset the connection and lose the answer on its way.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}
