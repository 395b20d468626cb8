import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { makeCertificate } from '@libfota2/testkit';
import type { Limits } from '../src/http/door.ts';
import { createListener, type Listener, type Route } from '../src/http/listener.ts';
import type { Refused } from '../src/http/refused.ts';
import { connectTo, type Place } from './raw.ts';

const LIMITS: Limits = {
  headBytes: 1_024,
  bodyBytes: 1_000,
  headTimeoutMs: 10_000,
  idleTimeoutMs: 10_000,
  maxConnections: 100,
  maxConnectionsPerAddress: 0,
  retryAfterMs: 30_000,
};

const SHOWN = makeCertificate({ name: 'listener', host: '127.0.0.1' });

/** A listener in front of one answer, and what it told. */
export interface Scene {
  readonly port: Place;
  readonly listener: Listener;
  /** What listens. */
  readonly server: Server;
  readonly refused: readonly Refused[];
  readonly problems: readonly unknown[];
}

/** What makes listeners, plain or over TLS, and clients that go with the test. */
export function listening(
  onTestFinished: (clean: () => Promise<void>) => void,
  isSecure = false,
): {
  scene(route: Route | Route['answer'], limits?: Partial<Limits>): Promise<Scene>;
  /** A client that is connected, and has sent what it is told. */
  client(port: Place, sends?: string): Promise<Socket>;
} {
  return {
    async scene(route, limits = {}) {
      const refused: Refused[] = [];
      const problems: unknown[] = [];
      const listener = createListener(
        typeof route === 'function' ? { answer: route } : route,
        { ...LIMITS, ...limits },
        (problem) => problems.push(problem),
        (one) => refused.push(one),
      );
      const secure = isSecure ? listener.secured(false) : undefined;
      secure?.use({ ...SHOWN, passphrase: undefined, clientCa: undefined });
      const server = secure?.server ?? listener.server;
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => listener.close(0));
      const { port } = server.address() as AddressInfo;
      return { port: isSecure ? { tls: port } : port, listener, server, refused, problems };
    },

    async client(port, sends = '') {
      let ready = (): void => undefined;
      const isReady = new Promise<void>((resolve) => {
        ready = resolve;
      });
      const socket = connectTo(port, ready);
      socket.on('error', () => undefined);
      onTestFinished(async () => void socket.destroy());
      await isReady;
      if (sends !== '') await new Promise((sent) => socket.write(sends, sent));
      return socket;
    },
  };
}

/** All that comes until the other side has said all. */
export async function all(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

export function openConnections({ server }: Scene): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}
