import type { Socket } from 'node:net';
import { createServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { Credentials } from '../ports/certificates.ts';

/** A TLS server whose connections become those of somebody else. */
export interface Secure {
  readonly server: TlsServer;
  /** From now on new connections are shown these; those there are go on with theirs. */
  use(credentials: Credentials): void;
}

export interface SecureOptions {
  /** Whether clients must have a certificate; who signs those, say the credentials. */
  readonly asksClients: boolean;
  /** As OpenSSL writes them; `undefined`: those that Node takes. */
  readonly ciphers: string | undefined;
  /** Milliseconds. */
  readonly handshakeTimeout: number;
}

/** What is told of a connection on its way. */
interface Way {
  /** It was opened; false: let it go. */
  greets(raw: Socket): boolean;
  /** It is secured: what comes now is its client's. */
  goesOn(raw: Socket, secured: TLSSocket): void;
  /** It is not, and why, as far as OpenSSL says; it is being closed. */
  fails(raw: Socket, reason: string): void;
}

/**
 * TLS from 1.2 on (luatos.md L22), for HTTP/1.1. Where clients need certificates, only those that have one come so far.
 *
 * Node tells neither of a secured connection which raw one it was, nor the other way round; both have the same four
 * numbers, which no other open connection has.
 */
export function createSecure({ asksClients, ciphers, handshakeTimeout }: SecureOptions, way: Way): Secure {
  const server = createServer({
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout,
    requestCert: asksClients,
  });
  const shaking = new Map<string, Socket>();
  const handshakes = server.listeners('connection') as ((this: TlsServer, raw: Socket) => void)[];

  const settled = (secured: TLSSocket): Socket | undefined => {
    const name = nameOf(secured);
    const raw = shaking.get(name);
    shaking.delete(name);
    return raw;
  };
  server.removeAllListeners('connection');
  server.on('connection', (raw: Socket) => {
    if (!way.greets(raw)) return;
    const name = nameOf(raw);
    shaking.set(name, raw);
    raw.once('close', () => {
      if (shaking.get(name) === raw) shaking.delete(name);
    });
    for (const shake of handshakes) shake.call(server, raw);
  });
  server.on('secureConnection', (secured) => {
    const raw = settled(secured);
    // It went in the moment in which it was secured.
    if (raw === undefined) return void secured.destroy();
    // Not before: who ends in the midst of being secured has nothing to wait for.
    secured.allowHalfOpen = true;
    way.goesOn(raw, secured);
  });
  server.on('tlsClientError', (error: Error & { readonly reason?: string; readonly code?: string }, secured) => {
    const raw = settled(secured);
    if (raw !== undefined) way.fails(raw, error.reason ?? error.code ?? error.message);
  });
  return {
    server,
    use({ cert, key, passphrase, clientCa }) {
      server.setSecureContext({ minVersion: 'TLSv1.2', ciphers, cert, key, passphrase, ca: clientCa });
    },
  };
}

function nameOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ');
}
