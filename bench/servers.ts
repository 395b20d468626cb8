import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A server in a process of its own. */
export interface Served {
  readonly name: string;
  /** Scheme, host and port. */
  readonly origin: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** The path of a program that is installed; `undefined` where it is not. */
export function program(name: string): string | undefined {
  return [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin']
    .map((dir) => join(dir, name))
    .find((path) => existsSync(path));
}

/** Serves `file` at `/image.bin`: by nginx where it is installed, else by bare `node:http` from memory. */
export function serveImage(file: string): Promise<Served> {
  const nginx = program('nginx');
  return nginx === undefined
    ? startNode('node:http from memory', 'from-memory', [file])
    : startNginx(nginx, dirname(file));
}

/** A server of `children`. Its first message is its origin; it ends when nobody holds the other end. */
export async function startNode(
  name: string,
  script: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<Served> {
  const path = fileURLToPath(new URL(`children/${script}.js`, import.meta.url));
  const child = fork(path, [...args], { execArgv: [...flags], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const origin = await Promise.race([
    once(child, 'message').then(([told]) => told as string),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}`))),
  ]);
  return { name, origin, process: child, stop: () => stop(child, () => child.disconnect()) };
}

/** nginx with one worker, as it is tuned for files; every connection is closed after its answer. */
export async function startNginx(path: string, root: string): Promise<Served> {
  const dir = await mkdtemp(join(root, 'nginx-'));
  const port = await freePort();
  // Started by root it would hand its work to a user who may not read a private folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
  await mkdir(dir, { recursive: true });
  await writeFile(
    join(dir, 'nginx.conf'),
    `${user} daemon off; worker_processes 1; pid pid; error_log error.log; events {}
     http { access_log off; sendfile on; tcp_nopush on; keepalive_timeout 0; ${scratch.join(' ')}
       server { listen 127.0.0.1:${port}; root ..; } }`,
  );
  const child = spawn(path, ['-p', dir, '-e', 'error.log', '-c', 'nginx.conf'], { stdio: 'inherit' });
  const origin = `http://127.0.0.1:${port}`;
  while (!(await answers(origin))) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
  }
  return { name: 'nginx', origin, process: child, stop: () => stop(child, () => child.kill()) };
}

/** Seconds of CPU that a process and its children have used, in the clock ticks of /proc: hundredths. */
export function cpuOf({ pid }: ChildProcess): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return [String(pid), ...children].map(ticksOf).reduce((sum, ticks) => sum + ticks, 0) / 100;
}

function ticksOf(pid: string): number {
  // Behind the name, which may hold anything: state, …, utime and stime as the 12th and 13th.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

async function stop(child: ChildProcess, end: () => void): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = once(child, 'exit');
  end();
  await gone;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Whether somebody listens there. */
function answers(origin: string): Promise<boolean> {
  return fetch(origin, { method: 'HEAD' }).then(
    () => true,
    () => false,
  );
}
