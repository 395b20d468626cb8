import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** A port, or one that speaks TLS and what the client shows and takes there; by default it takes whatever it is shown. */
export type Place = number | ({ readonly tls: number } & ConnectionOptions);

/** A connection; `onReady` is called once it may be written to. */
export function connectTo(place: Place, onReady: () => void, host = '127.0.0.1'): Socket {
  const common = { host, noDelay: true, allowHalfOpen: true };
  if (typeof place === 'number') return connect({ ...common, port: place }, onReady);
  const { tls: port, ...options } = place;
  const raw = connect({ ...common, port });
  const secured = connectTls({ host, socket: raw, rejectUnauthorized: false, ...options }, onReady);
  secured.allowHalfOpen = true;
  RAW.set(secured, raw);
  return secured;
}

/** Below a secured connection. */
const RAW = new WeakMap<Socket, Socket>();

/** Goes without a word of farewell; not in the midst of a record, which OpenSSL would take for an orderly end. */
export function reset(socket: Socket): void {
  const raw = RAW.get(socket);
  if (raw === undefined) socket.resetAndDestroy();
  else setImmediate(() => raw.resetAndDestroy());
}

/** What came back over a socket, down to the segments, or the records of TLS, in which it came. */
export interface RawAnswer {
  readonly status: number;
  /** The status line and all headers, with the empty line that ends them. */
  readonly head: string;
  /** Lower-case names; repeated ones stay apart. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Buffer;
  /** Whether the head lay in the first segment whole. */
  readonly headInOneRead: boolean;
}

/** Sends bytes as they stand and reads until the server closes; rejects where it resets. */
export function exchange(place: Place, request: string | Uint8Array, host?: string): Promise<RawAnswer> {
  return exchangeInPieces(place, [request], host);
}

/** The same, a piece at a time, each in a segment of its own. */
export function exchangeInPieces(
  place: Place,
  pieces: readonly (string | Uint8Array)[],
  host?: string,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const send = async (): Promise<void> => {
      for (const piece of pieces) {
        await new Promise((sent) => socket.write(piece, sent));
        await new Promise(setImmediate);
      }
    };
    const socket = connectTo(place, () => void send(), host);
    const reads: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => reads.push(chunk));
    socket.once('error', reject);
    socket.once('end', () => {
      socket.end();
      resolve(parse(reads));
    });
  });
}

/** The bytes of a request as a device of today writes it. */
export function asks(target: string, method = 'GET', headers: readonly string[] = []): string {
  return `${[`${method} ${target} HTTP/1.1`, 'Connection: Close', 'Host: h:1', ...headers].join('\r\n')}\r\n\r\n`;
}

/** Values of all headers of this name. */
export function values(answer: RawAnswer, name: string): readonly string[] {
  return answer.headers.filter(([found]) => found === name).map(([, value]) => value);
}

function parse(reads: readonly Buffer[]): RawAnswer {
  const all = Buffer.concat(reads);
  const end = all.indexOf('\r\n\r\n') + 4;
  const head = all.subarray(0, end).toString('latin1');
  const [line = '', ...fields] = head.trimEnd().split('\r\n');
  return {
    status: Number(line.split(' ')[1]),
    head,
    headers: fields.map((field) => {
      const colon = field.indexOf(': ');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 2)] as const;
    }),
    body: all.subarray(end),
    headInOneRead: (reads[0]?.indexOf('\r\n\r\n') ?? -1) >= 0,
  };
}
