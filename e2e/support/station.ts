import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin } from './cli.ts';
import { root } from './packed.ts';
import { type Program, run, start } from './programs.ts';

/** A machine on which somebody follows docs/operations.md: its paths lie in a folder, its service manager starts real servers. */
export interface Station {
  readonly dir: string;
  /** The page's text, with the paths, addresses and users of this machine. */
  here(code: string): string;
  /** Runs shell lines, stopping at the first that fails; resolves to what they said. */
  shell(code: string, env?: Readonly<Record<string, string>>): Promise<string>;
  /** Starts one line, and lets it run until `clear`. */
  begin(line: string, env?: Readonly<Record<string, string>>): Program;
  /** Where the devices of the server on this data folder ask. */
  devices(dataDir: string): Promise<string>;
  clear(): Promise<void>;
}

/** `unit` is the page's unit for systemd. */
export async function makeStation(unit: string): Promise<Station> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'fota-operations-')));
  const user = (await run('id', ['-un'], { cwd: dir })).trim();
  const stead = new Map([
    ['/opt/libfota2/packages', join(root, 'packages')],
    ['/usr/bin/node', process.execPath],
    ...['/opt/', '/var/', '/etc/fota', '/tmp/'].map((path) => [path, `${dir}${path}`] as const),
    ['0.0.0.0', '127.0.0.1'],
    ['-o fota', `-o ${user}`],
  ]);
  const there = new RegExp([...stead.keys()].join('|').replaceAll('.', '\\.'), 'g');
  const here = (code: string): string => code.replace(there, (found) => stead.get(found) ?? found);
  const env = {
    PATH: `${join(dir, 'bin')}:${process.env['PATH']}`,
    FOTA_KEY_PASSPHRASE: 'of the reader',
    FOTA_RING_PASSPHRASE: 'kept apart',
    FOTA_PORT: '0',
    FOTA_ADMIN_PORT: '0',
    FOTA_DATA: join(dir, 'var/lib/fota'),
  };
  for (const folder of ['bin', 'opt', 'var/lib/fota', 'var/backups/fota', 'etc/fota', 'tmp'])
    await mkdir(join(dir, folder), { recursive: true });
  const program = async (name: string, script: string): Promise<void> => {
    await writeFile(join(dir, 'bin', name), `#!/bin/sh\n${script}\n`);
    await chmod(join(dir, 'bin', name), 0o755);
  };
  await program('fota', `exec "${process.execPath}" "${bin}" "$@"`);
  await program('sudo', 'shift 2; exec "$@"');
  await program('npm', `echo "npm $*" >> "${dir}/npm.log"`);
  const [, command = 'false'] = /^ExecStart=(.*)$/m.exec(here(unit)) ?? [];
  await program(
    'systemctl',
    `cd "${dir}"
case "$*" in
'start fota')
  (${command} & echo $! > server.pid; wait; rm server.pid) > server.log 2>&1 &
  for i in $(seq 300); do [ -e var/lib/fota/server.json ] && exit 0; sleep 0.1; done
  cat server.log >&2 ;;
'stop fota')
  kill "$(cat server.pid)"
  for i in $(seq 300); do [ -e server.pid ] || exit 0; sleep 0.1; done ;;
esac
exit 1`,
  );
  const programs: Program[] = [];
  const options = (more: Readonly<Record<string, string>> = {}) => ({ cwd: dir, env: { ...env, ...more } });
  return {
    dir,
    here,
    shell: (code, more) => run('sh', ['-c', `set -eu\n${code}`], options(more)),
    begin(line, more) {
      const begun = start('sh', ['-c', `exec ${line}`], options(more));
      programs.push(begun);
      return begun;
    },
    async devices(dataDir) {
      return (JSON.parse(await readFile(join(dataDir, 'server.json'), 'utf8')) as { readonly url: string }).url;
    },
    async clear() {
      for (const one of programs) await one.stop();
      await run('sh', ['-c', '[ ! -e server.pid ] || systemctl stop fota'], options());
      await rm(dir, { recursive: true });
    },
  };
}
