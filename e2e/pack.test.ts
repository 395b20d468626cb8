import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeImage } from '@libfota2/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDevice } from './support/device.ts';
import { install, type Packed, pack, root, typecheck } from './support/packed.ts';
import { run } from './support/programs.ts';
import { startFiveLines } from './support/servers.ts';

const isProving = process.env['PROVE'] !== undefined;

let dir: string;
let app: string;
let packed: Packed;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'libfota2 packed '));
  app = join(dir, 'an app');
  packed = await pack(dir);
  await install(packed.tarball, app);
}, 120_000);

afterAll(() => rm(dir, { recursive: true }));

describe('the tarball of libfota2', () => {
  it('is one, with what a user needs and no source', async () => {
    expect((await readdir(dir)).filter((name) => name.endsWith('.tgz'))).toHaveLength(1);
    const needed = ['LICENSE', 'README.md', 'dist/index.js', 'dist/core.d.ts', 'dist/slots.js'];
    needed.push('launcher/launch.sh', 'launcher/uboot.env');
    expect(packed.files).toEqual(expect.arrayContaining(needed));
    const isOurs = /^(LICENSE|README\.md|package\.json|launcher\/(launch\.sh|uboot\.env)|dist\/[^/]+\.(js|d\.ts))$/;
    expect(packed.files.filter((path) => !isOurs.test(path))).toEqual([]);
  });

  it('brings the launcher to where its slots say that it is', async () => {
    const script = "import('libfota2/slots').then(({ launcherPath }) => console.log(launcherPath))";
    const path = await run(process.execPath, ['-e', script], { cwd: app });
    expect(await readFile(path.trim(), 'utf8')).toContain('#!/bin/sh');
  });

  it('depends on nothing and names no package of this workspace', async () => {
    const manifest = JSON.parse(await readFile(join(app, 'node_modules/libfota2/package.json'), 'utf8'));
    for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies'])
      expect(manifest[kind]).toBe(undefined);
    expect(await readdir(join(app, 'node_modules'))).toEqual(expect.not.arrayContaining(['@libfota2']));
    for (const path of packed.files.filter((name) => name.startsWith('dist/'))) {
      const code = await readFile(join(app, 'node_modules/libfota2', path), 'utf8');
      expect(code.match(/from "(?!node:|\.\/)[^"]*"/g), path).toBe(null);
    }
  });

  it('satisfies publint and, but for one explained rule, arethetypeswrong', async () => {
    const bin = (path: string): string => join(root, 'node_modules', path);
    await run(process.execPath, [bin('publint/src/cli.js'), 'run', packed.tarball, '--strict'], { cwd: dir });
    // Node since 20.19 can require() an ES module, which this tool does not know yet: docs/decisions/0002.
    const known = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm'];
    await run(process.execPath, [bin('@arethetypeswrong/cli/dist/index.js'), packed.tarball, ...known], { cwd: dir });
  });
});

describe('the installed package', () => {
  /** Runs a program of the app and returns what it said, warnings of Node included. */
  async function say(name: string, code: string): Promise<string> {
    await writeFile(join(app, name), code);
    return run(process.execPath, [name], { cwd: app });
  }

  it('is required without a warning', async () => {
    const code = `const { request, upgrade, sys } = require('libfota2');
      console.log(typeof request, typeof upgrade, typeof sys.timerLoopStart, typeof require('libfota2/core').createCore);`;
    expect(await say('required.cjs', code)).toBe('function function function function\n');
  });

  it('is imported as one object', async () => {
    const code = `import libfota2 from 'libfota2'; console.log(typeof libfota2.request, libfota2.RESULT.success);`;
    expect(await say('object.mjs', code)).toBe('function 0\n');
  });

  it('is imported by names, which are the same functions', async () => {
    const code = `import libfota2, { request } from 'libfota2';
      import { createCore, RESULT } from 'libfota2/core';
      console.log(request === libfota2.request, RESULT === libfota2.RESULT, typeof createCore);`;
    expect(await say('names.mjs', code)).toBe('true true function\n');
  });

  it('keeps everything else behind its doors', async () => {
    const code = `import('libfota2/dist/core.js').catch((error) => console.log(error.code));`;
    expect(await say('behind.mjs', code)).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });
});

describe('the types of the installed package', () => {
  const imports = `import libfota2, { type Callback, type Outcome, RESULT, request, sys, upgrade } from 'libfota2';
import { createCore, type World } from 'libfota2/core';
const callback: Callback = (result: 0 | 1 | 2 | 3 | 4 | 5, outcome) => {
  if (outcome.kind === 'no-upgrade') console.log(outcome.refusal?.code, result === RESULT.messageError);
};
request(callback);
request(callback, null);
libfota2.request(callback, { url: 'http://127.0.0.1/', project_key: undefined });
const timer: number = sys.timerLoopStart(request, 4 * 3600 * 1000, callback, { url: 'http://127.0.0.1/' });
const outcome: Promise<Outcome> = upgrade({ signal: new AbortController().signal, onProgress: ({ bytes }) => bytes });
export const make = (world: World) => createCore(world, { dir: '.' });
// @ts-expect-error a callback must be passed
request();
// @ts-expect-error the documented name is timeout
request(callback, { timeoutMs: 1 });
console.log(timer, outcome);
`;
  const required = `import libfota2 = require('libfota2');
libfota2.request((result: number) => console.log(result));
libfota2.default.request((result: number) => console.log(result));
`;

  it('are strict under nodenext, for modules and for CommonJS', async () => {
    const at = join(dir, 'an app/nodenext');
    await mkdir(at);
    await writeFile(join(at, 'module.mts'), imports);
    await writeFile(join(at, 'common.cts'), required);
    await typecheck(at, ['module.mts', 'common.cts'], { module: 'nodenext' });
  });

  // It takes seconds to check the declarations of Node once more; what differs here, arethetypeswrong has looked at.
  if (isProving) {
    it('are strict under a bundler', async () => {
      const at = join(dir, 'an app/bundler');
      await mkdir(at);
      await writeFile(join(at, 'module.ts'), imports);
      await typecheck(at, ['module.ts'], { module: 'esnext', moduleResolution: 'bundler' });
    });
  }

  it('of the core need no types of Node', async () => {
    const at = join(dir, 'an app/pure');
    await mkdir(at);
    const code = `import { createCore, type World } from 'libfota2/core';\nexport const make = (world: World) => createCore(world);\n`;
    await writeFile(join(at, 'module.mts'), code);
    await typecheck(at, ['module.mts'], { module: 'nodenext', types: [], typeRoots: [] });
  });
});

it('runs the documented example against a real server', async () => {
  const image = makeImage(42, 700_000);
  await cp(join(root, 'examples/dist/self-built.js'), join(app, 'self-built.js'));
  await writeFile(join(dir, 'firmware.bin'), image);
  const device = await makeDevice(app);
  const server = await startFiveLines(dir);
  try {
    const program = device.start(join(app, 'self-built.js'), { UPGRADE_URL: server.url, LIBFOTA2_VERSION: '1.0.0' });
    await program.ended;
    expect(program.output()).toContain('fota result 0: 700000 bytes');
    expect((await readFile(join(app, 'update.bin'))).equals(image)).toBe(true);
    expect(await device.asked()).toEqual(['reboot']);
  } finally {
    await server.program.stop();
  }
});
