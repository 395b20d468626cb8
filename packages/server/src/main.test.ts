import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readlink, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { asks, exchange, values } from '../test/raw.ts';
import { etag, fixtures, image, KEY, logged, PROJECT, publish, releasesOf, target } from '../test/server.ts';
import { startServer } from './main.ts';

const { folder, publishing, started } = fixtures(onTestFinished);

describe('publishing', () => {
  it('the same bytes twice is once; other bytes under the version are refused, the release stays', async () => {
    const bytes = image();
    const server = await publishing({ '1.1.0': bytes });
    await publish(server, '1.1', bytes);
    await expect(publish(server, '1.1.0', image())).rejects.toMatchObject({ code: 'release-exists' });
    expect(releasesOf(server)).toMatchObject([
      { version: '1.1.0', packages: [{ size: 60_000, sha256: etag(bytes).slice(1, -1) }] },
    ]);
  });

  it.each([
    ['an empty file', 'package-empty', { package: [] }],
    ['a file that is not there', 'package-unreadable', { package: '/nowhere/app.bin' }],
    ['to an unknown project', 'project-unknown', { project: 'other' }],
    ['a version without order', 'version-invalid', { version: '1.0-rc1' }],
    ['a nameless firmware', 'name-invalid', { firmwareName: '' }],
  ])('%s is refused: %s', async (_what, code, change) => {
    const server = await publishing({});
    const options = { project: PROJECT, firmwareName: 'app', version: '1.0.0', package: [image()] };
    await expect(server.publish({ ...options, ...change })).rejects.toMatchObject({ code });
    expect(releasesOf(server)).toEqual([]);
  });

  it('a file by its path works', async () => {
    const bytes = image(300_000);
    const file = join(await folder(), 'app.bin');
    await writeFile(file, bytes);
    const server = await publishing({});
    await server.publish({ project: PROJECT, firmwareName: 'app', version: '2.0.0', package: file });
    expect((await exchange(server.port, asks(target()))).body.equals(bytes)).toBe(true);
  });

  it('to a closed server is refused', async () => {
    const server = await publishing({});
    await server.close();
    await expect(publish(server, '1.0.0', image())).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('a data folder', () => {
  it('is all that a server needs to go on: projects, releases, devices', async () => {
    const bytes = image();
    const first = await publishing({ '1.1.0': bytes });
    await exchange(first.port, asks(target()));
    await first.close();
    const second = await started({ dataDir: first.dataDir });
    expect(second.operator.projects()).toMatchObject([{ name: PROJECT, key: KEY }]);
    const rest = await exchange(second.port, asks(target(), 'GET', ['Range: bytes=9-']));
    expect(rest.body.equals(bytes.subarray(9))).toBe(true);
    expect((await logged(second)).map(({ event }) => event)).toEqual(['sent', 'resumed', 'sent', 'offered']);
  });

  it('belongs to one server, and the second is told which', async () => {
    const first = await started();
    await expect(startServer({ dataDir: first.dataDir })).rejects.toMatchObject({
      code: 'data-dir-locked',
      message: `${first.dataDir} is in use by the server at ${first.url} (process ${process.pid})`,
    });
    expect((await exchange(first.port, asks('/'))).status).toBe(404);
  });

  it.skipIf(process.platform === 'win32')(
    'that others may enter shows them nothing, also what an older run left',
    async () => {
      const dataDir = await folder();
      await chmod(dataDir, 0o755);
      const rights = async (): Promise<Readonly<Record<string, string>>> => {
        const names = ['lock.db', 'fota.db', 'fota.db-wal', 'fota.db-shm', 'packages'];
        const modes = names.map(async (name) => ((await stat(join(dataDir, name))).mode & 0o777).toString(8));
        return Object.fromEntries((await Promise.all(modes)).map((mode, i) => [names[i], mode]));
      };
      const closed = {
        'lock.db': '600',
        'fota.db': '600',
        'fota.db-wal': '600',
        'fota.db-shm': '600',
        packages: '700',
      };
      const first = await started({ dataDir });
      await first.createProject(PROJECT, KEY);
      expect(await rights()).toEqual(closed);
      for (const name of ['lock.db', 'fota.db', 'fota.db-wal', 'fota.db-shm']) await chmod(join(dataDir, name), 0o644);
      await chmod(join(dataDir, 'packages'), 0o755);
      await expect(startServer({ dataDir })).rejects.toMatchObject({ code: 'data-dir-locked' });
      await expect(startServer({ dataDir })).rejects.toMatchObject({ code: 'data-dir-locked' });
      await first.close();
      const second = await started({ dataDir });
      await second.createProject('other');
      expect(await rights()).toEqual(closed);
    },
  );

  it('that is a file, or lies in one, is refused', async () => {
    const file = join(await folder(), 'file');
    await writeFile(file, '');
    for (const dataDir of [file, join(file, 'below')]) {
      await expect(startServer({ dataDir })).rejects.toMatchObject({ code: 'data-dir-unusable' });
    }
  });
});

describe('listening', () => {
  it('on a busy port is refused and leaves the data folder free', async () => {
    const busy = createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    onTestFinished(() => void busy.close());
    const dataDir = await folder();
    const { port } = busy.address() as AddressInfo;
    await expect(startServer({ dataDir, port })).rejects.toMatchObject({ code: 'port-in-use' });
    await started({ dataDir });
  });

  it('on an address of another machine is refused', async () => {
    const options = { dataDir: await folder(), host: '192.0.2.1' };
    await expect(startServer(options)).rejects.toMatchObject({ code: 'listen-failed' });
  });

  it.each([{ port: 65_536 }, { port: 1.5 }, { graceMs: -1 }, { host: '' }, { limits: { headBytes: Number.NaN } }])(
    'with %j is refused',
    async (option) => {
      const options = { dataDir: await folder(), ...option };
      await expect(startServer(options)).rejects.toMatchObject({ code: 'option-invalid' });
    },
  );
});

/** A client that has read a little of a long answer and then stops reading. */
async function reader(port: number, request: string): Promise<ReturnType<typeof connect>> {
  const socket = connect(port, '127.0.0.1', () => socket.write(request));
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'readable');
  return socket;
}

async function filesOf(dataDir: string): Promise<number> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(join(dataDir, 'packages'))).length;
}

describe('clients that are slow or go away', () => {
  it.skipIf(process.platform !== 'linux')('leave no open file behind', async () => {
    const server = await publishing({ '1.1.0': image(20_000_000) });
    const clients = await Promise.all(Array.from({ length: 5 }, () => reader(server.port, asks(target()))));
    expect(await filesOf(server.dataDir)).toBe(5);
    for (const client of clients) client.resetAndDestroy();
    await expect.poll(() => filesOf(server.dataDir)).toBe(0);
  });

  it('have their download ended whole by a closing server', async () => {
    const bytes = image(20_000_000);
    const server = await publishing({ '1.1.0': bytes }, { graceMs: 60_000 });
    const silent = connect(server.port, '127.0.0.1');
    await once(silent, 'connect');
    const client = await reader(server.port, asks(target()));
    const closed = server.close();
    let received = 0;
    for await (const chunk of client) received += (chunk as Buffer).length;
    expect(received).toBeGreaterThan(bytes.length);
    await closed;
    await expect(exchange(server.port, asks('/'))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('at the admin side do not keep it, nor let further devices in meanwhile', async () => {
    const server = await publishing({ '1.1.0': image() }, { graceMs: 60_000, admin: {} });
    const half = connect(Number(new URL(server.adminUrl ?? '').port), '127.0.0.1');
    half.on('error', () => undefined);
    await new Promise((sent) => half.write('GET /api/v1/status HTTP/1.1\r\n', sent));
    // Answered behind it: the server has read the half.
    await fetch(`${server.adminUrl}/api/v1/openapi.json`, { headers: { Connection: 'close' } });
    await server.close();
    await expect(exchange(server.port, asks('/'))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('share one grace time, at whichever side they are', async () => {
    const server = await publishing({ '1.1.0': image(20_000_000) }, { graceMs: 1_000, admin: {} });
    await reader(server.port, asks(target()));
    const { port } = new URL(server.adminUrl ?? '');
    const upload = connect(Number(port), '127.0.0.1');
    upload.on('error', () => undefined);
    const head = `POST /api/v1/projects HTTP/1.1\r\nAuthorization: Bearer ${server.firstToken}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n`;
    await new Promise((sent) => upload.write(head, sent));
    await fetch(`${server.adminUrl}/api/v1/openapi.json`, { headers: { Connection: 'close' } });
    const before = performance.now();
    await server.close();
    const took = performance.now() - before;
    expect(took).toBeGreaterThanOrEqual(990);
    expect(took).toBeLessThan(1_900);
  });

  it('are cut off after the grace time', async () => {
    const server = await publishing({ '1.1.0': image(20_000_000) }, { graceMs: 20 });
    const client = await reader(server.port, asks(target()));
    await server.close();
    let received = 0;
    client.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    await once(client, 'close');
    expect(received).toBeLessThan(20_000_000);
  });
});

/** A server in a process of its own that publishes 1.1.0, 1.1.1, … and prints each when it is acknowledged. */
const PUBLISHER = `
  import { randomBytes, createHash } from 'node:crypto';
  import { startServer } from '@libfota2/server';
  const [dataDir, projectKey] = process.argv.slice(1);
  const server = await startServer({ dataDir });
  const { operator } = server;
  if (operator.projects().length === 0) await server.createProject('sample', projectKey);
  console.log(JSON.stringify({ port: server.port }));
  for (let n = operator.releases({}).length; ; n += 1) {
    const bytes = randomBytes(3_000_000);
    await server.publish({ project: 'sample', firmwareName: 'app', version: '1.1.' + n, package: [bytes] });
    console.log(JSON.stringify({ version: '1.1.' + n, sha256: createHash('sha256').update(bytes).digest('hex') }));
  }
`;

interface Line {
  readonly port: number;
  readonly version: string;
  readonly sha256: string;
}

function publisher(dataDir: string): { readonly child: ChildProcess; next(): Promise<Line> } {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PUBLISHER, dataDir, KEY], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, next: async () => JSON.parse((await lines.next()).value) as Line };
}

it('tells where devices ask as it was configured, and answers there', async () => {
  const paths = ['/fota/up', '/升级'];
  const server = await started({ dataDir: await folder(), paths, host: '0.0.0.0', admin: {} });
  const answer = await fetch(`${server.adminUrl}/api/v1/status`, {
    headers: { Authorization: `Bearer ${server.firstToken}` },
  });
  expect(await answer.json()).toMatchObject({ deviceUrl: server.url, deviceHost: '0.0.0.0', paths });
  expect(server.paths).toEqual(paths);
  for (const path of [...paths, '/api/site/firmware_upgrade'])
    expect((await fetch(server.url + path)).status).toBe(400);
  expect((await fetch(`${server.url}/upgrade`)).status).toBe(404);
});

describe('kill -9', () => {
  it('in the middle of publishing and serving loses nothing acknowledged, and the folder is free at once', async () => {
    const dataDir = await folder();
    const acknowledged = new Map<string, string>();
    for (let round = 0; round < 3; round += 1) {
      const { child, next } = publisher(dataDir);
      const { port } = await next();
      for (let count = 0; count <= round; count += 1) {
        const { version, sha256 } = await next();
        acknowledged.set(version, sha256);
      }
      await reader(port, asks(target()));
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const server = await started({ dataDir });
    const releases = releasesOf(server).map(({ version, packages }) => ({ version, sha256: packages[0]?.sha256 }));
    for (const [version, sha256] of acknowledged) {
      expect(releases).toContainEqual(expect.objectContaining({ version, sha256 }));
    }
    // Of each kill, the one that was stored and not yet released may be there too.
    const stored = await readdir(join(dataDir, 'packages'));
    expect(stored).toEqual(expect.arrayContaining(releases.map(({ sha256 }) => sha256)));
    expect(stored.length - releases.length).toBeLessThanOrEqual(3);
    expect(stored.filter((name) => name.endsWith('.part'))).toEqual([]);
    const answer = await exchange(server.port, asks(target()));
    expect(values(answer, 'etag')).toEqual([etag(answer.body)]);
    expect(answer.body).toHaveLength(3_000_000);
  }, 30_000);
});
