import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Dress, Misbehaviour } from './row.ts';
import { type RequestHead, readHead } from './wire.ts';

/** A misbehaving server that listens. */
export interface Served {
  readonly url: string;
  /** TLS material that the client of this row brings. */
  readonly client: Dress['client'];
  /** Requests so far, in the order of their connections. */
  readonly requests: readonly RequestHead[];
  /** Connections so far. */
  connections(): number;
  /** Resolves when no connection is open. */
  drained(): Promise<void>;
  /** Ends the server and every connection. */
  close(): Promise<void>;
}

/** Serves one row at a free port of the loopback. Each connection gets one answer. */
export async function serveMisbehaviour(
  row: Pick<Misbehaviour, 'serve' | 'greet' | 'absent' | 'tls' | 'plain'>,
  images: { readonly image: Uint8Array; readonly successor: Uint8Array },
): Promise<Served> {
  const dress = row.tls?.();
  const open = new Set<Socket>();
  const requests: RequestHead[] = [];
  let connections = 0;

  const greet = async (line: Socket): Promise<void> => {
    const connection = ++connections;
    line.on('error', () => undefined);
    if (row.greet !== undefined) {
      // Unread bytes would hide that the other side has gone.
      line.resume();
      return row.greet(line);
    }
    const ask = await readHead(line);
    if (ask === undefined) return;
    requests.push(ask);
    row.serve(line, ask, { ...images, connection });
  };
  const server = listen(row.plain === true ? undefined : dress, (line) => void greet(line));
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      open.delete(socket);
      if (open.size === 0) server.emit('drained');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  if (row.absent === true) await new Promise((resolve) => server.close(resolve));
  return {
    url: `${dress === undefined ? 'http' : 'https'}://127.0.0.1:${port}/upgrade`,
    client: dress?.client ?? {},
    requests,
    connections: () => connections,
    drained: async () => {
      if (open.size > 0) await once(server, 'drained');
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(dress: Dress | undefined, greet: (line: Socket) => void): Server {
  if (dress === undefined) return createServer(greet);
  const { identity, clientsOf, onlyVersion } = dress.server;
  const server = createTlsServer(
    {
      cert: identity.cert,
      key: identity.key,
      ...(clientsOf === undefined ? {} : { requestCert: true, rejectUnauthorized: true, ca: clientsOf }),
      // OpenSSL 3 speaks TLS 1.1 only at its lowest security level.
      ...(onlyVersion === undefined
        ? {}
        : { minVersion: onlyVersion, maxVersion: onlyVersion, ciphers: 'DEFAULT@SECLEVEL=0' }),
    },
    greet,
  );
  server.on('tlsClientError', () => undefined);
  return server;
}
