import { connect } from 'node:net';

/** What came back over a socket, down to the segments in which it came. */
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
export function exchange(port: number, request: string | Uint8Array, host?: string): Promise<RawAnswer> {
  return exchangeInPieces(port, [request], host);
}

/** The same, a piece at a time, each in a segment of its own. */
export function exchangeInPieces(
  port: number,
  pieces: readonly (string | Uint8Array)[],
  host = '127.0.0.1',
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, noDelay: true }, async () => {
      for (const piece of pieces) {
        await new Promise((sent) => socket.write(piece, sent));
        await new Promise(setImmediate);
      }
    });
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
