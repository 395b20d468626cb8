import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { type Application, keepRunning } from './application.ts';

let dir: string;
let said: string[];
let isInstalled: boolean | Error;
let fell: string | undefined;
/** Goes before each answer to that. */
let asking: Promise<void> | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fota agent '));
  onTestFinished(() => rm(dir, { recursive: true }));
  said = [];
  isInstalled = true;
  fell = undefined;
  asking = undefined;
});

/** Keeps a script running, which stands for launcher and application. */
async function keep(script: string): Promise<Application> {
  await writeFile(join(dir, 'launch.sh'), script);
  const application = keepRunning({
    dir,
    launcher: join(dir, 'launch.sh'),
    command: ['app'],
    stopWithinMs: 200,
    fellIn: async () => fell,
    async isInstalled() {
      await asking;
      if (isInstalled instanceof Error) throw isInstalled;
      return isInstalled;
    },
    tell: (level, event, message) => said.push(`${level} ${event} ${message}`),
    onChange: () => undefined,
    now: () => 0,
  });
  await application.start();
  onTestFinished(() => application.stop());
  return application;
}

const until = (done: () => boolean): Promise<void> => expect.poll(done, { timeout: 5_000, interval: 5 }).toBe(true);

it('starts what ends again, tells what it wrote, and gives it its folder and words', async () => {
  const application = await keep('echo "$@"; echo wrong >&2; exit 3');
  await until(() => application.state.starts === 3);
  expect((await application.lastLines('failed')).slice(0, 2).toSorted()).toEqual([`${dir} app`, 'wrong']);
  expect(said).toContain('warn application-ended the application ended with 3');
  expect((await readdir(dir)).filter((name) => name.startsWith('agent.app.')).length).toBeLessThan(2);
});

it('keeps apart what the version in each slot wrote last', async () => {
  const script = (slot: string, words: string): Promise<void> =>
    writeFile(join(dir, 'launch.sh'), `ln -sfn slots/${slot} "$1/current"; echo "${words}"; exit 1`);
  const application = await keep('ln -sfn slots/a "$1/current"; echo one; exit 1');
  await until(() => application.state.starts === 2);
  await script('b', 'two falls');
  await until(() => said.filter((line) => line.endsWith('two falls')).length === 2);
  await script('a', 'one again');
  await until(() => said.some((line) => line.endsWith('one again')));
  fell = 'b';
  expect(new Set(await application.lastLines('rolled-back'))).toEqual(new Set(['two falls']));
  expect(new Set(await application.lastLines('failed'))).toEqual(new Set(['one again']));
});

it('ends it with all that it started, at a restart and at the end, and what does not obey is killed', async () => {
  const application = await keep(`trap 'echo no' TERM; (trap '' TERM; sleep 60; sleep 60) & echo $! >child
    while :; do sleep 1; done`);
  await until(() => application.state.pid !== undefined);
  const child = async (): Promise<number> => Number(await readFile(join(dir, 'child'), 'utf8').catch(() => ''));
  await expect.poll(child).toBeGreaterThan(0);
  const { pid = 0 } = application.state;
  const first = await child();
  await application.restart();
  await until(() => application.state.starts === 2 && application.state.pid !== pid);
  expect(said).toContain('info application-ended the application ended by SIGKILL');
  const fate = (): Promise<string> => readFile(`/proc/${first}/stat`, 'utf8').catch(() => ') Z');
  await expect.poll(fate).toContain(') Z');
  await application.stop();
  expect(application.state).toMatchObject({ pid: undefined, starts: 2 });
  expect(() => process.kill(pid, 0)).toThrow();
});

it('starts nothing where nothing is installed, and at once what was installed then', async () => {
  isInstalled = false;
  const application = await keep('exec sleep 60');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(application.state.starts).toBe(0);
  isInstalled = true;
  await application.restart();
  await until(() => application.state.pid !== undefined);
});

it('leaves it to the launcher where nobody can tell whether something is installed', async () => {
  isInstalled = new Error('EIO: i/o error, read');
  const application = await keep('exec sleep 60');
  await until(() => application.state.pid !== undefined);
});

it('starts nothing any more once it is stopped', async () => {
  let answer = (): void => undefined;
  asking = new Promise((resolve) => {
    answer = resolve;
  });
  const application = await keep('exec sleep 60');
  const stopped = application.stop();
  answer();
  await stopped;
  expect(application.state.starts).toBe(0);
});
