import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { expect, it, onTestFinished } from 'vitest';
import { runHook } from './hook.ts';

const pipes = (): number => process.getActiveResourcesInfo().filter((name) => name === 'PipeWrap').length;

it('keeps nothing open for what a command has left behind', async () => {
  const before = pipes();
  const { code, line, lines } = await runHook(['sh', '-c', 'echo well; sleep 30 & echo $!'], {
    cwd: tmpdir(),
    withinMs: 10_000,
  });
  onTestFinished(() => void spawnSync('kill', [String(lines[1])]));
  expect([code, line]).toEqual([0, 'well']);
  await expect.poll(pipes).toBe(before);
});
