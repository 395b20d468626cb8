/** What `npm start` shows: a server with two releases, a device that upgrades itself, and how to connect one's own. */

import { once } from 'node:events';
import { join, relative, resolve } from 'node:path';
import { type CheckIn, type FotaServer, FotaServerError, startServer } from '@libfota2/server';
import { connectLines } from './connect.ts';
import { type DeviceFile, type Message, makeDevice, runDevice } from './device.ts';
import { DEFAULT_PORT, type DemoOptions, helpFor, networkUrl, parseOptions } from './options.ts';
import { publishSample, stationFile } from './releases.ts';
import { createScreen, type Screen } from './screen.ts';

/**
 * Runs the demo; resolves to the exit code. `root` is the folder that `.data/demo` lies in, `command` what a person types
 * before options.
 */
export async function demo(args: readonly string[], root: string, command = 'npm start --'): Promise<number> {
  const options = parseOptions(args);
  if (typeof options === 'string') {
    process.stderr.write(`${options}\nTry: ${command} --help\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(helpFor(command));
    return 0;
  }
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  // Not once: an impatient second Ctrl-C, or one that npm hands on as well, must not cut the end short.
  for (const signal of signals) process.on(signal, end);
  // A reader that has gone (`npm start | head`) ends the demo as Ctrl-C does.
  process.stdout.on('error', end);
  const screen = createScreen(process.stdout);
  const dataDir = dataFolder(options, root);
  try {
    await show(options, dataDir, screen, ended.signal, { root: resolve(root), command }).catch((error) => {
      if (!ended.signal.aborted) throw error;
    });
    screen.close();
    if (ended.signal.aborted) screen.line(`\n  Goodbye. The data stay in ${nearest(dataDir)}.`);
    return 0;
  } catch (error) {
    screen.close();
    process.stderr.write(`\n${explain(error, command)}\n`);
    return 1;
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
}

function explain(error: unknown, command: string): string {
  if (!(error instanceof FotaServerError)) return String(error);
  const option = { 'data-dir-locked': '--data DIR', 'port-in-use': '--port N' }[error.code as string];
  return `${error.message}.\n${error.remedy}${option === undefined ? '' : `\n${command} ${option}`}`;
}

/** Where the user typed; npm itself works in the workspace's root. */
function here(): string {
  return process.env['INIT_CWD'] ?? process.cwd();
}

function dataFolder(options: DemoOptions, root: string): string {
  return options.data === undefined ? join(root, '.data', 'demo') : resolve(here(), options.data);
}

async function show(
  options: DemoOptions,
  dataDir: string,
  screen: Screen,
  ended: AbortSignal,
  { root, command }: { readonly root: string; readonly command: string },
): Promise<void> {
  const { colors, labelled, line } = screen;
  let following = false;
  const server = await start(options, dataDir, (checkIn) => {
    if (following) labelled('asked', tale(checkIn));
  });
  try {
    line(`\n  ${colors.bold('libfota2')}  firmware over the air\n`);
    labelled('server', `${colors.cyan(server.url)}${fallback(options, server)}`);
    labelled('data', `${nearest(dataDir)}  (SQLite and packages)`);
    const { project, releases } = await publishSample(server);
    const sizes = releases.map(({ version, packages }) => `${version} (${megabytes(packages[0]?.size ?? 0)})`);
    labelled('releases', `${releases[0]?.firmwareName} ${sizes.join(', ')}\n`);

    const device = { url: `${server.url}/upgrade`, project_key: project.key, imei: 'sample-device' };
    const began = performance.now();
    await showDevice(join(dataDir, 'device'), device, screen, ended);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    line(`\n  ${colors.green('The device upgraded itself')} in ${seconds} s.`);
    if (options.once) return;

    const url = `${networkUrl(options.host, server.port) ?? server.url}/upgrade`;
    line(`\n  ${colors.bold('Connect a device of your own')}`);
    for (const [kind, lines] of connectLines({ ...device, url, imei: 'my-device' }, root)) {
      line(`\n  ${colors.dim(kind)}`);
      for (const one of lines) line(`    ${one}`);
    }
    if (url === device.url) line(`\n  ${colors.dim('For devices on your network:')} ${command} --host 0.0.0.0`);
    line(`\n  The server stays up and shows who asks. ${colors.bold('Ctrl-C')} ends it.\n`);
    following = true;
    if (!ended.aborted) await once(ended, 'abort');
  } finally {
    await server.close();
  }
}

/** Starts on the port that was asked for, else on the first free one of twenty. */
async function start(
  options: DemoOptions,
  dataDir: string,
  onCheckIn: (checkIn: CheckIn) => void,
): Promise<FotaServer> {
  for (let port = options.port ?? DEFAULT_PORT; ; port += 1) {
    try {
      return await startServer({ dataDir, host: options.host, port, onCheckIn, graceMs: 3_000 });
    } catch (error) {
      const isBusy = error instanceof FotaServerError && error.code === 'port-in-use';
      if (!isBusy || options.port !== undefined || port >= DEFAULT_PORT + 20) throw error;
    }
  }
}

/** Lets the sample device upgrade itself. @throws Error where it does not end with 0, then 4 */
async function showDevice(folder: string, settings: DeviceFile, screen: Screen, ended: AbortSignal): Promise<void> {
  const { colors, labelled, progress } = screen;
  const results: number[] = [];
  const onMessage = (message: Message): void => {
    if ('reading' in message) labelled('device', `${colors.bold(message.version)}  ${message.reading}`);
    if ('bytes' in message && message.total !== undefined) progress(message.bytes, message.total);
    if ('result' in message) {
      results.push(message.result);
      labelled('result', `${colors.bold(colors.green(message.result))}  ${message.meaning}`);
    }
  };
  await makeDevice(folder, stationFile('1.0.0'), settings);
  await runDevice(folder, ended, onMessage, () => labelled('restart', 'update.bin becomes the application\n'));
  if (results.join() !== '0,4') throw new Error('The sample device did not upgrade itself.');
}

function fallback(options: DemoOptions, server: FotaServer): string {
  const isOther = options.port === undefined && server.port !== DEFAULT_PORT;
  return isOther ? `  (port ${DEFAULT_PORT} is in use)` : '';
}

function tale({ device, code, releaseVersion, rule }: CheckIn): string {
  const who = `${device.id || 'a device without id'} on ${device.version || 'an unknown version'}`;
  if (code === 0) return `${who} is sent ${releaseVersion}`;
  return code === 304 ? `${who} has ${releaseVersion} already` : `${who} is refused: ${rule}`;
}

function megabytes(bytes: number): string {
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The path as a person here would write it. */
function nearest(path: string): string {
  const short = relative(here(), path);
  return short.startsWith('..') ? path : short || '.';
}
