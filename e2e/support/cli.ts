import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Program, start } from './programs.ts';

/** The command as it was built. */
export const bin: string = fileURLToPath(new URL('../../packages/cli/bin/fota.mjs', import.meta.url));

/** What one call of the command did. */
export interface Called {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder in which somebody types commands, with nothing of our environment but the search path. */
export interface Desk {
  readonly dir: string;
  /** Runs `fota` to its end. */
  fota(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Called>;
  /** The same with --json, which must end with 0; its one document. */
  json<T>(...args: readonly string[]): Promise<T>;
  /** Runs a line in which `fota` is this one. */
  shell(line: string): Promise<Called>;
  /** Starts `fota` and lets it run. */
  start(...args: readonly string[]): Program;
  /** Ends what was started, removes the folder. */
  clear(): Promise<void>;
}

export async function makeDesk(): Promise<Desk> {
  const dir = await mkdtemp(join(tmpdir(), 'fota desk '));
  const programs: Program[] = [];
  const run = (file: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Called> =>
    new Promise((resolve) => {
      const options = { cwd: dir, env: { PATH: process.env['PATH'], HOME: dir, ...env }, maxBuffer: 1 << 26 };
      execFile(file, args, options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  const fota: Desk['fota'] = (args, env = {}) => run(process.execPath, [bin, ...args], env);
  return {
    dir,
    fota,
    shell: (line) => run('sh', ['-c', `fota() { "${process.execPath}" "${bin}" "$@"; }\n${line}`], {}),
    async json<T>(...args: readonly string[]) {
      const { code, stdout, stderr } = await fota([...args, '--json']);
      if (code !== 0) throw new Error(`fota ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
      return JSON.parse(stdout) as T;
    },
    start(...args) {
      const program = start(process.execPath, [bin, ...args], { cwd: dir });
      programs.push(program);
      return program;
    },
    async clear() {
      for (const program of programs) await program.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A running server of the command. */
export interface Serving {
  readonly program: Program;
  readonly url: string;
  readonly adminUrl: string;
  /** Empty unless it is the first start. */
  readonly token: string;
}

export async function serve(desk: Desk, ...args: readonly string[]): Promise<Serving> {
  const program = desk.start('serve', '--port', '0', '--admin-port', '0', ...args);
  await program.says(/Ctrl-C ends the server/);
  const screen = program.output();
  const [, url = ''] = /^devices +(http:\S+)\/upgrade$/m.exec(screen) ?? [];
  const [, adminUrl = ''] = /^admin +(http:\S+)$/m.exec(screen) ?? [];
  const [, token = ''] = /^token +(\S+)/m.exec(screen) ?? [];
  return { program, url, adminUrl, token };
}

/** A way to a server on which connections break once the client has sent so many bytes. */
export interface Uplink {
  readonly port: number;
  /** Connections so far. */
  connections(): number;
  close(): Promise<void>;
}

/** `limit` says for each connection, from number 1, after how many bytes it breaks; `onBreak` is waited for before the next. */
export async function startUplink(
  toPort: number,
  limit: (connection: number) => number,
  onBreak: (connection: number) => Promise<void> = async () => undefined,
): Promise<Uplink> {
  const open = new Set<Socket>();
  let connections = 0;
  let ready = Promise.resolve();
  const server = createServer({ pauseOnConnect: true }, (client) => {
    const number = ++connections;
    let left = limit(number);
    open.add(client);
    client.on('error', () => undefined).on('close', () => open.delete(client));
    void ready.then(() => {
      const upstream = connect(toPort, '127.0.0.1');
      upstream.on('error', () => client.resetAndDestroy()).on('close', () => client.destroy());
      client.on('close', () => upstream.destroy());
      upstream.pipe(client);
      client.on('data', (piece: Buffer) => {
        left -= piece.length;
        if (left >= 0) upstream.write(piece);
        else if (!client.destroyed) {
          ready = onBreak(number);
          client.resetAndDestroy();
        }
      });
      client.resume();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
