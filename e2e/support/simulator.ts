import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '@libfota2/server';
import { createFile, type Run, type SimulateOptions, simulate } from '@libfota2/simulator';

/** Of a project whose name, like its firmwares', needs encoding that no device does (luatos.md L12). */
export const PROJECT = '测试 项目';
export const KEY: string = 'Vn7jF7r23yswjfwMa7ZuMsdnuuUC9wC3';

/** An upgrade server with one project, on a folder of its own. */
export interface Station {
  readonly port: number;
  publish(firmwareName: string, version: string, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export async function startStation(): Promise<Station> {
  const dataDir = await mkdtemp(join(tmpdir(), 'fota simulator '));
  const server = await startServer({ dataDir, graceMs: 2_000 });
  await server.createProject(PROJECT, KEY);
  return {
    port: Number(new URL(server.url).port),
    publish: async (firmwareName, version, bytes) => {
      await server.publish({ project: PROJECT, firmwareName, version, package: [bytes] });
    },
    close: async () => {
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** What a device did and has, and whether only its own timer ended it. */
export interface Upgraded extends Run {
  readonly file: Buffer;
  readonly byTimer: boolean;
}

/** One run of a device whose timer strikes as soon as the device waits for nothing else. */
export async function upgrade(options: Omit<SimulateOptions, 'sink' | 'timers' | 'onWait'>): Promise<Upgraded> {
  const file = createFile();
  let strike = (): void => undefined;
  let byTimer = false;
  const run = await simulate({
    ...options,
    sink: file,
    timers: {
      after: (_ms, work) => {
        strike = work;
        return { cancel: () => undefined };
      },
    },
    onWait: (until) => {
      if (until !== 'timer') return;
      byTimer = true;
      strike();
    },
  });
  return { ...run, file: file.contents(), byTimer };
}

/** Lets connections through to a port of the loopback, each once `before` has been told its number and is done. */
export async function startGate(
  toPort: number,
  before: (connection: number) => Promise<void> | undefined,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer({ pauseOnConnect: true }, async (client) => {
    const own = (socket: Socket): Socket => {
      open.add(socket);
      return socket.on('error', () => undefined).on('close', () => open.delete(socket));
    };
    own(client);
    connections += 1;
    await before(connections);
    const upstream = own(connect(toPort, '127.0.0.1'));
    client.pipe(upstream);
    upstream.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
