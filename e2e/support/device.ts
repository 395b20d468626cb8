import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Program, start } from './programs.ts';

/** A machine to run examples on: a folder, and a `systemctl` that only writes down what it was asked for. */
export interface Device {
  readonly dir: string;
  /** Starts an example of `examples/`, by its name without an ending, or any compiled file by its path. */
  start(example: string, env: Readonly<Record<string, string>>, options?: { readonly warp?: boolean }): Program;
  /** The arguments of every call of `systemctl`. */
  asked(): Promise<readonly string[]>;
}

const loopback = new URL('loopback.mjs', import.meta.url).href;
const warp = new URL('warp.mjs', import.meta.url).href;
const compiled = fileURLToPath(new URL('../../examples/dist/', import.meta.url));

export async function makeDevice(dir: string): Promise<Device> {
  const programs = join(dir, 'bin');
  const record = join(dir, 'systemctl.log');
  await mkdir(programs, { recursive: true });
  await writeFile(join(programs, 'systemctl'), `#!/bin/sh\necho "$*" >> '${record}'\n`);
  await chmod(join(programs, 'systemctl'), 0o755);
  return {
    dir,
    start(example, env, options = {}) {
      const file = example.endsWith('.js') ? example : join(compiled, `${example}.js`);
      const warped = options.warp === true;
      const preloads = [loopback, ...(warped ? [warp] : [])].flatMap((url) => ['--import', url]);
      const path = [programs, process.env['PATH']].join(delimiter);
      return start(process.execPath, [...preloads, file], { cwd: dir, env: { ...env, PATH: path }, ipc: warped });
    },
    async asked() {
      const text = await readFile(record, 'utf8').catch(() => '');
      return text.split('\n').filter((line) => line !== '');
    },
  };
}
