import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { begin, fota, type Ran, type Running } from './run.ts';

/** A folder in which somebody types commands, all of which run in this process. */
export interface Desk {
  readonly dir: string;
  fota(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  /** The same with --json, which must end with 0; its one document. */
  json<T>(...args: readonly string[]): Promise<T>;
  /** Starts a command and lets it run. */
  begin(...args: readonly string[]): Running;
  /** Starts a server on ports of its own; it ends with the desk. */
  serve(...args: readonly string[]): Promise<Serving>;
  file(name: string, bytes: Uint8Array | string): Promise<void>;
  /** Ends what was started, removes the folder. */
  clear(): Promise<void>;
}

export interface Serving extends Running {
  readonly url: string;
  readonly adminUrl: string;
  /** Empty unless it is the first start. */
  readonly token: string;
}

export async function makeDesk(): Promise<Desk> {
  const dir = await mkdtemp(join(tmpdir(), 'fota desk '));
  const started: Running[] = [];
  const start: Desk['begin'] = (...args) => {
    const running = begin(args, { cwd: dir });
    started.push(running);
    return running;
  };
  return {
    dir,
    fota: (args, env = {}) => fota(args, { cwd: dir, env }),
    async json<T>(...args: readonly string[]) {
      const { code, stdout, stderr } = await fota([...args, '--json'], { cwd: dir });
      if (code !== 0) throw new Error(`fota ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
      return JSON.parse(stdout) as T;
    },
    begin: start,
    async serve(...args) {
      const running = start('serve', '--port', '0', '--admin-port', '0', ...args);
      const { input: screen } = await running.says(/Ctrl-C ends the server/);
      const found = (pattern: RegExp): string => pattern.exec(screen)?.[1] ?? '';
      return {
        ...running,
        url: found(/^devices +(http:\S+)\/upgrade$/m),
        adminUrl: found(/^admin +(http:\S+)$/m),
        token: found(/^token +(\S+)/m),
      };
    },
    file: (name, bytes) => writeFile(join(dir, name), bytes),
    async clear() {
      for (const running of started) running.signal('SIGTERM');
      await Promise.all(started.map(({ ended }) => ended));
      await rm(dir, { recursive: true, force: true });
    },
  };
}
