import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A reset that comes with the last bytes is read as an end, or overtakes them. */
const RESET_AFTER_MS = 50;

/** What a proxy does to one connection, once so many bytes of the server's answer have gone through. */
export interface ProxyFault {
  readonly afterBytes: number;
  /** `fin` and `rst` end both sides; `stall` lets nothing through any more; a number holds back that many milliseconds. */
  readonly how: 'fin' | 'rst' | 'stall' | { readonly delayMs: number };
}

export interface TcpProxy {
  readonly port: number;
  /** Connections so far. */
  connections(): number;
  /** Bytes of the server that went through, all connections together. */
  bytes(): number;
  close(): Promise<void>;
}

/** A TCP proxy on a free port of the loopback, to a port of it. `script` is asked once a connection, from number 1. */
export async function startProxy(
  toPort: number,
  script: (connection: number) => ProxyFault | undefined,
): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let connections = 0;
  let bytes = 0;

  const server = createServer((client) => {
    const upstream = connect(toPort, '127.0.0.1');
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => open.delete(socket));
    }
    join(client, upstream, script(++connections), (count) => {
      bytes += count;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    bytes: () => bytes,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function join(client: Socket, upstream: Socket, fault: ProxyFault | undefined, count: (bytes: number) => void): void {
  let left = fault?.afterBytes ?? Number.POSITIVE_INFINITY;
  let held = false;
  const pass = (piece: Buffer, then?: () => void): void => {
    count(piece.length);
    if (!client.write(piece, then)) upstream.pause();
  };
  const strike = (how: ProxyFault['how'], last: Buffer, rest: Buffer): void => {
    held = true;
    upstream.pause();
    if (how === 'fin') pass(last, () => client.end());
    else if (how === 'rst') pass(last, () => setTimeout(() => client.resetAndDestroy(), RESET_AFTER_MS));
    else pass(last);
    if (typeof how !== 'object') return;
    const timer = setTimeout(() => {
      held = false;
      pass(rest);
      upstream.resume();
    }, how.delayMs);
    client.on('close', () => clearTimeout(timer));
  };

  client.pipe(upstream);
  client.on('drain', () => held || upstream.resume());
  client.on('close', () => upstream.destroy());
  upstream.on('end', () => client.end());
  upstream.on('error', () => client.resetAndDestroy());
  upstream.on('data', (piece: Buffer) => {
    if (fault === undefined || piece.length < left) {
      left -= piece.length;
      pass(piece);
    } else {
      const rest = piece.subarray(left);
      const last = piece.subarray(0, left);
      left = Number.POSITIVE_INFINITY;
      strike(fault.how, last, rest);
    }
  });
}
