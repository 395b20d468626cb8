/** Checks of a server that runs: the one that was named, or the one on the data folder. */

import { UPGRADE_PATH } from '@libfota2/protocol';
import type { ApiCertificate, ApiStatus } from '@libfota2/server';
import { Agent, request } from 'undici';
import { deviceUrlSeen } from '../client/addresses.ts';
import { type Connection, connect, namedServer, type Whereabouts } from '../client/connect.ts';
import type { Client } from '../client/http.ts';
import { ApiError, failureOf } from '../failure.ts';
import type { Progress } from '../output/progress.ts';
import { ago, counted } from '../output/words.ts';
import type { World } from '../world.ts';
import { type Check, fail, ok, warn } from './machine.ts';

type Expiry = ApiStatus['expiring'][number];

export interface Patient {
  readonly given: Whereabouts;
  readonly world: World;
  readonly signal: AbortSignal;
  /** Of the devices, of the admin side. */
  readonly ports: readonly number[];
  readonly progress: Progress;
}

/** Newer than now by more than this, a time was written by another clock. */
const CLOCKS_DIFFER_MS = 60_000;
const PATIENCE_MS = 5_000;
const CERTIFICATE_REQUIRED = 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED';
const PAUSED_SHOWN = 5;

/** The server that was named, as far as one sees it from outside. */
export async function checkServer({ given, world, signal }: Patient): Promise<Check[]> {
  let connection: Connection | undefined;
  try {
    connection = await connect(given, world, signal);
    const status = await connection.client.get('/status');
    // It knows a loopback as its own: from here that would be another machine.
    const seen = (url: string | null): string | null =>
      deviceUrlSeen({ ...status, deviceUrl: url }, namedServer(given, world)) ?? null;
    const urls = { deviceUrl: seen(status.deviceUrl), deviceTlsUrl: seen(status.deviceTlsUrl) };
    return [
      ok('server', `${connection.client.name} runs version ${status.version}`),
      ok('token', 'it lets you in'),
      ...(await checkRunning(connection.client, { ...status, ...urls }, world.now(), signal)),
    ];
  } catch (error) {
    signal.throwIfAborted();
    const { code, message, remedy } = failureOf(error);
    const isToken = error instanceof ApiError && error.status === 401;
    const reached = isToken ? [ok('server', 'an upgrade server answers')] : [];
    return [...reached, fail(isToken ? 'token' : 'server', `${message} (${code})`, remedy)];
  } finally {
    await connection?.close();
  }
}

/** What a running server says of itself, and whether devices reach it from here. */
export async function checkRunning(
  client: Client,
  status: ApiStatus,
  now: number,
  signal: AbortSignal,
): Promise<Check[]> {
  const { counts, deviceUrl, deviceTlsUrl, certificates, expiring, problems, stop } = status;
  const urls = [...new Set([deviceUrl, deviceTlsUrl])].filter((url) => url !== null);
  const known = [
    counted(counts.projects, 'project'),
    counted(counts.releases, 'release'),
    ...(counts.devices === undefined ? [] : [counted(counts.devices, 'device')]),
  ];
  const [newest] = problems;
  return [
    ok('database', `readable: ${known.join(', ')}`),
    ...(await Promise.all(urls.map((url) => checkDevices(url, signal)))),
    ...checkCertificate('devices', certificates.devices, now),
    ...checkCertificate('operators', certificates.admin, now),
    ...expiring.map((one) => checkExpiry(one, now)),
    newest === undefined
      ? ok('problems', counts.devices === undefined ? 'told only to who sees all projects' : 'the server has met none')
      : warn('problems', `${ago(newest.at, now)}: ${newest.message}`, 'Look at what the server printed then.'),
    stop.isOn
      ? warn(
          'stop',
          `all upgrades are stopped${stop.why === '' ? '' : `: ${stop.why}`}`,
          'Let them go on: fota stop --off',
        )
      : ok('stop', 'upgrades are not stopped'),
    await checkRollouts(client),
    await checkOrder(client, now),
  ];
}

const DAY_MS = 86_400_000;
const RENEW = 'Renew it: the server takes the new files without a restart. It looks every five seconds, and at SIGHUP.';

/** What is shown over TLS, and until when it is good. */
function checkCertificate(whom: string, certificate: ApiCertificate | null, now: number): Check[] {
  if (certificate === null) return [];
  const { names, validFrom, expiresAt } = certificate;
  const days = Math.floor((Date.parse(expiresAt) - now) / DAY_MS);
  const what = `what ${whom} are shown, for ${names},`;
  if (Date.parse(validFrom) > now) return [warn('certificate', `${what} is valid only from ${validFrom} on`, RENEW)];
  if (days < 0) return [fail('certificate', `${what} has expired at ${expiresAt}`, RENEW)];
  if (days < 14) return [warn('certificate', `${what} expires in ${counted(days, 'day')}`, RENEW)];
  return [ok('certificate', `${what} is good for ${counted(days, 'day')}`)];
}

/** A signed release on offer that is not taken for much longer, or any more. */
function checkExpiry({ release, project, firmwareName, version, notAfter, hasPassed }: Expiry, now: number): Check {
  const what = `release ${release} (${firmwareName} ${version} of ${project})`;
  const end = hasPassed ? 'ended' : 'ends';
  const until = `${what} is signed to be taken until ${notAfter}: that ${end} ${ago(notAfter, now)}`;
  return warn('signatures', until, 'Sign the same file again with a later --not-after, and publish it again.');
}

/** Asks as a device without an id, which every upgrade server refuses; by HEAD, which leaves no trace in its log. */
export async function checkDevices(url: string, signal: AbortSignal): Promise<Check> {
  // Whether the certificate is right for whoever asks is not seen from here: most devices do not look at all.
  const connect = { timeout: PATIENCE_MS, rejectUnauthorized: false };
  const dispatcher = new Agent({ connect, headersTimeout: PATIENCE_MS });
  try {
    const { statusCode, headers } = await request(url + UPGRADE_PATH, { dispatcher, method: 'HEAD', signal });
    const isOurs = headers['content-type'] === 'application/json' && Number(headers['content-length']) > 0;
    if (statusCode === 400 && isOurs) return ok('devices', `they are answered at ${url}`);
    const remedy = 'Look whether another program, or a proxy, answers there.';
    return warn('devices', `${url} answered ${statusCode}, but not as an upgrade server answers devices`, remedy);
  } catch (error) {
    signal.throwIfAborted();
    if ((error as { readonly code?: unknown }).code === CERTIFICATE_REQUIRED) {
      return ok('devices', `they are answered at ${url} if they have a certificate`);
    }
    const remedy =
      'Where the server is on another machine, start it with --host 0.0.0.0 and open its port in the firewall.';
    return warn('devices', `${url} cannot be reached from here: ${(error as Error).message}`, remedy);
  } finally {
    await dispatcher.destroy();
  }
}

/** Rollouts that wait for somebody. */
async function checkRollouts(client: Client): Promise<Check> {
  const { items } = await client.list('/rollouts', { query: { state: 'paused' } }, PAUSED_SHOWN);
  if (items.length === 0) return ok('rollouts', 'none is paused');
  const shown = items.map(({ id, version, why }) => `${id} of ${version} (${why})`).join('; ');
  return warn('rollouts', `paused: ${shown}`, 'Look at it with fota rollout show, then resume, abort or roll it back.');
}

/** A clock that was set back: the log knows of later times. */
async function checkOrder(client: Client, now: number): Promise<Check> {
  const { items } = await client.list('/log', {}, 1);
  const ahead = Date.parse(items[0]?.at ?? '') - now;
  return ahead > CLOCKS_DIFFER_MS
    ? warn(
        'order',
        `the newest log entry is of ${items[0]?.at}, which is yet to come`,
        'Set the clocks of both machines.',
      )
    : ok('order', items.length === 0 ? 'the log is empty' : `the newest log entry is ${ago(items[0]?.at, now)}`);
}
