import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tool } from '@libfota2/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { createNotifier } from './notify.ts';

const systemd = tool('systemd-notify', 'apt-get install systemd');
const python = tool('python3', 'apt-get install python3');

/** What systemd would hear, a line for each message. */
const LISTENER = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("ready", flush=True)
while True: print(s.recv(4096).decode().replace("\\n", " "), flush=True)`;

it.skipIf(systemd === undefined || python === undefined)(
  'tells systemd that it runs, how it is, that it lives, and that it ends, in this order',
  async () => {
    const dir = await mkdtemp(join(tmpdir(), 'fota-'));
    const socket = join(dir, 'notify');
    const listener = spawn(python ?? '', ['-c', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(async () => {
      listener.kill('SIGKILL');
      await rm(dir, { recursive: true });
    });
    let heard = '';
    listener.stdout.on('data', (bytes) => {
      heard += bytes;
    });
    await expect.poll(() => heard, { timeout: 5_000 }).toContain('ready');
    const env = { PATH: process.env['PATH'], NOTIFY_SOCKET: socket, WATCHDOG_USEC: '400000' };
    const said: string[] = [];
    const notifier = createNotifier(env, (_, event) => said.push(event));
    notifier.ready();
    notifier.status('idle;\n1.0.0 runs');
    await expect.poll(() => heard, { timeout: 5_000 }).toContain('WATCHDOG=1');
    notifier.reloading();
    notifier.ready();
    await notifier.stopping();
    const order = ['READY=1', 'STATUS=idle; 1.0.0 runs', 'RELOADING=1 MONOTONIC_USEC=', 'READY=1', 'STOPPING=1'];
    const lines = heard.split('\n').filter((line) => /^(?!BARRIER|WATCHDOG)[A-Z]/.test(line));
    expect(lines.map((line) => line.replace(/(?<=USEC=)\d+$/, ''))).toEqual(order);
    expect(said).toEqual([]);
  },
);

it('is silent where nobody listens, and says once where its program is missing', async () => {
  const said: string[] = [];
  const silent = createNotifier({}, (_, event) => said.push(event));
  silent.ready();
  silent.status('x');
  await silent.stopping();
  const missing = createNotifier({ NOTIFY_SOCKET: '/nowhere', PATH: '/nowhere' }, (_, event) => said.push(event));
  missing.ready();
  missing.status('x');
  await missing.stopping();
  expect(said).toEqual(['systemd-unreachable']);
});

it('goes on telling after a message that failed, says so once, and then again that it is ready', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'fota-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const heard = join(dir, 'heard');
  // As on a machine that is too busy: the first two calls fail.
  const program = `#!/bin/sh\necho "$*" >>'${heard}'; [ "$(wc -l <'${heard}')" -gt 2 ]\n`;
  await writeFile(join(dir, 'systemd-notify'), program, { mode: 0o755 });
  const said: string[] = [];
  const env = { NOTIFY_SOCKET: '/x', WATCHDOG_USEC: '200000', PATH: `${dir}:${process.env['PATH']}` };
  const notifier = createNotifier(env, (_, event) => said.push(event));
  notifier.ready();
  const lines = async (): Promise<string[]> => (await readFile(heard, 'utf8').catch(() => '')).split('\n');
  await expect.poll(lines, { timeout: 10_000 }).toContain('WATCHDOG=1');
  await notifier.stopping();
  const owing = 'READY=1 WATCHDOG=1';
  expect((await lines()).slice(0, 4)).toEqual(['READY=1', owing, owing, 'WATCHDOG=1']);
  expect(said).toEqual(['systemd-unreachable']);
});
