import { once } from 'node:events';
import type { CheckIn, FotaServer, LostRequest, ServerOptions } from '@libfota2/server';
import { type Command, Option } from 'commander';
import { devicePath, outwardUrls } from '../client/addresses.ts';
import { dataFolder, type Whereabouts, whenFree } from '../client/connect.ts';
import { failureOf } from '../failure.ts';
import type { Out } from '../output/out.ts';
import { bold, cyan, red, span, type Text } from '../output/text.ts';
import { clockTime } from '../output/words.ts';
import { examples, type Invocation, integer, jsonOption } from './command.ts';

interface Options extends Whereabouts {
  readonly host: string;
  readonly port: number;
  readonly adminHost: string;
  readonly adminPort: number;
  readonly admin: boolean;
  readonly path?: readonly string[];
  readonly grace: number;
  readonly quiet?: boolean;
  readonly deliveriesPerDay?: number;
  readonly maxDevices?: number;
  readonly cacheBytes?: number;
  readonly maxPackageBytes?: number;
  readonly headBytes?: number;
  readonly bodyBytes?: number;
  readonly headTimeout?: number;
  readonly idleTimeout?: number;
  readonly maxConnections?: number;
  readonly maxConnectionsPerAddress?: number;
}

export const DEVICE_PORT = 8266;
export const ADMIN_PORT = 8267;

const NUMBER = integer(0, 2 ** 31 - 1);
const BYTES = integer(0, 2 ** 52);
const LIMITS: ReadonlyArray<readonly [flags: string, what: string, parse: (text: string) => number]> = [
  ['--deliveries-per-day <n>', 'of one package, whole, to a device that keeps its version (6)', NUMBER],
  ['--max-devices <n>', 'that are remembered (1000000)', NUMBER],
  ['--cache-bytes <n>', 'of packages in memory (64 MiB)', BYTES],
  ['--max-package-bytes <n>', 'that an upload may have (2 GiB)', BYTES],
  ['--head-bytes <n>', "of a request's line and headers (8192)", NUMBER],
  ['--body-bytes <n>', "of a request's body, which is dropped (65536)", NUMBER],
  ['--head-timeout <seconds>', "until a request's head must be there (20)", integer(1, 86_400)],
  ['--idle-timeout <seconds>', 'without a byte until a connection is dropped (120)', integer(1, 86_400)],
  ['--max-connections <n>', 'open at a time (10000)', NUMBER],
  ['--max-connections-per-address <n>', '0: no limit, for fleets sit behind one address (0)', NUMBER],
];

/** `fota serve`: the upgrade server, until Ctrl-C. */
export function addServe(program: Command, invocation: Invocation): void {
  const command = jsonOption(program.command('serve')).description('run the upgrade server until Ctrl-C');
  command
    .addOption(new Option('--data <dir>', 'database and packages (env FOTA_DATA; default: fota-data)'))
    .option('--host <host>', 'where devices ask; 0.0.0.0 lets the network in', '127.0.0.1')
    .option('--port <n>', 'for devices; 0: any free one', integer(0, 65_535), DEVICE_PORT)
    .option('--path <path...>', 'where LuatOS devices ask besides the path of the platform (default: /upgrade)')
    .option('--admin-host <host>', 'where --server of other machines comes in; use a TLS proxy in front', '127.0.0.1')
    .option('--admin-port <n>', 'for that; 0: any free one', integer(0, 65_535), ADMIN_PORT)
    .option('--no-admin', 'let only commands on this machine in, by the socket in the data folder')
    .option('--grace <seconds>', 'that downloads under way have to end at Ctrl-C', integer(0, 86_400), 10)
    .option('--quiet', 'do not show who asks')
    .optionsGroup('Limits:');
  for (const [flags, what, parse] of LIMITS) command.option(flags, what, parse);
  examples(
    command,
    'fota serve',
    'fota serve --host 0.0.0.0 --data /srv/fota',
    'fota serve --port 0 --no-admin --quiet',
    'fota serve --json | jq \'select(.event == "check-in")\'',
  );
  command.action((options: Options) => serve(invocation, options));
}

async function serve({ out, world, signal }: Invocation, options: Options): Promise<void> {
  const ended = signal();
  const { startServer } = await import('@libfota2/server');
  const dataDir = dataFolder(options, world);
  const settings: ServerOptions = {
    ...settingsOf(options, dataDir),
    onCheckIn: (checkIn) => {
      if (options.quiet !== true) out.event({ event: 'check-in', ...documentOf(checkIn) }, lineOf(checkIn));
    },
    onLost: (lost) => {
      if (options.quiet !== true) tellLost(out, lost);
    },
    onProblem: (problem) => tellProblem(out, problem, world.now()),
  };
  const server = await whenFree(dataDir, ended, () => startServer(settings));
  try {
    tellStart(out, server, options);
    if (!ended.aborted) await once(ended, 'abort');
    out.event({ event: 'stopping', at: new Date(world.now()).toISOString() }, stopping(options.grace));
  } finally {
    await server.close();
  }
  out.event({ event: 'stopped', at: new Date(world.now()).toISOString() }, 'Stopped.');
}

function settingsOf(options: Options, dataDir: string): ServerOptions {
  const seconds = (count: number | undefined): number | undefined => (count === undefined ? undefined : count * 1000);
  const { host, port, adminHost, adminPort, admin, path, grace } = options;
  const { deliveriesPerDay, maxDevices, cacheBytes, maxPackageBytes } = options;
  const { headBytes, bodyBytes, headTimeout, idleTimeout, maxConnections, maxConnectionsPerAddress } = options;
  const limits = {
    headBytes,
    bodyBytes,
    headTimeoutMs: seconds(headTimeout),
    idleTimeoutMs: seconds(idleTimeout),
    maxConnections,
    maxConnectionsPerAddress,
  };
  return {
    dataDir,
    host,
    port,
    paths: path,
    admin: admin ? { host: adminHost, port: adminPort } : undefined,
    graceMs: grace * 1000,
    deliveriesPerDay,
    maxDevices,
    cacheBytes,
    maxPackageBytes,
    limits: Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)),
  };
}

function tellStart(out: Out, server: FotaServer, { host, adminHost }: Options): void {
  const { url, paths, adminUrl, dataDir, firstToken } = server;
  if (out.isJson) out.event({ event: 'started', url, paths, adminUrl, dataDir, firstToken }, '');
  const devices = [url, ...outwardUrls(url, host).filter((one) => one !== url)];
  const admin = adminUrl === undefined ? [] : outwardUrls(adminUrl, adminHost);
  out.facts([
    ...devices.map((one, i): [string, Text] => [i === 0 ? 'devices' : '', span(cyan(one), devicePath(paths))]),
    ['admin', adminUrl === undefined ? 'only commands on this machine' : cyan(adminUrl)],
    ...admin.filter((one) => one !== adminUrl).map((one): [string, Text] => ['', cyan(one)]),
    ['data', dataDir],
    ['token', firstToken && span(bold(firstToken), '  (shown this once)')],
  ]);
  out.line();
  if (firstToken !== undefined && admin[0] !== undefined) {
    out.line(`From another machine: FOTA_SERVER=${admin[0]} FOTA_TOKEN=${firstToken} fota project list`);
    out.line();
  }
  out.line(
    'On this machine, in another terminal: fota project create NAME, fota publish FILE. Ctrl-C ends the server.',
  );
  out.line();
}

/** A device that asks at a wrong path cannot say so itself; of each kind of such requests one is told a minute. */
function tellLost(out: Out, { at: moment, status, detail }: LostRequest): void {
  const at = new Date(moment).toISOString();
  out.event({ event: 'unreadable', at, status, detail }, `${clockTime(at)}  ${status} ${detail}`);
}

function tellProblem(out: Out, problem: unknown, now: number): void {
  const { code, message, remedy } = failureOf(problem);
  const at = new Date(now).toISOString();
  out.event(
    { event: 'problem', at, code, message, remedy },
    span(`${clockTime(at)}  `, red('problem'), `  ${message}`),
  );
}

function documentOf({ at, device, rule, code, releaseVersion }: CheckIn): object {
  return { at: new Date(at).toISOString(), ...device, code, rule, releaseVersion };
}

function lineOf({ at, device, rule, code, releaseVersion }: CheckIn): string {
  const who = device.id || 'a device without id';
  const what = [device.project, device.firmwareName, device.version].filter((text) => text !== '').join(' ');
  const answer =
    code === 0 ? `is sent ${releaseVersion}` : code === 304 ? `has ${releaseVersion} already` : `${code} ${rule}`;
  return `${clockTime(new Date(at).toISOString())}  ${who}  ${what}  → ${answer}`;
}

function stopping(grace: number): string {
  return `Stopping: downloads under way have ${grace} s. A second Ctrl-C ends at once.`;
}
