import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { endOrphans, NOTING } from './orphans.ts';
import { isAlive, thisProcess } from './processes.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fota agent '));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
});

/** Starts a script as the agent with that number starts its launcher. */
async function begin(script: string, agent: number = process.pid) {
  const launcher = join(dir, 'launcher.sh');
  await writeFile(launcher, script);
  const env = { PATH: process.env['PATH'], FOTA_DIR: await realpath(dir) };
  const child = spawn('sh', ['-c', NOTING, 'sh', dir, String(agent), launcher], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return { child, says: once(child.stdout, 'data').then(([text]) => String(text).trim()) };
}

it('ends what an agent that died has left, and only that', async () => {
  const { child, says } = await begin('echo runs; exec sleep 60');
  expect(await says).toBe('runs');
  const gone = once(child, 'exit');
  const [note = ''] = (await readdir(dir)).filter((name) => name.startsWith('agent.app.'));
  expect(note).toBe(`agent.app.${child.pid}`);
  await symlink('1 7@another-start', join(dir, 'agent.app.1'));
  await symlink(`${process.pid} 7@ab`, join(dir, `agent.app.${process.pid}`));
  expect(await endOrphans(dir)).toEqual([child.pid]);
  expect(await gone).toEqual([null, 'SIGKILL']);
  expect(isAlive(thisProcess())).toBe(true);
  expect((await readdir(dir)).filter((name) => name.startsWith('agent.app.'))).toEqual([]);
});

it('ends the children of one that is gone itself', async () => {
  const { child, says } = await begin('sleep 60 >/dev/null & echo $!');
  const pid = Number(await says);
  if (child.exitCode === null) await once(child, 'exit');
  process.kill(pid, 0);
  expect(await endOrphans(dir)).toEqual([child.pid]);
  // Whoever it belongs to now may take its time to take note of its end.
  expect(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z')).toContain(') Z');
});

it('starts nothing for an agent that died meanwhile', async () => {
  const { child } = await begin('echo runs', 1);
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(await readdir(dir)).toEqual(['launcher.sh']);
});
