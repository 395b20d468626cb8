/**
 * Finds a server: the one that was named, else the one that runs on the data folder, else the same application started in
 * this process for as long as the command takes. Whatever it is, it is spoken to by the same client.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerOptions } from '@libfota2/server';
import { configure, configured, dataOf, type Given, optionsOf } from '../config/configuration.ts';
import { CommandError, EXIT, type Failure } from '../failure.ts';
import type { World } from '../world.ts';
import { type Client, createClient } from './http.ts';

/** What says where the server is; also from FOTA_SERVER, FOTA_TOKEN and FOTA_DATA. */
export interface Whereabouts {
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  readonly data?: string | undefined;
}

export interface Needs {
  /** The data folder may be made. Default: it must be there. */
  readonly mayCreate?: boolean;
  /** A server of this process will not do. Default: it will. */
  readonly running?: boolean;
  /** Requests at a time. Default 1. */
  readonly connections?: number;
}

export interface Connection {
  readonly client: Client;
  /** `false` where this command is the server itself. */
  readonly isRunning: boolean;
  close(): Promise<void>;
}

/** What a running server says of itself in `server.json`. */
interface Notice {
  /** Empty where no devices are answered. */
  readonly url: string;
  readonly pid: number;
  readonly admin?: string;
  readonly socket?: string;
}

const WAIT_MS = 100;
const PATIENCE_MS = 10_000;

/** The folder that the command works on, absolute. @throws CommandError `config-unreadable` */
export function dataFolder(given: Whereabouts, world: Pick<World, 'env' | 'cwd'>): string {
  return dataOf(configure(givenFolder(given), world));
}

function givenFolder({ data }: Whereabouts): Given {
  return { values: new Map(data === undefined ? [] : [['data', data]]) };
}

/** The server that was named. An option weighs more than the environment. */
export function namedServer(given: Whereabouts, { env }: Pick<World, 'env'>): string | undefined {
  if (given.server !== undefined && given.data !== undefined) {
    throw new CommandError('usage', '--server and --data exclude each other', { exitCode: EXIT.usage });
  }
  return given.server ?? (given.data === undefined ? env['FOTA_SERVER'] || undefined : undefined);
}

/** @throws CommandError, and what `startServer` throws where there is none to speak to */
export async function connect(
  given: Whereabouts,
  world: Pick<World, 'env' | 'cwd'>,
  signal: AbortSignal,
  needs: Needs = {},
): Promise<Connection> {
  const { connections } = needs;
  const server = namedServer(given, world);
  if (server !== undefined) {
    const base = baseOf(server, given.server === undefined ? 'FOTA_SERVER' : '--server');
    const token = given.token ?? (world.env['FOTA_TOKEN'] || undefined);
    const name = `the server at ${base}`;
    return reached(createClient({ base, token, name, connections }, signal));
  }
  const dataDir = dataFolder(given, world);
  const running = await runningServer(dataDir, signal, connections);
  if (running !== undefined) return running;
  if (needs.running === true) throw new CommandError('server-needed', `no server runs on ${dataDir}`);
  if (needs.mayCreate !== true && (await stat(dataDir).catch(() => undefined)) === undefined) {
    throw new CommandError('data-dir-missing', `there is no data folder at ${dataDir}`);
  }
  const options = optionsOf(configured(givenFolder(given), world));
  return whenFree(dataDir, signal, () => inProcess(options, signal, connections));
}

/**
 * Waits while another command works on the folder, which is soon over. @throws what `start` throws, at once where a
 * server holds the folder
 */
export async function whenFree<T>(dataDir: string, signal: AbortSignal, start: () => Promise<T>): Promise<T> {
  for (let waited = 0; ; waited += WAIT_MS) {
    try {
      return await start();
    } catch (error) {
      const isLocked = (error as Partial<Failure>).code === 'data-dir-locked';
      if (!isLocked || waited >= PATIENCE_MS || isServing(await readNotice(dataDir))) throw error;
    }
    await sleep(WAIT_MS, undefined, { signal });
  }
}

/** A command that works on the folder answers no devices, and nobody else should rely on it. */
function isServing(notice: Notice | undefined): notice is Notice & { readonly socket: string } {
  return notice?.socket !== undefined && notice.url !== '';
}

/** Speaks to the server that runs on a data folder, if one does. */
export async function runningServer(
  dataDir: string,
  signal?: AbortSignal,
  connections?: number,
): Promise<Connection | undefined> {
  const notice = await readNotice(dataDir);
  if (!isServing(notice)) return undefined;
  const client = overSocket(notice.socket, `the server on ${dataDir}`, signal, connections);
  try {
    // One that was killed leaves its notice and its socket behind.
    await client.get('/status');
    return reached(client);
  } catch (error) {
    await client.close();
    if (error instanceof CommandError && error.code === 'server-unreachable') return undefined;
    throw error;
  }
}

export async function readNotice(dataDir: string): Promise<Notice | undefined> {
  const text = await readFile(join(dataDir, 'server.json'), 'utf8').catch(() => '');
  try {
    return JSON.parse(text) as Notice;
  } catch {
    return undefined;
  }
}

function overSocket(socketPath: string, name: string, signal?: AbortSignal, connections?: number): Client {
  return createClient({ base: 'http://localhost', socketPath, name, connections }, signal);
}

function reached(client: Client): Connection {
  return { client, isRunning: true, close: () => client.close() };
}

function baseOf(server: string, where: string): string {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) {
    return url.origin + url.pathname.replace(/\/$/, '');
  }
  throw new CommandError('usage', `${where} takes a URL such as http://127.0.0.1:8267, not "${server}"`, {
    exitCode: EXIT.usage,
  });
}

/** Starts the application for as long as the command takes: no devices, no port, only the socket in the data folder. */
async function inProcess(
  options: ServerOptions,
  signal: AbortSignal,
  connections: number | undefined,
): Promise<Connection> {
  const { startServer } = await import('@libfota2/server');
  const server = await startServer({ ...options, devices: false, admin: undefined, graceMs: 2_000 });
  const client = overSocket(server.socket, `the data folder ${options.dataDir}`, signal, connections);
  return {
    client,
    isRunning: false,
    async close() {
      await client.close();
      await server.close();
    },
  };
}
