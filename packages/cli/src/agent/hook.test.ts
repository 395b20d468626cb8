import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
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

it('has ended, and nothing with it, where the system has no handles left for a command', () => {
  const hook = fileURLToPath(new URL('../../dist/agent/hook.js', import.meta.url));
  const script = `import { openSync } from 'node:fs';
    const { runHook } = await import(${JSON.stringify(hook)});
    await runHook(['true'], { cwd: '/', withinMs: 1_000 });
    try { for (;;) openSync('/dev/null'); } catch {}
    const { code, line } = await runHook(['true'], { cwd: '/', withinMs: 1_000 });
    process.stdout.write(code + ' ' + line);`;
  const node = `ulimit -n 100 && exec "$0" --input-type=module -e "$1"`;
  const { stdout, stderr } = spawnSync('sh', ['-c', node, process.execPath, script], { encoding: 'utf8' });
  expect([stdout, stderr]).toEqual([expect.stringMatching(/^undefined true cannot be started: .*EMFILE/), '']);
});
