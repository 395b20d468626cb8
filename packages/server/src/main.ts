/** The composition root: the only place that knows which adapters the use cases work with. */
import { createReadStream, existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { translate } from './adapters/disk/errors.ts';
import { makeFolder } from './adapters/disk/folder.ts';
import { makePrivate } from './adapters/disk/private.ts';
import { lockFolder } from './adapters/sqlite/lock.ts';
import { type Closers, openApplication } from './application.ts';
import type { Project } from './domain/catalogue.ts';
import { FotaServerError } from './domain/errors.ts';
import { serveDevices, serveOperators } from './doors.ts';
import { type ServerOptions, settingsOf } from './options.ts';
import { UNFINISHED } from './restore.ts';
import type { NewProject, Operator, Publication, Published } from './usecases/operator.ts';
import type { RolloutDesk } from './usecases/rollout-desk.ts';
import { handOn } from './usecases/telling.ts';

/** What `publish` takes. */
export interface PublishOptions extends Omit<Publication, 'intake'> {
  /** The path of the package, or its bytes. */
  readonly package: string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Default: of a path its last part. */
  readonly fileName?: string | undefined;
}

/** A running server. */
export interface FotaServer {
  /** Where devices ask: scheme, host and port, for clients on this machine. Empty where no devices are answered. */
  readonly url: string;
  /** The same over TLS; `undefined` where they are not answered so. */
  readonly tlsUrl: string | undefined;
  /** Paths at which devices of LuatOS and libfota2 are answered besides the platform's, as configured. */
  readonly paths: readonly string[];
  /** 0 where no devices are answered. */
  readonly port: number;
  /** Where the admin API is, for clients on this machine; `undefined` where it has no port. */
  readonly adminUrl: string | undefined;
  /** The socket, or named pipe, at which this user needs no token. */
  readonly socket: string;
  /** The first token, at the only start at which it is known; `undefined` where there ever was one, and without a port. */
  readonly firstToken: string | undefined;
  /** Absolute path. */
  readonly dataDir: string;
  /** What an operator can do and see. */
  readonly operator: Operator;
  /** The same of rollouts and the global stop. */
  readonly rollouts: RolloutDesk;
  /** The same as the operator's, for a name and a key. */
  createProject(name: string, key?: string, more?: Omit<NewProject, 'name' | 'key'>): Promise<Project>;
  /**
   * Takes a package in and publishes it; durable once resolved. Publishing the same bytes as the same version again
   * changes nothing. @throws FotaServerError as `takeIn` and `publish` of the operator; `package-unreadable`, `closed`
   */
  publish(options: PublishOptions): Promise<Published>;
  /** Reads certificates and keys anew, at once; what cannot be used is told as a problem, and the former ones stay. */
  reload(): Promise<void>;
  /** Takes no more connections, lets answers under way end within the grace time, and gives the data folder free. */
  close(): Promise<void>;
}

/**
 * Starts an upgrade server on a data folder.
 * @throws FotaServerError `option-invalid`, `data-dir-locked`, `data-dir-unusable`, `restore-unfinished`, `disk-full`, `database-damaged`,
 *   `database-newer`, `port-in-use`, `listen-failed`; `tls-file-unreadable`, `tls-certificate-invalid`, `tls-key-invalid`,
 *   `tls-key-mismatch`
 */
export async function startServer(options: ServerOptions): Promise<FotaServer> {
  const settings = settingsOf(options);
  const dataDir = resolve(settings.dataDir);
  const closers: Closers = [];
  // Whatever takes part in it, closing has one grace time.
  const unwind = async (): Promise<void> => {
    const end = performance.now() + settings.graceMs;
    for (const close of closers.splice(0).reverse()) await close(Math.max(0, end - performance.now()));
  };
  try {
    const notice = await takeFolder(dataDir, closers);
    const application = await openApplication(dataDir, settings, closers);
    const { operator, rollouts } = application;
    closers.push(handOn(application.events, settings.onEvent, application.onProblem));
    const doors: Closers = [];
    closers.push((graceMs) => Promise.all(doors.map((close) => close(graceMs))));
    const devices = await serveDevices(application, settings, doors);
    const { url, port, tlsUrl } = devices;
    const operators = await serveOperators(application, settings, dataDir, devices, doors);
    const { adminUrl, socket } = operators;
    // A command that works on the folder for a moment leaves deliveries to the next server.
    if (settings.devices) application.webhooks.start();
    const firstToken = adminUrl === undefined ? undefined : await application.tokens.first();
    closers.push(() => rm(notice, { force: true }));
    const whereabouts = { pid: process.pid, url, admin: adminUrl, socket };
    await writeFile(notice, `${JSON.stringify(whereabouts)}\n`).catch((error) => {
      throw translate(notice, error);
    });

    let closed: Promise<void> | undefined;
    return {
      url,
      tlsUrl,
      paths: settings.paths,
      port,
      adminUrl,
      socket,
      firstToken,
      dataDir,
      operator,
      rollouts,
      createProject: (name, key, more) => operator.createProject({ name, key, ...more }),
      async publish({ package: source, ...publication }) {
        const isPath = typeof source === 'string';
        const fileName = publication.fileName ?? (isPath ? basename(source) : '');
        const intake = await operator.takeIn(isPath ? fileBytes(source) : source, fileName);
        return operator.publish({ ...publication, intake });
      },
      async reload() {
        await Promise.all([devices.keeper?.reload(), operators.keeper?.reload()]);
      },
      close: () => {
        application.refuse();
        closed ??= unwind();
        return closed;
      },
    };
  } catch (error) {
    await unwind();
    throw error;
  }
}

/** Makes the folder and locks it. Resolves to the path of the notice by which others find this server. */
async function takeFolder(dataDir: string, closers: Closers): Promise<string> {
  // It holds what devices are and what tokens hash to: nobody else's to read.
  await makeFolder(dataDir);
  // Beside the lock, not in it: nobody but SQLite may open that file.
  const notice = join(dataDir, 'server.json');
  const locked = join(dataDir, 'lock.db');
  await makePrivate(locked);
  const lock = await lockFolder(locked).catch(async (error) => {
    throw await namingHolder(error, dataDir, notice);
  });
  closers.push(() => lock.close());
  if (existsSync(join(dataDir, UNFINISHED))) {
    throw new FotaServerError('restore-unfinished', `restoring a backup into ${dataDir} did not come to its end`);
  }
  await rm(notice, { force: true });
  return notice;
}

async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path);
  } catch (error) {
    throw new FotaServerError('package-unreadable', `${path}: ${(error as Error).message}`, error);
  }
}

/** A lock error that says who holds the folder, if the holder has said so. */
async function namingHolder(error: unknown, dataDir: string, notice: string): Promise<unknown> {
  if (!(error instanceof FotaServerError) || error.code !== 'data-dir-locked') return error;
  const { url, pid } = await readFile(notice, 'utf8').then(noticeOf, () => noticeOf(''));
  const where = url === '' ? '' : ` at ${url}`;
  const holder = pid === undefined ? 'a server that is starting or ending' : `the server${where} (process ${pid})`;
  return new FotaServerError('data-dir-locked', `${dataDir} is in use by ${holder}`, error);
}

function noticeOf(text: string): { readonly url: string; readonly pid: number | undefined } {
  try {
    const { url, pid } = JSON.parse(text) as { readonly url?: unknown; readonly pid?: unknown };
    return { url: typeof url === 'string' ? url : '', pid: typeof pid === 'number' ? pid : undefined };
  } catch {
    return { url: '', pid: undefined };
  }
}
