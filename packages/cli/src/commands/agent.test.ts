import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { formatKeyRing } from '@libfota2/protocol';
import { makeSigner, makeTar } from '@libfota2/testkit';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';
import { begin, type Running } from '../../test/run.ts';
import { readStatus } from '../agent/status-file.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
  onTestFinished(() => desk.clear());
});

/** It has nothing: what comes, comes from files. */
let server: Server;
beforeEach(async () => {
  server = createServer((_, answer) => answer.writeHead(404).end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
});

const HEAD = 'key = "k"\nid = "d"\nfirmware = "gateway"\n';
const REST = `[place]
dir = "app"
minutes = 1
[schedule]
every = "1d"
[health]
command = ["sh", "-c", "test ! -e app/current/unwell"]
within = "1s"
steady = "0s"
[run]
command = ["sh", "main.sh"]
stop-within = "1s"
[offline]
every = "1s"
`;

async function configure(head = '', rest = ''): Promise<void> {
  const { port } = server.address() as AddressInfo;
  await desk.file('agent.toml', `url = "http://127.0.0.1:${port}/upgrade"\n${HEAD}${head}${REST}${rest}`);
}

/** An application that says its version and waits. */
async function image(name: string, version: string, isWell = true): Promise<Buffer> {
  const bytes = await makeTar([
    { name: 'package.json', body: JSON.stringify({ version }) },
    { name: 'main.sh', body: `echo "runs ${version}"; exec sleep 60` },
    ...(isWell ? [] : [{ name: 'unwell', body: '' }]),
  ]);
  await desk.file(name, bytes);
  return Buffer.from(bytes);
}

const agent = (...args: readonly string[]) => desk.fota(['agent', ...args, '--config', 'agent.toml']);

/** The agent in this process; it ends with the test. */
async function start(): Promise<Running> {
  const running = begin(['agent', '--config', 'agent.toml'], { cwd: desk.dir });
  onTestFinished(async () => {
    running.signal('SIGTERM');
    await running.ended;
  });
  await running.says(/"event":"started"/);
  return running;
}

describe('fota agent config', () => {
  it('prints a file with every setting, and says whether one is right', async () => {
    expect((await agent('config')).stdout).toMatch(/^# .*\n[\s\S]*^\[place\]$[\s\S]*^#kind = "application"$/m);
    await configure();
    expect(await agent('config', '--check')).toMatchObject({ code: 0, stdout: `Right: ${desk.dir}/agent.toml.\n` });
    await configure('frimware = "x"\n');
    const { code, stdout } = await agent('config', '--check', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, problems: [{ code: 'config-unknown', line: 5 }] });
    expect(await agent()).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean firmware?') });
  });

  it('is found by its variable, and missed by its name', async () => {
    const elsewhere = { FOTA_AGENT_CONFIG: 'agent.toml' };
    expect((await desk.fota(['agent', 'unit'], elsewhere)).stderr).toMatch(/agent\.toml cannot be read/);
    await configure();
    expect((await desk.fota(['agent', 'unit'], elsewhere)).stdout).toContain('Type=notify');
  });

  it('warns of a unit that needs systemd-notify where there is none', async () => {
    await configure();
    await mkdir(join(desk.dir, 'bin'));
    const unit = () => desk.fota(['agent', 'unit', '--config', 'agent.toml'], { PATH: `/nowhere:${desk.dir}/bin` });
    const { stdout, stderr } = await unit();
    expect([stdout, stderr]).toEqual([
      expect.stringMatching(/^\[Unit\]/),
      expect.stringMatching(/systemd-notify is not here/),
    ]);
    await writeFile(join(desk.dir, 'bin/systemd-notify'), '', { mode: 0o755 });
    expect(await unit()).toMatchObject({ stdout, stderr: '' });
  });
});

describe('fota agent', () => {
  it('installs from a file, starts what it installed, and shows how it is', async () => {
    await configure();
    expect(await agent('status')).toMatchObject({ code: 3, stderr: expect.stringContaining('no agent has ever run') });
    expect(await agent('check')).toMatchObject({ code: 3, stderr: expect.stringContaining('agent-not-running') });
    const running = await start();
    await image('one.tar', '1.0.0');
    const installed = await agent('install', 'one.tar');
    expect(installed).toMatchObject({ code: 0, stdout: expect.stringMatching(/now: confirmed/) });
    await running.says(/"event":"application","message":"runs 1\.0\.0"/);
    const shown = { code: 0, stdout: expect.stringMatching(/^version +1\.0\.0$/m) };
    await expect.poll(() => agent('status')).toMatchObject(shown);

    await image('two.tar', '2.0.0', false);
    const unwell = await agent('install', 'two.tar', '--json');
    expect(unwell.code).toBe(1);
    expect(JSON.parse(unwell.stdout)).toMatchObject({ stage: 'rolled-back', outcome: { code: 'downloaded' } });
    const seen = await agent('status', '--json');
    expect(seen.code).toBe(1);
    expect(JSON.parse(seen.stdout)).toMatchObject({
      isRunning: true,
      version: '1.0.0',
      failure: { code: 'rolled-back' },
      application: { pid: expect.any(Number) },
    });
    const { pid = 0 } = JSON.parse(seen.stdout).application;
    running.signal('SIGTERM');
    expect((await running.ended).code).toBe(0);
    expect(() => process.kill(pid, 0)).toThrow();
  });

  it('installs from a file where no server answers, which status tells, and is no failure of the installation', async () => {
    await configure();
    server.close();
    await start();
    await image('one.tar', '1.0.0');
    expect(await agent('install', 'one.tar')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/now: confirmed/),
    });
    expect(await agent('status')).toMatchObject({ code: 1, stdout: expect.stringMatching(/connection-refused/) });
  });

  it('goes on showing how it is, a line for each change', async () => {
    await configure();
    await start();
    const watching = begin(['agent', 'status', '--watch', '--config', 'agent.toml'], { cwd: desk.dir });
    await watching.says(/idle/);
    await image('one.tar', '1.0.0');
    await agent('install', 'one.tar');
    await watching.says(/confirmed/);
    watching.signal('SIGINT');
    const { code, stdout } = await watching.ended;
    expect(code).toBe(0);
    expect(stdout.split('\n').every((line) => line === '' || /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}/.test(line))).toBe(
      true,
    );
  });

  it('shows the same on a terminal in one place', async () => {
    await configure();
    await start();
    const terminal = { cwd: desk.dir, isTTY: true, env: { NO_COLOR: '1' } };
    const watching = begin(['agent', 'status', '--watch', '--config', 'agent.toml'], terminal);
    await watching.complains(/Ctrl-C ends the watching/);
    watching.signal('SIGINT');
    const { stdout, stderr } = await watching.ended;
    expect(stderr).toMatch(/agent +runs, process \d+/);
    expect([stderr.slice(0, 6), stderr.slice(-6)]).toEqual(['\u001b[?25l', '\u001b[?25h']);
    expect(stdout).toMatch(/^stage +idle/m);
  });

  it('reads its configuration again, and keeps the one that it has where the new one is wrong', async () => {
    await configure();
    const running = await start();
    await configure('frimware = "x"\n');
    running.signal('SIGHUP');
    await running.says(/"event":"reload-refused".*did you mean firmware/);
    await configure('timeout = "2h"\n');
    running.signal('SIGHUP');
    await running.says(/"event":"reloaded"/);
  });

  it('lets nobody else work at its place, and the command installs by itself where no agent runs', async () => {
    await configure();
    await image('one.tar', '1.0.0');
    const alone = await agent('install', 'one.tar');
    expect(alone).toMatchObject({ code: 0, stdout: expect.stringMatching(/now: ready .*the agent does not run/) });
    expect(await readStatus(join(desk.dir, 'app'))).toMatchObject({ report: { stage: 'ready' } });
    const running = await start();
    expect(await agent()).toMatchObject({ code: 1, stderr: expect.stringContaining('agent-running') });
    await running.says(/"event":"confirmed"/);
  });
});

describe('an application that is installed', () => {
  /** Installs 1.0.0 and has it confirmed; the agent has ended again. */
  async function confirmed(): Promise<void> {
    await configure();
    await image('one.tar', '1.0.0');
    const running = await start();
    await agent('install', 'one.tar');
    await running.says(/"event":"confirmed"/);
    running.signal('SIGTERM');
    await running.ended;
  }

  it('runs where the older copy of the boot record cannot be read, and is kept up to date once it can', async () => {
    await confirmed();
    // The only record is the first one.
    const older = join(desk.dir, 'app/boot.1');
    await mkdir(older);
    const running = await start();
    await running.says(/"message":"runs 1\.0\.0"/);
    await rm(older, { recursive: true });
    await image('two.tar', '2.0.0');
    expect(await agent('install', 'two.tar')).toMatchObject({ stdout: expect.stringMatching(/now: confirmed/) });
  });

  it('is not taken for the agent, where a launcher started that', async () => {
    await configure();
    vi.stubEnv('FOTA_DIR', join(desk.dir, 'app'));
    vi.stubEnv('FOTA_SLOT', 'b');
    onTestFinished(() => void vi.unstubAllEnvs());
    await start();
    const { FOTA_DIR, FOTA_SLOT } = process.env;
    expect([FOTA_DIR, FOTA_SLOT]).toEqual([undefined, undefined]);
  });

  it('runs where what the agent needs is missing, which is looked for again', async () => {
    await confirmed();
    await configure('trust = "gateway.ring"\n');
    const running = begin(['agent', '--config', 'agent.toml'], { cwd: desk.dir });
    await running.says(/"event":"not-kept".*gateway\.ring cannot be read/);
    await running.says(/"message":"runs 1\.0\.0"/);
    running.signal('SIGTERM');
    expect((await running.ended).code).toBe(0);
  });
});

describe('releases on a stick', () => {
  const signer = makeSigner(1);
  const ring = formatKeyRing({
    project: 'gateway',
    serial: 1,
    releaseKeys: [signer.publicKey],
    ringKeys: [makeSigner(2).publicKey],
  });
  const put = async (name: string, bytes: Buffer, version: string): Promise<void> => {
    await desk.file(`stick/${name}.minisig`, signer.release(bytes, { version }));
    await desk.file(`stick/${name}`, bytes);
  };

  it('are taken by what is signed, the newest first, and one that is not signed never', async () => {
    await configure('trust = "gateway.ring"\n', 'folder = "stick"\n');
    await desk.file('gateway.ring', ring);
    const running = await start();
    const [old, bad, best] = [
      await image('old.tar', '1.0.0'),
      await image('bad.tar', '3.0.0'),
      await image('best.tar', '2.0.0'),
    ];
    await mkdir(join(desk.dir, 'stick'));
    await put('old.tar', old, '1.0.0');
    await put('bad.tar', bad, '3.0.0');
    await writeFile(join(desk.dir, 'stick/bad.tar'), Buffer.concat([bad, Buffer.from('x')]));
    await put('best.tar', best, '2.0.0');
    await desk.file('stick/unsigned.tar', best);
    await running.says(/"message":"runs 2\.0\.0"/);
    await running.says(/"event":"confirmed".*2\.0\.0/);
    await expect.poll(() => agent('status')).toMatchObject({ code: 0 });
    const { stdout } = await agent('install', 'old.tar', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ outcome: { code: 'signature-missing' }, version: '2.0.0' });
    expect(await readFile(join(desk.dir, 'app/current/package.json'), 'utf8')).toContain('2.0.0');
  });
});
