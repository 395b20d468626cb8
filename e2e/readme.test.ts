import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tool } from '@libfota2/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install, pack, quietNpm, root } from './support/packed.ts';
import { blocksOf, FENCE, page } from './support/pages.ts';
import { type Program, run, start } from './support/programs.ts';
import { freePort, startFiveLines } from './support/servers.ts';

const cmp = tool('cmp', 'apt-get install diffutils');

/** A passphrase costs seconds and 1 GiB wherever it is used: `npm test` tells this story with keys that lie open. */
const isProving = process.env['PROVE'] !== undefined;

const fota = join(root, 'packages/cli/bin/fota.mjs');

/** What `npm install` does in a clone: the command lies in node_modules/.bin. */
async function installFota(clone: string): Promise<void> {
  const bin = join(clone, 'node_modules/.bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'fota'), `#!/bin/sh\nexec "${process.execPath}" "${fota}" "$@"\n`, { mode: 0o755 });
}

/**
 * The README as a story: its blocks are executed in their order by somebody who sits in a clone, with a folder beside it.
 * A block that nobody here knows how to execute fails its test.
 */
describe('the README', () => {
  const blocks = blocksOf(page('README.md'));
  let dir: string;
  /** Where the last shell block ended. */
  let cwd: string;
  /** The search path that it left to its terminal. */
  let path = process.env['PATH'] ?? '';
  /** What the last shell block said. */
  let said = '';
  let port: number;
  let devicePort: number;
  const servers: Program[] = [];

  beforeAll(async () => {
    dir = await realpath(await mkdtemp(join(tmpdir(), 'libfota2 readme ')));
    cwd = join(dir, 'clone');
    await mkdir(cwd);
    await installFota(cwd);
    port = await freePort();
    devicePort = await freePort();
  });

  afterAll(async () => {
    for (const server of servers) await server.stop();
    await rm(dir, { recursive: true });
  });

  /** Runs shell lines where the last ones ended, stopping at the first that fails. */
  async function shell(code: string): Promise<void> {
    // Nobody sits here to type a passphrase.
    const env = {
      ...quietNpm,
      PATH: path,
      HERE: join(dir, 'here'),
      FOTA_KEY_PASSPHRASE: 'of the reader',
      FOTA_RING_PASSPHRASE: 'kept apart',
    };
    // Where a machine has no cmp, the rest is told all the same.
    const known = cmp === undefined ? code.replaceAll(/\bcmp [^;\n]*/g, ':') : code;
    const affordable = isProving ? known : known.replaceAll(/\bfota keys new /g, '$&--no-passphrase ');
    const here = affordable.replaceAll(':8266/', `:${devicePort}/`);
    const script = `set -eu\ntrap 'printf "%s\\n" "$PWD" "$PATH" > "$HERE"' EXIT\n${here}`;
    said = await run('sh', ['-c', script], { cwd, env });
    [cwd = '', path = ''] = (await readFile(env.HERE, 'utf8')).split('\n');
  }

  async function serve(command: string, args: readonly string[]): Promise<void> {
    const server = start(command, args, { cwd, env: { PORT: String(port) } });
    servers.push(server);
    await server.says(/port \d+/);
  }

  const commands: Readonly<Record<string, () => Promise<void>>> = {
    // What scripts/start.mjs runs once it has set up; `npm test` has done that already.
    'npm start': async () => {
      const demo = pathToFileURL(join(root, 'packages/cli/dist/demo/main.js'));
      const options = ['--once', '--port', '0', '--data', '.data/demo'];
      const start = join(dir, 'start.mjs');
      const code = `import { demo } from '${demo}'; process.exitCode = await demo(process.argv.slice(2), '.');\n`;
      await writeFile(start, code);
      said = await run(process.execPath, [start, ...options], { cwd });
    },
    'PATH="$PWD/node_modules/.bin:$PATH"\nfota serve': async () => {
      const server = start(process.execPath, [fota, 'serve', '--port', String(devicePort), '--admin-port', '0'], {
        cwd,
      });
      servers.push(server);
      await server.says(/Ctrl-C ends the server/);
    },
    // We are in it.
    'npm test': async () => expect(JSON.parse(page('package.json')).scripts.test).toBe('node scripts/test.mjs'),
    'node server.mjs': () => serve(process.execPath, ['server.mjs']),
    'python3 -m http.server': async () => {
      for (const server of servers.splice(0)) await server.stop();
      const python = tool('python3', 'apt-get install python3-minimal');
      if (python === undefined) return;
      await serve(python, ['-u', '-m', 'http.server', String(port)]);
      await rm(join(cwd, 'update.bin'));
      const device = (await readFile(join(cwd, 'device.mjs'), 'utf8')).replace('/upgrade', '/firmware.bin');
      await writeFile(join(cwd, 'device.mjs'), device);
      await shell('node device.mjs 1.0.0; cmp firmware.bin update.bin; node device.mjs 1.0.0');
      expect(said).toMatch(/^0 5000000 bytes.*\n4 No upgrade \(status 304\)\.\n$/);
    },
  };

  async function runShell(code: string): Promise<void> {
    const known = Object.entries(commands).find(([name]) => code.startsWith(name));
    if (known !== undefined) return known[1]();
    // The clone in which this test runs stands in for the reader's.
    const packing = 'npm pack --workspace libfota2\n';
    if (code.startsWith(packing)) await pack(cwd);
    await shell(code.replace(packing, ''));
  }

  const kinds: Readonly<Record<string, (code: string) => Promise<void>>> = {
    sh: runShell,
    // Screens: the same lines, but for numbers, bars and folders.
    async text(code) {
      const screen = plain(said.replaceAll(`${cwd}/.data`, '.data').replaceAll(`${dir}/`, '/home/you/'));
      let from = 0;
      for (const line of plain(code)
        .split('\n')
        .filter((one) => one !== '')) {
        const at = screen.indexOf(line, from);
        expect(at, `“${line}” on the screen\n${screen}`).toBeGreaterThanOrEqual(0);
        from = at + line.length;
      }
    },
    async js(code) {
      const [, name = ''] = /^\/\/ (\w+\.mjs): /.exec(code) ?? [];
      expect(name, 'a file name in the first line').not.toBe('');
      if (name === 'server.mjs') expect(code).toBe(page('examples/servers/five-lines.mjs'));
      await writeFile(join(cwd, name), code.replace('8080/', `${port}/`));
    },
    // Compiled with the workspace, executed by examples.test.ts.
    async ts(code) {
      const names = ['promise', 'schedule', 'scheduled-self-built'];
      expect(names.map((name) => page(`examples/${name}.ts`))).toContain(code);
    },
    // Executed by examples.test.ts.
    async toml(code) {
      const [, name = ''] = /^# ([\w.]+)\n/.exec(code) ?? [];
      await writeFile(join(cwd, name), code);
      await writeFile(join(cwd, 'gateway.ring'), await readFile(join(dir, 'clone/tracker.ring')));
      await shell(`fota agent config --check --config ${name}`);
    },
    async nginx(code) {
      expect(code).toBe(page('examples/servers/nginx.conf'));
    },
    async lua(code) {
      const lines = (text: string): string[] =>
        text
          .replaceAll(/url="[^"]*"/g, 'url')
          .split('\n')
          .map((line) => line.replace(/ *--.*/, '').trim());
      // Each line of ours after the one before it: nothing may be swapped.
      const documented = lines(DOCUMENTED_LUA);
      let from = 0;
      for (const line of lines(code).filter((one) => one !== '')) {
        const at = documented.indexOf(line, from);
        expect(at, `“${line}” in the documented example`).toBeGreaterThanOrEqual(0);
        from = at + 1;
      }
    },
  };

  for (const [i, { language, code }] of blocks.entries()) {
    const first = code.trim().split('\n', 1)[0];
    it(`tells the truth in block ${i + 1}, ${language}: ${first}`, { timeout: 120_000 }, async () => {
      const execute = kinds[language];
      if (execute === undefined) throw new Error(`Nobody knows how to execute a block of ${language || 'no language'}`);
      await execute(code);
    });
  }
});

describe('the README of the package', () => {
  const blocks = blocksOf(page('packages/libfota2/README.md'));
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'libfota2 package '));
  });

  afterAll(() => rm(dir, { recursive: true }));

  it('has one block, which upgrades where the package is installed', { timeout: 60_000 }, async () => {
    expect(blocks.map(({ language }) => language)).toEqual(['js']);
    const { tarball } = await pack(join(dir, 'packed'));
    const app = join(dir, 'app');
    await install(tarball, app);
    await writeFile(join(dir, 'firmware.bin'), 'an image');
    const { url, program } = await startFiveLines(dir);
    try {
      const code = (blocks[0]?.code ?? '').replace('http://127.0.0.1:8080/upgrade', url);
      await writeFile(join(app, 'device.mjs'), code);
      expect(await run(process.execPath, ['device.mjs'], { cwd: app })).toMatch(/^0 8 bytes are at /);
      expect(await readFile(join(app, 'update.bin'), 'utf8')).toBe('an image');
    } finally {
      await program.stop();
    }
  });

  it('has the numbers of the other two', () => {
    const numbers = (name: string): string[] =>
      [...page(name).matchAll(/^\| (\d) \| /gm)].map(([, number = '']) => number);
    const all = ['packages/libfota2/README.md', 'README.md', 'README.zh-CN.md'].map(numbers);
    expect(all).toEqual(all.map(() => ['0', '1', '2', '3', '4', '5']));
  });
});

it('has the same code in both languages', () => {
  expect(blocksOf(page('README.zh-CN.md'))).toEqual(blocksOf(page('README.md')));
});

describe.each([
  'README.md',
  'README.zh-CN.md',
  'packages/libfota2/README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'docs/operations.md',
  'docs/commands.md',
])('%s', (name) => {
  it('links to nothing that is not there', () => {
    const text = page(name).replace(FENCE, '');
    const targets = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
    const missing = targets.filter(
      (target) => !/^https?:/.test(target) && !existsSync(join(root, dirname(name), target)),
    );
    expect(missing).toEqual([]);
  });
});

/** A screen without what differs from machine to machine and from run to run. Results, versions and sizes stay. */
function plain(screen: string): string {
  return screen
    .replace(/[▁-█]+/g, '')
    .replace(/[0-9a-f]{8,}…/g, '…')
    .replace(
      /(^(?: +result +)?[0-5](?= )|\d+\.\d+\.\d+(?![.\d])|[\d.]+ [kM]B|(?<=status )\d+)|\d+(?:\.\d+)?/gm,
      (_, kept: string | undefined) => kept ?? '#',
    )
    .replace(/ +/g, ' ');
}

/** The example of LuatOS' own page, which this library keeps word for word. */
const DOCUMENTED_LUA = `
local libfota2 = require("libfota2")

function libfota_cb(result)
    log.info("fota", "result", result)
    if result == 0 then
        rtos.reboot()   --If there is something else to do, decide for yourself the timing of the reboot
    end
end

libfota2.request(libfota_cb)

local opts = {url="http://xxxxxx.com/xxx/upgrade"}
libfota2.request(libfota_cb, opts)

sys.timerLoopStart(libfota2.request, 4*3600*1000, libfota_cb)
sys.timerLoopStart(libfota2.request, 4*3600*1000, libfota_cb, opts)
`;
