import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Limits } from '../src/http/door.ts';
import { createListener, type Listener, type Route } from '../src/http/listener.ts';
import type { Refused } from '../src/http/refused.ts';

const LIMITS: Limits = {
  headBytes: 1_024,
  bodyBytes: 1_000,
  headTimeoutMs: 10_000,
  idleTimeoutMs: 10_000,
  maxConnections: 100,
  maxConnectionsPerAddress: 0,
  retryAfterMs: 30_000,
};

/** A listener in front of one answer, and what it told. */
export interface Scene {
  readonly port: number;
  readonly listener: Listener;
  readonly refused: readonly Refused[];
  readonly problems: readonly unknown[];
}

/** What makes listeners and clients that go with the test. */
export function listening(onTestFinished: (clean: () => Promise<void>) => void): {
  scene(route: Route | Route['answer'], limits?: Partial<Limits>): Promise<Scene>;
  /** A client that is connected, and has sent what it is told. */
  client(port: number, sends?: string): Promise<Socket>;
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
      listener.server.listen(0, '127.0.0.1');
      await once(listener.server, 'listening');
      onTestFinished(() => listener.close(0));
      return { port: (listener.server.address() as AddressInfo).port, listener, refused, problems };
    },

    async client(port, sends = '') {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => undefined);
      onTestFinished(async () => void socket.destroy());
      await once(socket, 'connect');
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

export function openConnections(listener: Listener): Promise<number> {
  return new Promise((resolve) => listener.server.getConnections((_error, count) => resolve(count)));
}
