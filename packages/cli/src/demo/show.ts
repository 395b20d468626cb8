/** The demo itself: starts the server, publishes, lets the sample device upgrade itself, and stays. */
import { once } from 'node:events';
import { join } from 'node:path';
import { type CheckIn, type FotaServer, FotaServerError, startServer } from '@libfota2/server';
import { outwardUrls } from '../client/addresses.ts';
import { bold, cyan, dim, green } from '../output/text.ts';
import { connectLines } from './connect.ts';
import { type DeviceFile, type Message, makeDevice, runDevice } from './device.ts';
import { DEFAULT_PORT, type DemoOptions, nearest } from './options.ts';
import { publishSample, stationFile } from './releases.ts';
import type { Screen } from './screen.ts';

export async function show(
  options: DemoOptions,
  dataDir: string,
  screen: Screen,
  ended: AbortSignal,
  { root, command }: { readonly root: string; readonly command: string },
): Promise<void> {
  const { event, labelled, line } = screen;
  let following = false;
  const server = await start(options, dataDir, (checkIn) => {
    if (!following) return;
    labelled('asked', tale(checkIn));
    const { at, device, code, rule, releaseVersion } = checkIn;
    event({ event: 'check-in', at: new Date(at).toISOString(), ...device, code, rule, releaseVersion });
  });
  try {
    line();
    line('  ', bold('libfota2'), '  firmware over the air');
    line();
    labelled('server', cyan(server.url), fallback(options, server));
    labelled('data', `${nearest(dataDir)}  (SQLite and packages)`);
    event({ event: 'started', url: server.url, dataDir });
    const { project, releases } = await publishSample(server);
    const sizes = releases.map(({ version, packages }) => `${version} (${megabytes(packages[0]?.size ?? 0)})`);
    labelled('releases', `${releases[0]?.firmwareName} ${sizes.join(', ')}`);
    line();
    const versions = releases.map(({ version }) => version);
    event({
      event: 'published',
      project: project.name,
      key: project.key,
      firmwareName: releases[0]?.firmwareName,
      versions,
    });

    const device = { url: `${server.url}/upgrade`, project_key: project.key, imei: 'sample-device' };
    // It is made anew. To the server it would be one that went back from what it ran, and is held for that.
    await server.operator.forgetDevice(project.name, device.imei).catch((error: unknown) => {
      if (!(error instanceof FotaServerError) || error.code !== 'device-unknown') throw error;
    });
    const began = performance.now();
    await showDevice(join(dataDir, 'device'), device, screen, ended);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    line();
    line('  ', green('The device upgraded itself'), ` in ${seconds} s.`);
    event({ event: 'upgraded', seconds: Number(seconds) });
    if (options.once) return;

    const url = `${outwardUrls(server.url, options.host)[0] ?? server.url}/upgrade`;
    line();
    line('  ', bold('Connect a device of your own'));
    for (const [kind, lines] of connectLines({ ...device, url, imei: 'my-device' }, root)) {
      line();
      line('  ', dim(kind));
      for (const one of lines) line(`    ${one}`);
    }
    if (url === device.url) {
      line();
      line('  ', dim('For devices on your network:'), ` ${command} --host 0.0.0.0`);
    }
    line();
    line('  The server stays up and shows who asks. ', bold('Ctrl-C'), ' ends it.');
    line();
    event({ event: 'ready', url });
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
  const { event, labelled, line, progress } = screen;
  const results: number[] = [];
  const onMessage = (message: Message): void => {
    if ('reading' in message) {
      labelled('device', bold(message.version), `  ${message.reading}`);
      event({ event: 'device', ...message });
    }
    if ('bytes' in message && message.total !== undefined) progress(message.bytes, message.total);
    if ('result' in message) {
      results.push(message.result);
      labelled('result', bold(green(String(message.result))), `  ${message.meaning}`);
      event({ event: 'result', ...message });
    }
  };
  await makeDevice(folder, stationFile('1.0.0'), settings);
  await runDevice(folder, ended, onMessage, () => {
    labelled('restart', 'update.bin becomes the application');
    event({ event: 'restart' });
    line();
  });
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
