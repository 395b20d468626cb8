import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Program, start } from './programs.ts';

/** The servers of `examples/servers`, each with `firmware.bin` in the folder `dir`. */
export interface Started {
  readonly url: string;
  readonly program: Program;
}

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));

export async function startFiveLines(dir: string): Promise<Started> {
  const program = start(process.execPath, [join(examples, 'servers/five-lines.mjs')], { cwd: dir, env: { PORT: '0' } });
  const [, port] = await program.says(/port (\d+)/);
  return { url: `http://127.0.0.1:${port}/upgrade`, program };
}

export async function startPython(python: string, dir: string): Promise<Started> {
  const args = ['-u', '-m', 'http.server', '0', '--bind', '127.0.0.1', '--directory', dir];
  const program = start(python, args, { cwd: dir });
  const [, port] = await program.says(/port (\d+)/);
  return { url: `http://127.0.0.1:${port}/firmware.bin`, program };
}

/** The documented file as it stands, but for the port, the folder and the interface. */
export async function startNginx(nginx: string, dir: string): Promise<Started> {
  const port = await freePort();
  const documented = await readFile(join(examples, 'servers/nginx.conf'), 'utf8');
  const site = documented.replace('listen 8080', `listen 127.0.0.1:${port}`).replace('/srv/upgrade;', `"${dir}";`);
  const prefix = join(dir, 'nginx');
  await mkdir(prefix);
  const asRoot = process.getuid?.() === 0 ? 'user root;' : '';
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
  await writeFile(
    join(prefix, 'nginx.conf'),
    `${asRoot} daemon off; worker_processes 1; pid nginx.pid; error_log stderr notice;
events {}
http { access_log off; ${scratch.join(' ')}\n${site}\n}\n`,
  );
  const program = start(nginx, ['-p', prefix, '-c', 'nginx.conf', '-e', 'stderr'], { cwd: dir });
  await program.says(/start worker process \d/);
  return { url: `http://127.0.0.1:${port}/upgrade`, program };
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
