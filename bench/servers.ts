import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A server in a process of its own, the same for everyone who is measured. */
export interface ImageServer {
  readonly name: string;
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves `file`: by nginx where it is installed, else by bare `node:http` from memory. */
export function serveImage(file: string): Promise<ImageServer> {
  const nginx = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin']
    .map((dir) => join(dir, 'nginx'))
    .find((path) => existsSync(path));
  return nginx === undefined ? bareNode(file) : nginxServer(nginx, file);
}

async function bareNode(file: string): Promise<ImageServer> {
  const script = fileURLToPath(new URL('children/server.js', import.meta.url));
  const child = spawn(process.execPath, [script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { name: 'node:http from memory', url, stop: () => stop(child) };
}

async function nginxServer(program: string, file: string): Promise<ImageServer> {
  const dir = join(dirname(file), 'nginx');
  const port = await freePort();
  // Started by root it would hand its work to a user who may not read a private folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
  await mkdir(dir);
  await writeFile(
    join(dir, 'nginx.conf'),
    `${user} daemon off; pid pid; error_log error.log; events {}
     http { access_log off; sendfile on; ${scratch.join(' ')}
       server { listen 127.0.0.1:${port}; root ..; } }`,
  );
  const child = spawn(program, ['-p', dir, '-e', 'error.log', '-c', 'nginx.conf'], { stdio: 'inherit' });
  const url = `http://127.0.0.1:${port}/image.bin`;
  while (!(await answers(url))) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
  }
  return { name: 'nginx', url, stop: () => stop(child) };
}

async function stop(child: ReturnType<typeof spawn>): Promise<void> {
  const gone = once(child, 'exit');
  child.kill();
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

/** Whether somebody listens there; a status other than 200 is an error of ours. */
function answers(url: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    get(url, { method: 'HEAD' }, ({ statusCode }) => {
      if (statusCode === 200) resolve(true);
      else reject(new Error(`${url} answered ${statusCode}`));
    }).on('error', () => resolve(false));
  });
}
