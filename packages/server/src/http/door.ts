import { type Server, STATUS_CODES } from 'node:http';
import type { DropArgument, Server as NetServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { overload, refusal } from './answers.ts';
import { createDeadlines } from './deadlines.ts';
import { dropWhatFollows } from './following.ts';
import { excerptOf, type Refused, type RefusedReason } from './refused.ts';
import { readFirstLine } from './repair.ts';

/** What connections and requests may cost. */
export interface Limits {
  /** Bytes of a request's line and headers. Default 8192. */
  readonly headBytes: number;
  /** Bytes of a request's body, which is read, and dropped where it means nothing. Default 65536. */
  readonly bodyBytes: number;
  /** Milliseconds from the connection until a request's head must be there whole. Default 20000. */
  readonly headTimeoutMs: number;
  /** Milliseconds without a byte in either direction after which a connection is dropped. Default 120000. */
  readonly idleTimeoutMs: number;
  /** Connections open at a time; the next is answered 503, or dropped where many come at once. Default 10000. */
  readonly maxConnections: number;
  /** The same from one address; 0: no limit, for whole fleets sit behind one address of a carrier. Default 0. */
  readonly maxConnectionsPerAddress: number;
  /**
   * Milliseconds after which whoever cannot be answered now (503) is asked to come back; each is told another time within
   * twice that, so that a fleet does not come back at once. Default 30000.
   */
  readonly retryAfterMs: number;
}

/**
 * Connections of a server, one request each: how many there are, how far the request of each is, and the answers that
 * are given where Node has no response object to do so. Requests themselves are none of its business.
 */
export interface Door {
  /** The head of a request is there, of the client at `address` where a trusted proxy told one. False where the connection had a request before, or was refused: say nothing. */
  enter(socket: Duplex, address?: string): boolean;
  /** Nothing more of the request is awaited. False where it was refused meanwhile, or its client went: make no answer. */
  heard(socket: Duplex): boolean;
  /** Whether something of this connection's request is still awaited. */
  awaits(socket: Duplex): boolean;
  /** More has come than the request: it is read and dropped until the answer is out. */
  follows(socket: Duplex): void;
  /** Lets the system drop what comes to another server in great numbers beyond the limit, as it does here. */
  bound(server: NetServer): void;
  /**
   * Counts a connection that has still to be secured, from which moment on its request is awaited. False where there is no
   * room for it: it was dropped, for nothing can be said to it.
   */
  greet(raw: Socket): boolean;
  /** It is secured: its request comes from `secured`. */
  welcome(raw: Socket, secured: Socket): void;
  /** It will not be. */
  turnAway(raw: Socket, why: string): void;
  /** Answers in place of a response object, reports, and closes once the client has stopped sending. */
  refuse(socket: Duplex, reason: RefusedReason | undefined, status: number): void;
  /** Drops the connections whose request is still awaited. */
  dropAwaited(): void;
  dropAll(): void;
}

/** Connections beyond the limit that are answered at a time; what comes beyond these is dropped by the system's door. */
const TURNED_AWAY_AT_ONCE = 100;
/** Milliseconds that a refused client may go on sending. */
const LINGER_MS = 2_000;

const AWAITED: ReadonlySet<Visit['phase']> = new Set(['greeting', 'head', 'body']);

interface Visit {
  /** Of a connection that is secured, the secured one. */
  socket: Socket;
  /** `greeting`: not secured yet. `leaving`: refused. */
  phase: 'greeting' | 'head' | 'body' | 'answer' | 'leaving';
  /** Its address, where a trusted proxy told it. */
  client: string | undefined;
  /** How the request began, one character a byte. */
  beginning: string;
  stopReading: (() => void) | undefined;
  /** Where more has come than the request: says that still more has. */
  drop: (() => void) | undefined;
  /** Of a client that was refused. */
  timer: NodeJS.Timeout | undefined;
}

/** `isTrusted`: connections from there are those of many clients, who count once their heads tell them apart. */
export function openDoor(
  server: Server,
  limits: Limits,
  onRefused: (refused: Refused) => void,
  isTrusted: (address: string | undefined) => boolean,
): Door {
  const handOver = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  const visits = new Map<Duplex, Visit>();
  const perAddress = new Map<string, number>();
  let admitted = 0;

  const report = (reason: RefusedReason, status: number, address: string | undefined, beginning: string): void =>
    onRefused({ reason, status, address: address ?? '', excerpt: excerptOf(beginning), at: Date.now() });

  const leave = (visit: Visit, reason: RefusedReason | undefined, status: number): void => {
    const { socket } = visit;
    heads.end(visit);
    clearTimeout(visit.timer);
    visit.stopReading?.();
    visit.phase = 'leaving';
    if (reason !== undefined) report(reason, status, visit.client ?? socket.remoteAddress, visit.beginning);
    visit.timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.end(rawRefusal(status, visit.beginning.startsWith('HEAD '), limits.retryAfterMs));
    // Closing while the client still sends would reset the connection and lose the answer on its way.
    socket.resume();
  };

  const tooSlow = (visit: Visit): void => {
    if (visit.socket.destroyed) return;
    if (visit.phase === 'head') leave(visit, 'head-too-slow', 408);
    if (visit.phase === 'greeting') drop(visit, 'handshake-too-slow', '');
  };

  // What has come by then is read first: a server that was busy itself must not blame its clients.
  const heads = createDeadlines<Visit>(limits.headTimeoutMs, (visit) => void setImmediate(tooSlow, visit));

  /** Of what nothing can be said to. */
  const drop = (visit: Visit, reason: RefusedReason, beginning: string): void => {
    visit.phase = 'leaving';
    report(reason, 0, visit.socket.remoteAddress, beginning);
    visit.socket.destroy();
  };

  /** Why there is no room for one more connection. */
  const crowded = (address: string | undefined): RefusedReason | undefined => {
    if (admitted >= limits.maxConnections) return 'too-many-connections';
    if (address !== undefined && (perAddress.get(address) ?? 0) >= limits.maxConnectionsPerAddress) {
      return 'too-many-from-address';
    }
    return undefined;
  };

  const count = (address: string | undefined, by: 1 | -1): void => {
    admitted += by;
    if (address !== undefined) countAt(address, by);
  };

  const countAt = (address: string, by: 1 | -1): void => {
    const left = (perAddress.get(address) ?? 0) + by;
    if (left > 0) perAddress.set(address, left);
    else perAddress.delete(address);
  };

  /** Begins a visit; tells why there is no room for it. */
  const begin = (socket: Socket, phase: Visit['phase']): { visit: Visit; reason: RefusedReason | undefined } => {
    const visit: Visit = {
      socket,
      phase,
      client: undefined,
      beginning: '',
      stopReading: undefined,
      drop: undefined,
      timer: undefined,
    };
    visits.set(socket, visit);
    // Asking for the address costs a call of the system.
    const remote = limits.maxConnectionsPerAddress > 0 ? (socket.remoteAddress ?? '') : undefined;
    const address = isTrusted(remote) ? undefined : remote;
    const reason = crowded(address);
    if (reason === undefined) count(address, 1);
    socket.on('error', destroyed);
    socket.on('close', () => {
      heads.end(visit);
      clearTimeout(visit.timer);
      visits.delete(socket);
      if (reason === undefined) count(address, -1);
      // Such as one whose certificate nobody trusts; one that never said a word is nobody's business.
      if (visit.phase === 'greeting' && socket.bytesRead > 0) drop(visit, 'handshake-failed', 'it ended before');
    });
    heads.begin(visit);
    return { visit, reason };
  };

  const awaitRequest = (visit: Visit): void => {
    const { socket } = visit;
    visit.stopReading = readFirstLine(socket, limits.headBytes, {
      waits: (beginning) => {
        visit.beginning = beginning;
      },
      goesOn: (bytes, beginning) => {
        visit.stopReading = undefined;
        visit.beginning = beginning;
        // What begins as HTTP/2 Node would drop without a word.
        if (beginning.startsWith('PRI ')) return leave(visit, 'unparsable', 400);
        for (const listener of handOver) listener.call(server, socket);
        socket.emit('data', bytes);
      },
      ends: (beginning) => {
        visit.beginning = beginning;
        if (beginning === '') socket.destroy();
        else leave(visit, 'unparsable', 400);
      },
    });
  };

  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const { visit, reason } = begin(socket, 'head');
    if (reason === undefined) awaitRequest(visit);
    else leave(visit, reason, 503);
  });
  const bound = (one: NetServer): void => {
    one.maxConnections = limits.maxConnections + TURNED_AWAY_AT_ONCE;
    one.on('drop', (dropped?: DropArgument) => report('too-many-connections', 0, dropped?.remoteAddress, ''));
  };
  bound(server);

  return {
    bound,
    greet(raw) {
      const { visit, reason } = begin(raw, 'greeting');
      if (reason !== undefined) drop(visit, reason, '');
      return reason === undefined;
    },
    welcome(raw, secured) {
      const visit = visits.get(raw);
      if (visit?.phase !== 'greeting') return void secured.destroy();
      visit.phase = 'head';
      visit.socket = secured;
      visits.set(secured, visit);
      secured.on('error', destroyed);
      secured.once('close', () => visits.delete(secured));
      awaitRequest(visit);
    },
    turnAway(raw, why) {
      const visit = visits.get(raw);
      if (visit?.phase === 'greeting') drop(visit, 'handshake-failed', why);
    },
    enter(socket, address) {
      const visit = visits.get(socket);
      if (visit?.phase !== 'head') return false;
      heads.end(visit);
      visit.client = address;
      if (address !== undefined && limits.maxConnectionsPerAddress > 0) {
        if ((perAddress.get(address) ?? 0) >= limits.maxConnectionsPerAddress) {
          leave(visit, 'too-many-from-address', 503);
          return false;
        }
        countAt(address, 1);
        visit.socket.once('close', () => countAt(address, -1));
      }
      visit.phase = 'body';
      return true;
    },
    heard(socket) {
      const visit = visits.get(socket);
      if (visit?.phase !== 'body') return false;
      visit.phase = 'answer';
      return true;
    },
    awaits(socket) {
      const phase = visits.get(socket)?.phase;
      return phase === 'head' || phase === 'body';
    },
    follows(socket) {
      const visit = visits.get(socket);
      if (visit?.phase !== 'body' && visit?.phase !== 'answer') return;
      if (visit.drop === undefined) visit.drop = dropWhatFollows(visit.socket, limits.idleTimeoutMs);
      else visit.drop();
    },
    refuse(socket, reason, status) {
      const visit = visits.get(socket);
      if (visit !== undefined && visit.phase !== 'leaving') leave(visit, reason, status);
    },
    dropAwaited() {
      for (const { socket, phase } of visits.values()) if (AWAITED.has(phase)) socket.destroy();
    },
    dropAll() {
      for (const { socket } of visits.values()) socket.destroy();
    },
  };
}

/** Of a connection that broke. */
function destroyed(this: Socket): void {
  this.destroy();
}

function rawRefusal(status: number, headOnly: boolean, retryAfterMs: number): string {
  const reason = STATUS_CODES[status] ?? '';
  const msg = reason.toLowerCase();
  const { headers, body } = status === 503 ? overload(msg, retryAfterMs) : refusal(status, status, msg);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n${headOnly ? '' : body}`;
}
