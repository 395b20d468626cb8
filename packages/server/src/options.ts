import { FotaServerError } from './domain/errors.ts';
import type { StoredEvent } from './domain/event.ts';
import type { Limits } from './http/door.ts';
import { OPTIONS, type Setting } from './settings/table.ts';
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
  /**
   * Scheme, host and port, and perhaps the beginning of a path, at which devices reach this server: for answers that tell an
   * address. Default: as each device named the host when it asked.
   */
  readonly publicUrl?: string | undefined;
  /** Whether devices are answered at `port`, without TLS. Default true; false takes `tls`. */
  readonly http?: boolean | undefined;
  /** Answers devices over TLS too, on `host`. */
  readonly tls?: TlsOptions | undefined;
  /** Where the admin API listens; without it, only on a socket in the data folder. With `tls` over TLS only. */
  readonly admin?:
    | {
        readonly host?: string | undefined;
        readonly port?: number | undefined;
        readonly tls?: Omit<TlsOptions, 'port' | 'clientCa'> | undefined;
      }
    | undefined;
  /**
   * Addresses and networks of proxies: what they say of their clients in `X-Forwarded-For` or `Forwarded` is believed, by
   * the limit of connections, the log and the admin side. Default: none.
   */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Milliseconds that answers under way have to end once the server closes. Default 10 000. */
  readonly graceMs?: number | undefined;
  /** Deliveries of one package within a day to a device that keeps its version, after which it is held. Default 6. */
  readonly deliveriesPerDay?: number | undefined;
  /** Milliseconds after the last byte of a package within which an old version says nothing of its installation. Default 60 000. */
  readonly settleMs?: number | undefined;
  /** Packages that are sent at once; 0: no limit. Default 0. */
  readonly maxDownloads?: number | undefined;
  /** Bytes of packages within an hour; 0: no limit. Default 0. */
  readonly bytesPerHour?: number | undefined;
  /** Bytes of packages to one device within a day; 0: no limit. Default 0. */
  readonly bytesPerDevicePerDay?: number | undefined;
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
  /** Told of what happens, once it is durable: of rollouts, attempts, releases, the global stop; must not throw. */
  readonly onEvent?: ((event: StoredEvent) => void) | undefined;
  /** Told of what went wrong inside. Default: a warning of the process. */
  readonly onProblem?: ((problem: unknown) => void) | undefined;
}

/** PEM files. They are looked at every five seconds: what replaces them is used without a restart. */
export interface TlsOptions {
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  /** The certificate, and behind it those between it and an authority. */
  readonly cert: string;
  readonly key: string;
  /** Holds the passphrase of an encrypted key. */
  readonly passphraseFile?: string | undefined;
  /** Authorities: only devices with a certificate of theirs are let in. Default: devices need none. */
  readonly clientCa?: string | undefined;
}

export type Settings = {
  readonly [Name in Exclude<keyof ServerOptions, 'paths' | 'publicUrl' | 'limits' | 'admin' | 'tls'>]-?: NonNullable<
    ServerOptions[Name]
  >;
} & {
  /** As configured. */
  readonly paths: readonly string[];
  /** `undefined`: as each device named the host. */
  readonly publicUrl: string | undefined;
  readonly limits: Limits;
  /** `undefined`: no port. */
  readonly admin: { readonly host: string; readonly port: number; readonly tls?: TlsOptions } | undefined;
  /** `undefined`: none. */
  readonly tls: (TlsOptions & { readonly port: number }) | undefined;
};

/** What is there only where somebody asks for it; its parts have defaults only then. */
const OPTIONAL: ReadonlySet<string> = new Set(['admin', 'admin.tls', 'tls']);

/** The options, checked, with their defaults: both are in the table of settings. @throws FotaServerError `option-invalid` */
export function settingsOf(options: ServerOptions): Settings {
  const { devices = true, onCheckIn = () => undefined, onLost = () => undefined } = options;
  const { onProblem = (problem) => process.emitWarning(String(problem)) } = options;
  const { onEvent = () => undefined } = options;
  const settings: Record<string, unknown> = { devices, onCheckIn, onLost, onEvent, onProblem };
  for (const [path, setting] of Object.entries<Setting>(OPTIONS)) {
    const steps = path.split('.');
    const [group, name = ''] = [steps.slice(0, -1), steps.at(-1)];
    if (OPTIONAL.has(group.join('.')) && partOf(options, group) === undefined) continue;
    const given = partOf(options, steps);
    const value = given === undefined && setting.isNeeded !== true ? defaultOf(setting) : given;
    if (value !== undefined || setting.isNeeded === true) check(path, setting, value);
    roomFor(settings, group)[name] = value;
  }
  if (settings['http'] === false && settings['tls'] === undefined) {
    throw new FotaServerError('option-invalid', 'http may be false only with tls: devices would not be answered');
  }
  return settings as unknown as Settings;
}

function partOf(whole: unknown, path: readonly string[]): unknown {
  return path.reduce((part, name) => (part as Readonly<Record<string, unknown>> | undefined)?.[name], whole);
}

function roomFor(settings: Record<string, unknown>, group: readonly string[]): Record<string, unknown> {
  return group.reduce((part, name) => {
    part[name] ??= {};
    return part[name] as Record<string, unknown>;
  }, settings);
}

function defaultOf(setting: Setting): unknown {
  return 'bare' in setting ? setting.bare : setting.orElse;
}

function check(path: string, { kind }: Setting, value: unknown): void {
  if (kind.is(value)) return;
  throw new FotaServerError('option-invalid', `${path} must be ${kind.wanted}, not ${JSON.stringify(value)}`);
}
