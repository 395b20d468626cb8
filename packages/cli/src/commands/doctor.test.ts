import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { makeImage } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';
import { fota } from '../../test/run.ts';
import { type Check, checkClock, checkNode } from '../doctor/machine.ts';
import { checkDevices } from '../doctor/server.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

interface Told {
  readonly code: number;
  /** By the name of a check how it went; of several with one name the last. */
  readonly found: Readonly<Record<string, Check>>;
}

async function doctor(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Told> {
  const { code, stdout } = await desk.fota(['doctor', '--port', '0', '--admin-port', '0', '--json', ...args], env);
  const { ok, checks } = JSON.parse(stdout) as { readonly ok: boolean; readonly checks: readonly Check[] };
  expect(code).toBe(ok ? 0 : 1);
  expect(ok).toBe(!checks.some(({ status }) => status === 'fail'));
  return { code, found: Object.fromEntries(checks.map((check) => [check.name, check])) };
}

function statuses({ found }: Told): Record<string, string> {
  return Object.fromEntries(Object.entries(found).map(([name, { status }]) => [name, status]));
}

/** A project with a release, whose package is at the path that is given back. */
async function publish(): Promise<string> {
  await desk.json('project', 'create', 'p');
  await desk.file('app.bin', makeImage(1, 10_000));
  await desk.json('publish', 'app.bin', '--firmware', 'f', '--version', '1');
  const packages = join(desk.dir, 'fota-data', 'packages');
  const [name = ''] = (await readdir(packages)).filter((one) => /^[0-9a-f]{64}$/.test(one));
  return join(packages, name);
}

describe('fota doctor', () => {
  it('finds nothing wrong with a folder on which no server runs', async () => {
    await publish();
    const told = await doctor();
    expect(new Set(Object.values(statuses(told)))).toEqual(new Set(['ok']));
    expect(Object.keys(told.found)).toEqual([
      'node',
      'clock',
      'data',
      'rights',
      'space',
      'lock',
      'port',
      'database',
      'problems',
      'stop',
      'rollouts',
      'order',
      'packages',
    ]);
    expect(told.found['lock']?.message).toBe('free: no server runs');
    expect(told.found['packages']?.message).toBe('1 package, 10.0 kB, all whole');
  });

  it('tells who holds the folder, and asks there as a device', async () => {
    const { url } = await desk.serve();
    const { code, found } = await doctor();
    expect(code).toBe(0);
    expect(found['lock']?.message).toContain(`held by the server at ${url} (process ${process.pid})`);
    expect(found['devices']).toMatchObject({ status: 'ok', message: `they are answered at ${url}` });
    // The operator does not find it among the devices.
    expect(await desk.json('log')).toMatchObject({ items: [] });
  });

  it('finds the devices at whatever paths they ask', async () => {
    const serving = desk.begin('serve', '--port', '0', '--admin-port', '0', '--path', '/fota/up');
    await serving.says(/Ctrl-C ends the server/);
    expect((await doctor()).found['devices']).toMatchObject({ status: 'ok' });
    expect(await desk.json('log')).toMatchObject({ items: [] });
  });

  it.each([
    ['404', 404, {}],
    ['400 with a page', 400, { 'content-type': 'text/html', 'content-length': '9' }],
    ['200', 200, { 'content-type': 'application/json', 'content-length': '9' }],
  ])('does not take another program that answers %s for the upgrade server', async (_, status, headers) => {
    const other = createHttpServer((_request, answer) => answer.writeHead(status, headers).end()).listen(
      0,
      '127.0.0.1',
    );
    await new Promise((resolve) => other.once('listening', resolve));
    onTestFinished(() => void other.close());
    const url = `http://127.0.0.1:${(other.address() as { port: number }).port}`;
    expect(await checkDevices(url, new AbortController().signal)).toMatchObject({
      status: 'warn',
      message: `${url} answered ${status}, but not as an upgrade server answers devices`,
    });
  });

  it('makes nothing where there is no folder yet', async () => {
    const { code, found } = await doctor();
    expect(code).toBe(0);
    expect(found['data']).toMatchObject({ status: 'warn', remedy: expect.stringContaining('fota serve') });
    expect(await readdir(desk.dir)).toEqual([]);
  });

  it('finds a package that is no longer what was published', async () => {
    await writeFile(await publish(), makeImage(2, 10_000));
    const { code, found } = await doctor();
    expect(code).toBe(1);
    expect(found['packages']).toMatchObject({ status: 'fail', message: 'damaged: app.bin differs' });
  });

  it('finds a database that is none, and a folder that is a file', async () => {
    await mkdir(join(desk.dir, 'fota-data'));
    await writeFile(join(desk.dir, 'fota-data', 'fota.db'), 'no database '.repeat(1000));
    expect((await doctor()).found['database']).toMatchObject({
      status: 'fail',
      message: expect.stringMatching(/database-damaged/),
    });
    await desk.file('file', '');
    expect((await doctor(['--data', 'file'])).found['data']).toMatchObject({ status: 'fail' });
  });

  it.skipIf(process.platform === 'win32')('finds a folder that others can look into', async () => {
    await mkdir(join(desk.dir, 'fota-data'));
    await chmod(join(desk.dir, 'fota-data'), 0o755);
    expect((await doctor()).found['rights']).toMatchObject({
      status: 'warn',
      message: expect.stringContaining('(mode 755)'),
      remedy: expect.stringContaining('chmod 700'),
    });
  });

  it('finds a port that another program has', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const port = String((other.address() as { port: number }).port);
    const { found } = await doctor(['--admin-port', port]);
    await new Promise((resolve) => other.close(resolve));
    expect(found['port']).toMatchObject({
      status: 'warn',
      message: `${port} cannot be used: another program listens there`,
    });
  });

  it('looks at a server from outside, and at the token', async () => {
    const { adminUrl, token } = await desk.serve();
    const named = { FOTA_SERVER: adminUrl };
    const right = await doctor([], { ...named, FOTA_TOKEN: token });
    expect(statuses(right)).toMatchObject({ server: 'ok', token: 'ok', database: 'ok', devices: 'ok' });
    const wrong = await doctor([], { ...named, FOTA_TOKEN: 'fota_wrong' });
    expect(statuses(wrong)).toMatchObject({ server: 'ok', token: 'fail' });
    const gone = await doctor([], { FOTA_SERVER: 'http://127.0.0.1:1' });
    expect(gone.found['server']).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('nothing listens there'),
    });
  });

  it('prints a line for each, and what to do below it', async () => {
    const { code, stdout } = await fota(['doctor', '--port', '0', '--admin-port', '0'], { cwd: desk.dir });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok +node +Node \d/);
    expect(stdout).toMatch(/^warn {2}data .* is not there yet\n +fota serve makes it/m);
    expect(stdout).toMatch(/\nNothing is broken\.\n$/);
  });
});

it('the oldest Node is 20.19, and no clock is of another century', () => {
  const nodes = ['18.20.0', '20.18.3', '20.19.0', '22.0.0', '26.1.0'].map((version) => checkNode(version).status);
  expect(nodes).toEqual(['fail', 'fail', 'ok', 'ok', 'ok']);
  const clocks = [0, Date.UTC(2027, 1, 1), Date.UTC(2200, 1, 1)].map((now) => checkClock(now).status);
  expect(clocks).toEqual(['fail', 'ok', 'fail']);
});
