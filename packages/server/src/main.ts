/** The composition root: the only place that knows which adapters the use cases work with. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { translate } from './adapters/disk/errors.ts';
import { openDiskPackages } from './adapters/disk/packages.ts';
import { lockFolder } from './adapters/sqlite/lock.ts';
import { openSqliteStore } from './adapters/sqlite/store.ts';
import type { Project, Release } from './domain/catalogue.ts';
import { FotaServerError } from './domain/errors.ts';
import { libfota2Route } from './http/device/libfota2.ts';
import { createListener } from './http/listener.ts';
import { type ServerOptions, settingsOf } from './options.ts';
import type { CheckIn } from './ports.ts';
import { openCatalogue } from './usecases/catalogue.ts';
import { createCheckIns } from './usecases/check-in.ts';

/** What `publish` takes. */
export interface PublishOptions {
  readonly projectKey: string;
  /** 1 to 128 printable characters; what devices send as `firmware_name`. */
  readonly firmwareName: string;
  /** One to six numbers with dots between them, as devices send it. */
  readonly version: string;
  /** The path of the package, or its bytes. */
  readonly package: string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** A running server. */
export interface FotaServer {
  /** Scheme, host and port, for clients on this machine. */
  readonly url: string;
  readonly port: number;
  /** Absolute path. */
  readonly dataDir: string;
  projects(): Promise<readonly Project[]>;
  releases(): Promise<readonly Release[]>;
  /**
   * Creates a project; without a `key` of 32 letters and digits one is made.
   * @throws FotaServerError `name-invalid`, `key-invalid`, `project-exists`, `disk-full`, `data-dir-unusable`, `closed`
   */
  createProject(name: string, key?: string): Promise<Project>;
  /**
   * Publishes a release; durable once resolved. Publishing the same bytes as the same version again changes nothing.
   * @throws FotaServerError `project-unknown`, `name-invalid`, `version-invalid`, `release-exists`, `package-empty`,
   *   `package-unreadable`, `disk-full`, `data-dir-unusable`, `closed`
   */
  publish(options: PublishOptions): Promise<Release>;
  /** The newest `limit` check-ins, newest first. At most the last 100 000 are kept. */
  log(limit: number): Promise<readonly CheckIn[]>;
  /** Takes no more connections, lets answers under way end within the grace time, and gives the data folder free. */
  close(): Promise<void>;
}

/**
 * Starts an upgrade server on a data folder.
 * @throws FotaServerError `option-invalid`, `data-dir-locked`, `data-dir-unusable`, `disk-full`, `database-damaged`,
 *   `database-newer`, `port-in-use`, `listen-failed`
 */
export async function startServer(options: ServerOptions): Promise<FotaServer> {
  const settings = settingsOf(options);
  const dataDir = resolve(settings.dataDir);
  const closers: Array<() => unknown> = [];
  const unwind = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    await mkdir(dataDir, { recursive: true }).catch((error) => {
      throw translate(dataDir, error);
    });
    // Beside the lock, not in it: nobody but SQLite may open that file.
    const notice = join(dataDir, 'server.json');
    const lock = await lockFolder(join(dataDir, 'lock.db')).catch(async (error) => {
      throw await namingHolder(error, dataDir, notice);
    });
    closers.push(() => lock.close());
    await rm(notice, { force: true });

    const store = await openSqliteStore(join(dataDir, 'fota.db'));
    closers.push(() => store.close());
    const packages = await openDiskPackages(join(dataDir, 'packages'));
    const now = Date.now;
    const newKey = (): string => randomBytes(16).toString('hex');
    const catalogue = await openCatalogue({ store: store.catalogue, packages, now, newKey });
    const writing = tracked();
    closers.push(() => writing.settle(settings.graceMs));

    const { onCheckIn, onProblem } = settings;
    const checkIns = createCheckIns({ plan: catalogue.plan, devices: store.devices, now, onCheckIn });
    const route = libfota2Route({ checkIns, open: packages.open });
    const listener = createListener(route, settings.limits, onProblem);
    const port = await listen(listener.server, settings.host, settings.port);
    closers.push(() => listener.close(settings.graceMs));
    const url = `http://${addressOf(settings.host)}:${port}`;
    closers.push(() => rm(notice, { force: true }));
    await writeFile(notice, `${JSON.stringify({ url, pid: process.pid })}\n`).catch((error) => {
      throw translate(notice, error);
    });

    let closed: Promise<void> | undefined;
    return {
      url,
      port,
      dataDir,
      projects: () => catalogue.projects(),
      releases: () => catalogue.releases(),
      createProject: (name, key) => writing.run(() => catalogue.createProject(name, key)),
      publish: ({ package: source, ...release }) =>
        writing.run(() =>
          catalogue.publish({ ...release, bytes: typeof source === 'string' ? fileBytes(source) : source }),
        ),
      log: (limit) => store.devices.log(limit),
      close: () => {
        writing.refuse();
        closed ??= unwind();
        return closed;
      },
    };
  } catch (error) {
    await unwind();
    throw error;
  }
}

async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path);
  } catch (error) {
    throw new FotaServerError('package-unreadable', `${path}: ${(error as Error).message}`, error);
  }
}

/** Resolves to the port. @throws FotaServerError `port-in-use`, `listen-failed` */
function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new FotaServerError('port-in-use', `port ${port} of ${host} is in use`, error)
          : new FotaServerError('listen-failed', `cannot listen on ${host}:${port}: ${error.message}`, error),
      );
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

/** The host part of a URL that reaches the server from this machine. */
function addressOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

/** A lock error that says who holds the folder, if the holder has said so. */
async function namingHolder(error: unknown, dataDir: string, notice: string): Promise<unknown> {
  if (!(error instanceof FotaServerError) || error.code !== 'data-dir-locked') return error;
  const text = await readFile(notice, 'utf8').catch(() => '');
  const [, url, pid] = /^\{"url":"([^"]+)","pid":(\d+)\}$/.exec(text.trim()) ?? [];
  const holder = url === undefined ? 'a server that is starting or ending' : `the server at ${url} (process ${pid})`;
  return new FotaServerError('data-dir-locked', `${dataDir} is in use by ${holder}`, error);
}

/** Work that must end before the database closes. */
function tracked(): {
  run<T>(work: () => Promise<T>): Promise<T>;
  refuse(): void;
  settle(graceMs: number): Promise<unknown>;
} {
  const running = new Set<Promise<unknown>>();
  let refusing = false;
  return {
    async run(work) {
      if (refusing) throw new FotaServerError('closed', 'the server is closing or closed');
      const result = work();
      running.add(result);
      return result.finally(() => running.delete(result));
    },
    refuse() {
      refusing = true;
    },
    settle(graceMs) {
      let timer: NodeJS.Timeout | undefined;
      const grace = new Promise((resolve) => {
        timer = setTimeout(resolve, graceMs);
      });
      return Promise.race([Promise.allSettled(running), grace]).finally(() => clearTimeout(timer));
    },
  };
}
