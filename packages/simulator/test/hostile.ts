import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A server of raw bytes: `serve` gets each connection once the head of its request is there. */
export interface HostileServer {
  readonly port: number;
  /** The bytes of all requests' heads. */
  readonly heads: readonly string[];
  close(): Promise<void>;
}

export async function startHostile(serve: (line: Socket, head: string, nth: number) => void): Promise<HostileServer> {
  const heads: string[] = [];
  const lines = new Set<Socket>();
  const server = createServer({ noDelay: true }, (line) => {
    lines.add(line);
    let held = Buffer.alloc(0);
    line.on('error', () => undefined);
    line.on('data', (bytes: Buffer) => {
      held = Buffer.concat([held, bytes]);
      if (!held.includes('\r\n\r\n')) return;
      line.removeAllListeners('data').resume();
      serve(line, held.toString(), heads.push(held.toString()));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    heads,
    close: async () => {
      for (const line of lines) line.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Status line and headers, with the empty line behind. */
export function head(statusLine: string, ...headers: readonly string[]): Buffer {
  return Buffer.from(`${[`HTTP/1.1 ${statusLine}`, ...headers].join('\r\n')}\r\n\r\n`);
}

/** A body in chunks of 16 KiB. */
export function chunks(body: Uint8Array): Buffer {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += 16_384) {
    const piece = body.subarray(at, at + 16_384);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

/** Writes one after the other, each read by the other side of this process before the next. */
export async function inReads(line: Socket, ...pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) {
    await new Promise((written) => line.write(piece, written));
    for (let turns = 0; turns < 4; turns += 1) await new Promise(setImmediate);
  }
}
