import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTar } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { launcherPath } from '../slots.ts';
import { type ApplicationSlots, applicationSlots } from './application-slots.ts';

let dir: string;
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'fota launcher ')));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function install({ target }: ApplicationSlots, script: string): Promise<void> {
  const image = await makeTar([{ name: 'app', body: script }]);
  await target.init(image.length, undefined);
  await target.write(image);
  await target.done();
  await target.finish(true);
}

/** The first version, confirmed, and this one to be tried. */
async function trial(script: string, minutes = 0): Promise<ApplicationSlots> {
  const slots = applicationSlots(dir, { minutes });
  await install(slots, 'echo 1\n');
  await install(slots, script);
  return slots;
}

/** What the launcher finds in the place of a tool of the machine. */
const tool = (name: string, script: string): Promise<void> =>
  writeFile(join(dir, name), `#!/bin/sh\ncd "\${0%/*}"; PATH=\${PATH#*:}\n${script}\n`, { mode: 0o755 });
const environment = (): NodeJS.ProcessEnv => ({ ...process.env, PATH: [dir, process.env['PATH']].join(':') });

function start(...before: readonly string[]): ChildProcess {
  const [program = '', ...words] = [...before, 'sh', launcherPath, dir, 'sh', './app'];
  const child = spawn(program, words, { env: environment(), stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}
const said = async ({ stdout }: ChildProcess): Promise<string> =>
  String(stdout && (await once(stdout, 'data'))[0]).trim();
const appears = (name: string): Promise<void> =>
  vi.waitFor(() => expect(existsSync(join(dir, name))).toBe(true), 10_000);

describe('a confirmation while the launcher is at the boot record', () => {
  /** Holds the launcher, once it has read all of the record, as long as there is `gate`. */
  const holding = (where: string): Promise<void> =>
    tool(
      'sed',
      `case "$*" in *'^fell '*) if ${where}; then true >held; while [ -e gate ]; do sleep 0.01; done; fi ;; esac\nexec sed "$@"`,
    );

  it('is told that it came too late where the minutes are over', async () => {
    const slots = await trial('echo 2; exec cat\n', 1);
    await tool('sleep', 'while [ ! -e gate ]; do sleep 0.01; done');
    await holding('[ -e gate ]');
    const child = start();
    const ended = once(child, 'exit');
    expect(await said(child)).toBe('2');
    await writeFile(join(dir, 'gate'), '');
    await appears('held');
    const confirmation = slots.confirm();
    // It has written, and knows that this may not hold.
    await vi.waitFor(async () => expect(await slots.state()).toMatchObject({ run: 'b', back: undefined }));
    await rm(join(dir, 'gate'));
    expect(await confirmation).toBe(false);
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(await slots.state()).toMatchObject({ run: 'a', back: undefined, fell: 'b' });
  });

  it('is made again where a start was being counted', async () => {
    const slots = await trial('echo 2\n');
    await writeFile(join(dir, 'gate'), '');
    await holding('[ -e boot.busy ]');
    const child = start();
    await appears('held');
    const confirmation = slots.confirm();
    await vi.waitFor(async () => expect(await slots.state()).toMatchObject({ run: 'b', back: undefined }));
    await rm(join(dir, 'gate'));
    expect(await said(child)).toBe('2');
    expect(await confirmation).toBe(true);
    expect(await slots.state()).toMatchObject({ run: 'b', back: undefined, fell: undefined });
    expect(existsSync(join(dir, 'boot.busy'))).toBe(false);
  });
});

it('takes away the sign of a launcher that was killed', async () => {
  const slots = await trial('echo 2\n');
  await slots.confirm();
  await writeFile(join(dir, 'boot.busy'), '');
  expect(await said(start())).toBe('2');
  expect(existsSync(join(dir, 'boot.busy'))).toBe(false);
});

it('lets be the sign of the next one where what it was to end has gone', async () => {
  await trial('echo 2; exec cat\n', 1);
  await tool('sleep', 'while [ ! -e gate ]; do sleep 0.01; done');
  const child = start();
  expect(await said(child)).toBe('2');
  const timer = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  await writeFile(join(dir, 'boot.busy'), '');
  await writeFile(join(dir, 'gate'), '');
  await vi.waitFor(() => expect(existsSync(`/proc/${timer}`)).toBe(false), 10_000);
  expect(existsSync(join(dir, 'boot.busy'))).toBe(true);
});

it.each([
  ['syncs the record and its folder alone, for another disk may hang', 'true', 1],
  ['syncs everything where no file can be named', '[ $# -eq 0 ]', 2],
])('%s', async (_, status, times) => {
  await trial('echo 2\n');
  await tool('sync', `echo "$*" >>synced; ${status}`);
  expect(await said(start())).toBe('2');
  const lines = readFileSync(join(dir, 'synced'), 'utf8')
    .replace(/boot\.[01]/, 'boot.N')
    .split('\n')
    .slice(0, -1);
  expect(lines).toEqual([`${dir}/boot.N ${dir}`, ''].slice(0, times));
});

const container = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const [unshare = '', ...flags] = container;
const isRoot = spawnSync(unshare, [...flags, 'true']).status === 0;

describe.skipIf(!isRoot)('as the first process of a container, which needs root', () => {
  it('ends a version when its minutes are over', async () => {
    const slots = await trial('exec cat\n', 1);
    await tool('sleep', 'true');
    expect(await once(start(...container), 'exit')).toEqual([137, null]);
    expect(await slots.state()).toMatchObject({ run: 'a', fell: 'b' });
  });

  it('hands on what is written to it and what it is signalled, and ends as the application does', async () => {
    await trial(`trap 'exit 7' TERM; read -r line; echo "$line"; while :; do sleep 0.01; done\n`);
    const child = start(...container);
    const ended = once(child, 'exit');
    child.stdin?.write('word\n');
    expect(await said(child)).toBe('word');
    const first = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
    execFileSync('kill', ['-TERM', first]);
    expect(await ended).toEqual([7, null]);
  });
});
