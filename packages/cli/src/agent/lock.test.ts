import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { isTheDisk, lockPlace, runningAt } from './lock.ts';
import { identityIn, identityText, isAlive, thisProcess } from './processes.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fota agent '));
  onTestFinished(() => rm(dir, { recursive: true }));
});

it('lets one agent work at a place, and the next one once it is gone', async () => {
  const first = await lockPlace(dir);
  await expect(lockPlace(dir)).rejects.toMatchObject({ code: 'agent-running', message: /process number \d+/ });
  expect(await runningAt(dir)).toEqual(thisProcess());
  await first.release();
  expect(await runningAt(dir)).toBeUndefined();
  await (await lockPlace(dir)).release();
  expect(await readdir(dir)).toEqual([]);
});

it('takes the lock of an agent that died, also where another process has its number by now', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  for (const text of [`${child.pid} 1@2`, `${process.pid} 1@ab`, 'half of a n']) {
    await symlink(text, join(dir, 'agent.lock'));
    expect(await runningAt(dir)).toBeUndefined();
    await (await lockPlace(dir)).release();
  }
});

it('knows a process by its number and its beginning', () => {
  const { pid, start } = thisProcess();
  expect(isAlive({ pid, start })).toBe(true);
  expect(isAlive({ pid, start: '1@0' })).toBe(false);
  expect(identityIn(identityText({ pid, start }))).toEqual({ pid, start });
  expect(['', '1', 'x y', '1 2 3'].map(identityIn)).toEqual([undefined, undefined, undefined, undefined]);
});

it('goes without the lock where the disk takes none, if somebody is to hear of it, and for no other reason', async () => {
  expect(['EROFS', 'ENOSPC', 'EDQUOT', 'EIO'].map(isTheDisk)).toEqual([true, true, true, true]);
  expect(['EACCES', 'ENOENT', undefined].map(isTheDisk)).toEqual([false, false, false]);
  const said: string[] = [];
  await expect(lockPlace(join(dir, 'no such folder'), (why) => said.push(why))).rejects.toMatchObject({
    code: 'file-unwritable',
  });
  expect(said).toEqual([]);
});
