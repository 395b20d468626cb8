import { PLAIN_PREFIX } from '@libfota2/protocol';
import { FotaServerError } from './domain/errors.ts';
import type { Limits } from './http/door.ts';
import type { CheckIn } from './usecases/check-in.ts';

/** A request that no device protocol knows. */
export interface LostRequest {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The HTTP status that was answered; 0: none. */
  readonly status: number;
  /** Why, from where, and how it began; printable, without project keys. */
  readonly detail: string;
}

/** What `startServer` takes. */
export interface ServerOptions {
  /** The folder of the database and the packages; made where it does not exist. One server at a time works on it. */
  readonly dataDir: string;
  /** Whether devices are answered. Default true. */
  readonly devices?: boolean | undefined;
  /** The address to listen on for devices. Default `127.0.0.1`: this machine only. `0.0.0.0` lets the network in. */
  readonly host?: string | undefined;
  /** 0 to 65535. Default 0: any free port. */
  readonly port?: number | undefined;
  /** Paths besides the platform's at which devices of LuatOS and libfota2 are answered. Default `/upgrade`. */
  readonly paths?: readonly string[] | undefined;
  /** Where the admin API listens; without it, only on a socket in the data folder. */
  readonly admin?: { readonly host?: string | undefined; readonly port?: number | undefined } | undefined;
  /** Milliseconds that answers under way have to end once the server closes. Default 10 000. */
  readonly graceMs?: number | undefined;
  /** Deliveries of one package within a day to a device that keeps its version, after which it is held. Default 6. */
  readonly deliveriesPerDay?: number | undefined;
  /** Devices that are remembered; further ones are refused. Default 1 000 000. */
  readonly maxDevices?: number | undefined;
  /** Bytes of packages that are kept in memory; 0: none. Default 64 MiB. */
  readonly cacheBytes?: number | undefined;
  /** Bytes that an uploaded package may have. Default 2 GiB. */
  readonly maxPackageBytes?: number | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** Told of each question and its answer; must not throw. */
  readonly onCheckIn?: ((checkIn: CheckIn) => void) | undefined;
  /** Told of requests that were not understood, or asked at the wrong place: of each kind once a minute; must not throw. */
  readonly onLost?: ((lost: LostRequest) => void) | undefined;
  /** Told of what went wrong inside. Default: a warning of the process. */
  readonly onProblem?: ((problem: unknown) => void) | undefined;
}

export type Settings = {
  readonly [Name in Exclude<keyof ServerOptions, 'paths' | 'limits' | 'admin'>]-?: NonNullable<ServerOptions[Name]>;
} & {
  /** As configured. */
  readonly paths: readonly string[];
  readonly limits: Limits;
  /** `undefined`: no port. */
  readonly admin: { readonly host: string; readonly port: number } | undefined;
};

const DEFAULT_LIMITS: Limits = {
  headBytes: 8_192,
  bodyBytes: 65_536,
  headTimeoutMs: 20_000,
  idleTimeoutMs: 120_000,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 0,
};

/** The options with their defaults. @throws FotaServerError `option-invalid` */
export function settingsOf(options: ServerOptions): Settings {
  const { dataDir, devices = true, host = '127.0.0.1', port = 0, graceMs = 10_000 } = options;
  const { deliveriesPerDay = 6, maxDevices = 1_000_000, cacheBytes = 64 * 1024 ** 2 } = options;
  const { maxPackageBytes = 2 * 1024 ** 3, onCheckIn = () => undefined, onLost = () => undefined } = options;
  const { onProblem = (problem) => process.emitWarning(String(problem)) } = options;
  const given = Object.entries(options.limits ?? {}).filter(([, value]) => value !== undefined);
  const limits: Limits = { ...DEFAULT_LIMITS, ...Object.fromEntries(given) };
  const admin = options.admin && { host: options.admin.host ?? '127.0.0.1', port: options.admin.port ?? 0 };

  if (typeof dataDir !== 'string' || dataDir === '') throw invalid('dataDir', 'the path of a folder', dataDir);
  for (const [name, value] of Object.entries({ host, 'admin.host': admin?.host ?? host })) {
    if (value === '') throw invalid(name, 'an address or a name', value);
  }
  const ports = { port, 'admin.port': admin?.port ?? 0 };
  for (const [name, value] of Object.entries(ports)) checkInteger(name, value, 65_535);
  for (const [name, value] of Object.entries({ deliveriesPerDay, maxConnections: limits.maxConnections })) {
    if (value === 0) throw invalid(name, 'at least 1', value);
  }
  for (const [name, value] of Object.entries({ graceMs, deliveriesPerDay, maxDevices, ...limits })) {
    checkInteger(name, value, 2 ** 31 - 1);
  }
  for (const [name, value] of Object.entries({ cacheBytes, maxPackageBytes })) checkInteger(name, value, 2 ** 52);
  return {
    dataDir,
    devices,
    host,
    port,
    paths: (options.paths ?? ['/upgrade']).map(checkPath),
    admin,
    graceMs,
    deliveriesPerDay,
    maxDevices,
    cacheBytes,
    maxPackageBytes,
    limits,
    onCheckIn,
    onLost,
    onProblem,
  };
}

function checkInteger(name: string, value: number, highest: number): void {
  if (!Number.isInteger(value) || value < 0 || value > highest) {
    throw invalid(name, `an integer from 0 to ${highest}`, value);
  }
}

function checkPath(path: string): string {
  if (/^\/[^?#\s]*$/.test(path) && !path.startsWith(PLAIN_PREFIX)) return path;
  throw invalid('paths', `paths that begin with /, not with ${PLAIN_PREFIX}, and have no query`, path);
}

function invalid(name: string, wanted: string, value: unknown): FotaServerError {
  return new FotaServerError('option-invalid', `${name} must be ${wanted}, not ${JSON.stringify(value)}`);
}
