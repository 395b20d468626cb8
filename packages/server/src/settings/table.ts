/**
 * Every setting of the server, once: what it is called, what it may be, what it is without, what it does. Options of
 * `fota serve`, variables, the configuration file, its check, docs/operations.md and the checks of `startServer` are made
 * of it, so that a new setting is a line here and one in `ServerOptions`.
 */
import { isIP } from 'node:net';
import { PLAIN_PREFIX } from '@libfota2/protocol';
import type { ServerOptions } from '../options.ts';
import { bytes, count, duration, flag, type Kind, list, path, text } from './kinds.ts';

/** One setting. Its `name` stands in the file; behind `--` it is the option, in capitals behind `FOTA_` the variable. */
export interface Setting<T = unknown> {
  readonly name: string;
  readonly kind: Kind<T>;
  /** What it is where nobody says; `undefined`: nothing. */
  readonly orElse: T | undefined;
  /** The same for `startServer`, where a program wants another than a person at a terminal. */
  readonly bare?: T | undefined;
  /** `startServer` does not do without, in its group. */
  readonly isNeeded?: true;
  /** Another setting without which this one means nothing. */
  readonly needs?: string;
  readonly group: Group;
  /** What it does, in half a sentence; of one that is true where nobody says, what it does when it is false. */
  readonly says: string;
}

/** The headings under which settings are told. */
export type Group = 'Devices' | 'Operators' | 'Running' | 'Limits';

/** The dotted paths of what an object of options holds, but for functions. */
type PathsOf<T, Before extends string = ''> = {
  [Key in keyof T & string]-?: NonNullable<T[Key]> extends (...args: never[]) => unknown
    ? never
    : NonNullable<T[Key]> extends object
      ? NonNullable<T[Key]> extends readonly unknown[]
        ? `${Before}${Key}`
        : PathsOf<NonNullable<T[Key]>, `${Before}${Key}.`>
      : `${Before}${Key}`;
}[keyof T & string];

type At<T, Path extends string> = Path extends `${infer Key}.${infer Rest}`
  ? At<NonNullable<T[Key & keyof T]>, Rest>
  : NonNullable<T[Path & keyof T]>;

/** `devices: false` is for commands that work on a data folder in their own process, not for a server. */
type OptionPath = Exclude<PathsOf<ServerOptions>, 'devices'>;

const [MANY, LONG, LARGE] = [2 ** 31 - 1, 24 * 86_400_000, 1024 ** 4];
const host = text('host', 'an address or a name');
const port = count(0, 65_535);
const devicePath = text(
  'path',
  `a path that begins with /, not with ${PLAIN_PREFIX}, and has neither query nor comma`,
  new RegExp(`^(?!${PLAIN_PREFIX})/[^?#,\\s]*$`),
);

const publicUrl = text(
  'url',
  'http:// or https:// with a host, and perhaps a port and a path, but no query',
  /^https?:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:\/[^?#\s]*)?$/i,
);

/** By its path in `ServerOptions`. The compiler misses none, and no type. */
export const OPTIONS: { readonly [Path in OptionPath]: Setting<At<ServerOptions, Path>> } = {
  dataDir: {
    ...is('data', path('dir'), 'fota-data', 'Running', 'database and packages; not in a file that lies in there'),
    isNeeded: true,
  },
  host: is('host', host, '127.0.0.1', 'Devices', 'where devices ask; 0.0.0.0 lets the network in'),
  port: { ...is('port', port, 8_266, 'Devices', 'for devices; 0: any free one'), bare: 0 },
  paths: is('path', list(devicePath), ['/upgrade'], 'Devices', "where LuatOS devices ask besides the platform's path"),
  publicUrl: is(
    'public-url',
    publicUrl,
    undefined,
    'Devices',
    'where devices reach it, for answers that tell an address; without it, as each device asked',
  ),
  http: { ...is('http', flag, true, 'Devices', 'devices are answered over TLS only'), needs: 'tls-cert' },
  'tls.port': {
    ...is('tls-port', port, 8_268, 'Devices', 'for devices over TLS; 0: any free one'),
    bare: 0,
    needs: 'tls-cert',
  },
  'tls.cert': pem('tls-cert', 'Devices', 'certificate and chain, PEM: devices are answered over TLS too', 'tls-key'),
  'tls.key': pem('tls-key', 'Devices', 'its key, PEM', 'tls-cert'),
  'tls.passphraseFile': file('tls-passphrase-file', 'Devices', 'holds the passphrase of the key', 'tls-cert'),
  'tls.clientCa': file('tls-client-ca', 'Devices', 'only devices with a certificate of these authorities', 'tls-cert'),
  'admin.host': is('admin-host', host, '127.0.0.1', 'Operators', 'where --server of other machines comes in'),
  'admin.port': { ...is('admin-port', port, 8_267, 'Operators', 'for that; 0: any free one'), bare: 0 },
  'admin.tls.cert': pem('admin-tls-cert', 'Operators', 'certificate and chain, PEM: over TLS only', 'admin-tls-key'),
  'admin.tls.key': pem('admin-tls-key', 'Operators', 'its key, PEM', 'admin-tls-cert'),
  'admin.tls.passphraseFile': file(
    'admin-tls-passphrase-file',
    'Operators',
    'holds the passphrase of the key',
    'admin-tls-cert',
  ),
  trustedProxies: is(
    'trusted-proxies',
    list(text('address', 'an address or a network such as 10.0.0.0/8', isNetwork)),
    [],
    'Running',
    'believe what these say of their clients in X-Forwarded-For or Forwarded',
  ),
  graceMs: is('grace', duration(0, LONG), 10_000, 'Running', 'that downloads under way have to end at Ctrl-C'),
  deliveriesPerDay: limit('deliveries-per-day', count(1, MANY), 6, 'of one package to a device that keeps its version'),
  settleMs: limit('settle', duration(0, LONG), 60_000, 'after a package until an old version means that it failed'),
  maxDownloads: limit('max-downloads', count(0, MANY), 0, 'of packages at once; 0: no limit'),
  bytesPerHour: limit('bytes-per-hour', bytes(0, LARGE), 0, 'of packages within an hour; 0: no limit'),
  bytesPerDevicePerDay: limit(
    'bytes-per-device-per-day',
    bytes(0, LARGE),
    0,
    'of packages to one device within a day; 0: no limit',
  ),
  maxDevices: limit('max-devices', count(0, MANY), 1_000_000, 'that are remembered; further ones are refused'),
  cacheBytes: limit('cache-bytes', bytes(0, LARGE), 64 * 1024 ** 2, 'of packages that are kept in memory'),
  maxPackageBytes: limit('max-package-bytes', bytes(0, LARGE), 2 * 1024 ** 3, 'that an uploaded package may have'),
  'limits.headBytes': limit('head-bytes', bytes(256, 1024 ** 2), 8_192, "of a request's line and headers"),
  'limits.bodyBytes': limit('body-bytes', bytes(0, 1024 ** 3), 65_536, "of a request's body"),
  'limits.headTimeoutMs': limit('head-timeout', duration(1, LONG), 20_000, "until a request's head must be there"),
  'limits.idleTimeoutMs': limit(
    'idle-timeout',
    duration(1, LONG),
    120_000,
    'without a byte until a connection is dropped',
  ),
  'limits.maxConnections': limit('max-connections', count(1, MANY), 10_000, 'of devices, open at a time'),
  'limits.maxConnectionsPerAddress': limit(
    'max-connections-per-address',
    count(0, MANY),
    0,
    '0: no limit, for whole fleets sit behind one address',
  ),
  'limits.retryAfterMs': limit(
    'retry-after',
    duration(1_000, LONG),
    30_000,
    'to twice that, until whoever meets a busy server is asked to come back',
  ),
};

/** What only `fota serve` knows. */
export const OWN: { readonly [Name in 'admin' | 'quiet']: Setting<boolean> } = {
  admin: is(
    'admin',
    flag,
    true,
    'Operators',
    'only commands on this machine come in, by the socket in the data folder',
  ),
  quiet: is('quiet', flag, false, 'Running', 'do not show who asks'),
};

/** All of them, in the order in which they are told. */
export const SETTINGS: readonly Setting[] = (['Devices', 'Operators', 'Running', 'Limits'] satisfies Group[]).flatMap(
  (group) => [...Object.values(OWN), ...Object.values<Setting>(OPTIONS)].filter((one) => one.group === group),
);

function is<T>(name: string, kind: Kind<T>, orElse: T | undefined, group: Group, says: string): Setting<T> {
  return { name, kind, orElse, group, says };
}

/** A file that there is only where another setting is, too. */
function file(name: string, group: Group, says: string, needs: string): Setting<string> {
  return { ...is(name, path('file'), undefined, group, says), needs };
}

function pem(name: string, group: Group, says: string, needs: string): Setting<string> {
  return { ...file(name, group, says, needs), isNeeded: true };
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/');
  const bits = { 4: 32, 6: 128 }[isIP(address)];
  const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (bits ?? -1));
  return bits !== undefined && isPrefix && more.length === 0 && !address.includes('%');
}

function limit(name: string, kind: Kind<number>, orElse: number, says: string): Setting<number> {
  return is(name, kind, orElse, 'Limits', says);
}
