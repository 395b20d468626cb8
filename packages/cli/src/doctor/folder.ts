/** Checks of the data folder and of whoever works on it. */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Connection, connect, dataFolder, readNotice } from '../client/connect.ts';
import type { Client } from '../client/http.ts';
import { failureOf } from '../failure.ts';
import type { Progress } from '../output/progress.ts';
import { bytes, counted } from '../output/words.ts';
import { type Check, fail, ok, warn } from './machine.ts';
import { checkRunning, type Patient } from './server.ts';

const LITTLE_SPACE = 1e9;
const NO_SPACE = 100e6;

export async function checkFolder(patient: Patient): Promise<Check[]> {
  const dataDir = dataFolder(patient.given, patient.world);
  const found = await stat(dataDir).catch(() => undefined);
  if (found === undefined) {
    const remedy = 'fota serve makes it; --data names another one.';
    return [warn('data', `${dataDir} is not there yet`, remedy), ...(await checkPorts(patient.ports))];
  }
  if (!found.isDirectory()) return [fail('data', `${dataDir} is no folder`, 'Name a folder with --data.')];
  const checks = [await checkWritable(dataDir), checkRights(dataDir, found.mode), await checkSpace(dataDir)];
  return [...checks, ...(await checkHolder(patient, dataDir))];
}

async function checkWritable(dataDir: string): Promise<Check> {
  try {
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok('data', `${dataDir} can be written`);
  } catch (error) {
    return fail(
      'data',
      `${dataDir} cannot be written: ${(error as Error).message}`,
      'Check who owns it, and its rights.',
    );
  }
}

/** What is in it is closed to others by the server itself; the folder may be somebody's on purpose. */
function checkRights(dataDir: string, mode: number): Check {
  if (process.platform === 'win32' || (mode & 0o077) === 0) return ok('rights', 'nobody else can look into it');
  return warn(
    'rights',
    `others can look into ${dataDir} (mode ${(mode & 0o777).toString(8)})`,
    'Close it: chmod 700; in a unit of systemd: StateDirectoryMode=0700.',
  );
}

async function checkSpace(dataDir: string): Promise<Check> {
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  const remedy = 'Free some space, or move the folder: without space nothing can be published or logged.';
  if (free < NO_SPACE) return fail('space', `only ${bytes(free)} are free`, remedy);
  return free < LITTLE_SPACE
    ? warn('space', `only ${bytes(free)} are free`, remedy)
    : ok('space', `${bytes(free)} are free`);
}

/** Who holds the lock; what can be seen through the holder, or through a server of our own where there is none. */
async function checkHolder({ given, world, signal, ports, progress }: Patient, dataDir: string): Promise<Check[]> {
  const notice = await readNotice(dataDir);
  let connection: Connection | undefined;
  try {
    connection = await connect({ ...given, data: dataDir }, world, signal);
    const { client, isRunning } = connection;
    const status = await client.get('/status');
    const holder = isRunning
      ? ok(
          'lock',
          `held by the server at ${notice?.url || 'its socket'} (process ${notice?.pid}), version ${status.version}`,
        )
      : ok('lock', 'free: no server runs');
    return [
      holder,
      ...(isRunning ? [] : await checkPorts(ports)),
      ...(await checkRunning(client, status, world.now(), signal)),
      await checkPackages(client, dataDir, progress, signal),
    ];
  } catch (error) {
    signal.throwIfAborted();
    const { code, message, remedy } = failureOf(error);
    return [fail(code === 'data-dir-locked' ? 'lock' : 'database', `${message} (${code})`, remedy)];
  } finally {
    await connection?.close();
  }
}

async function checkPorts(ports: readonly number[]): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [i, port] of ports.entries()) {
    const option = i === 0 ? '--port' : '--admin-port';
    const problem = await problemOf(port);
    checks.push(
      problem === undefined
        ? ok('port', `${port} is free`)
        : warn('port', `${port} cannot be used: ${problem}`, `End what listens there, or: fota serve ${option} N.`),
    );
  }
  return checks;
}

function problemOf(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'EADDRINUSE' ? 'another program listens there' : error.message);
    });
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(undefined)));
  });
}

/** Hashes each package that a release names: it lies in the folder under its hash. */
async function checkPackages(client: Client, dataDir: string, progress: Progress, signal: AbortSignal): Promise<Check> {
  const { items } = await client.list('/releases', {}, Number.POSITIVE_INFINITY);
  const packages = new Map(items.flatMap((release) => release.packages.map((one) => [one.sha256, one] as const)));
  const total = [...packages.values()].reduce((sum, { size }) => sum + size, 0);
  const damaged: string[] = [];
  let done = 0;
  for (const { sha256, size, fileName } of packages.values()) {
    const hash = createHash('sha256');
    try {
      for await (const chunk of createReadStream(join(dataDir, 'packages', sha256), { signal }))
        hash.update(chunk as Buffer);
      if (hash.digest('hex') !== sha256) damaged.push(`${fileName || sha256} differs`);
    } catch (error) {
      signal.throwIfAborted();
      damaged.push(`${fileName || sha256}: ${(error as NodeJS.ErrnoException).code}`);
    }
    done += size;
    progress.at(done, total);
  }
  return damaged.length === 0
    ? ok('packages', `${counted(packages.size, 'package')}, ${bytes(total)}, all whole`)
    : fail('packages', `damaged: ${damaged.join(', ')}`, 'Restore them from a backup, or publish a higher version.');
}
