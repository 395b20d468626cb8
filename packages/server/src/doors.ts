/** The part of the composition root that opens the server to devices and operators. */
import { createRequire } from 'node:module';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { UPGRADE_PATH } from '@libfota2/protocol';
import { certificateFiles } from './adapters/disk/certificates.ts';
import { openSnapshots } from './adapters/sqlite/snapshot.ts';
import { type Application, type Closers, later } from './application.ts';
import { DATABASE_PATH } from './domain/backup.ts';
import { FotaServerError } from './domain/errors.ts';
import { createAdmin } from './http/admin/admin.ts';
import { createAnswering } from './http/device/answering.ts';
import { libfota2Route } from './http/device/libfota2.ts';
import { libfota3Route } from './http/device/libfota3.ts';
import { plainRoute } from './http/device/plain.ts';
import { reportRoute } from './http/device/reports.ts';
import { deviceRoutes } from './http/device/routes.ts';
import { signatureRoute } from './http/device/signatures.ts';
import { createListener } from './http/listener.ts';
import { originOf } from './http/origin.ts';
import { trustedProxies } from './http/proxies.ts';
import type { Settings, TlsOptions } from './options.ts';
import type { Credentials } from './ports/certificates.ts';
import { createBackups } from './usecases/backup.ts';
import { type CertificateKeeper, keepCertificates } from './usecases/certificates.ts';

/** Where devices are answered. */
export interface DeviceDoors {
  /** Where they ask, for clients on this machine; over TLS where they are answered only so. Empty: nowhere. */
  readonly url: string;
  /** Of that; 0: nowhere. */
  readonly port: number;
  /** The same over TLS; `undefined`: not so. */
  readonly tlsUrl: string | undefined;
  /** What is shown there. */
  readonly keeper: CertificateKeeper | undefined;
}

const NOWHERE: DeviceDoors = { url: '', port: 0, tlsUrl: undefined, keeper: undefined };

/** @throws FotaServerError `port-in-use`, `listen-failed`, and those of `keepCertificates` */
export async function serveDevices(application: Application, settings: Settings, doors: Closers): Promise<DeviceDoors> {
  if (!settings.devices) return NOWHERE;
  const { checkIns, serials, reports, signatures, versions, packages, onRefused, onProblem } = application;
  const { host, tls, limits } = settings;
  const proxies = trustedProxies(settings.trustedProxies);
  const publicUrl = settings.publicUrl?.replace(/\/+$/, '');
  const answering = createAnswering({ checkIns, signatures, open: packages.open });
  // As they are configured, and as they arrive.
  const paths = new Set([UPGRADE_PATH, ...settings.paths].flatMap((path) => [path, encodeURI(path)]));
  const protocols = [
    libfota2Route(answering, paths),
    plainRoute(answering),
    reportRoute(reports),
    signatureRoute(signatures),
    libfota3Route({ answering, checkIns, serials, reports, originOf: (request) => publicUrl ?? originOf(request) }),
  ];
  const routes = deviceRoutes(protocols, onRefused, proxies);
  const listener = createListener(routes, limits, onProblem, onRefused, proxies);
  doors.push((graceMs) => listener.close(graceMs));
  // A command that looks into a folder for a moment counts nothing.
  versions.start();
  if (tls === undefined) {
    const port = await listen(listener.server, host, settings.port);
    return { url: `http://${addressOf(host)}:${port}`, port, tlsUrl: undefined, keeper: undefined };
  }
  const secure = listener.secured(tls.clientCa !== undefined);
  // Before anything listens: where the certificate is wrong, no device finds an open door that closes again.
  const keeper = await kept(tls, secure.use, onProblem, doors);
  const port = settings.http ? await listen(listener.server, host, settings.port) : 0;
  const tlsPort = await listen(secure.server, host, tls.port);
  const tlsUrl = `https://${addressOf(host)}:${tlsPort}`;
  return settings.http
    ? { url: `http://${addressOf(host)}:${port}`, port, tlsUrl, keeper }
    : { url: tlsUrl, port: tlsPort, tlsUrl, keeper };
}

/** Where operators come in. */
export interface OperatorDoors {
  /** For clients on this machine; `undefined`: over no network. */
  readonly adminUrl: string | undefined;
  readonly socket: string;
  readonly keeper: CertificateKeeper | undefined;
}

/** @throws FotaServerError `port-in-use`, `listen-failed`, and those of `keepCertificates` */
export async function serveOperators(
  application: Application,
  settings: Settings,
  dataDir: string,
  devices: DeviceDoors,
  doors: Closers,
): Promise<OperatorDoors> {
  const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string };
  const startedAt = Date.now();
  let adminUrl: string | undefined;
  let keeper: CertificateKeeper | undefined;
  const answers = devices.url !== '';
  const facts = () => ({
    version,
    startedAt,
    dataDir,
    deviceUrl: answers ? devices.url : undefined,
    deviceTlsUrl: devices.tlsUrl,
    deviceHost: answers ? settings.host : undefined,
    paths: settings.paths,
    adminUrl,
    certificates: { devices: devices.keeper?.certificate(), admin: keeper?.certificate() },
    expiring: application.expiring(),
    problems: application.problems(),
  });
  const backups = createBackups({
    snapshots: await openSnapshots(join(dataDir, DATABASE_PATH)),
    packages: application.packages,
    now: Date.now,
    version,
    encode: (text) => Buffer.from(text),
  });
  const isSecure = settings.admin?.tls !== undefined;
  const admin = createAdmin({
    ...application,
    backups,
    facts,
    isSecure,
    proxies: trustedProxies(settings.trustedProxies),
  });
  doors.push((graceMs) => admin.close(graceMs));
  if (settings.admin !== undefined) {
    const { host, port, tls } = settings.admin;
    keeper = tls && (await kept(tls, admin.use, application.onProblem, doors));
    adminUrl = `http${isSecure ? 's' : ''}://${addressOf(host)}:${await listen(admin.server, host, port)}`;
  }
  return { adminUrl, socket: await admin.listenLocally(dataDir), keeper };
}

async function kept(
  paths: TlsOptions,
  use: (credentials: Credentials) => void,
  onProblem: (problem: unknown) => void,
  doors: Closers,
): Promise<CertificateKeeper> {
  const keeper = await keepCertificates({ files: certificateFiles(paths), use, now: Date.now, later, onProblem });
  doors.push(keeper.close);
  return keeper;
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
    // Held by the system while this process is busy: a whole fleet may ask in the same second.
    const backlog = 4_096;
    server.listen({ port, host, backlog }, () => resolve((server.address() as AddressInfo).port));
  });
}

/** The host part of a URL that reaches the server from this machine. */
function addressOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
