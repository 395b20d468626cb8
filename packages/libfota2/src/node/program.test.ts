import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FotaError } from '../core.ts';
import { runProgram } from './program.ts';

let dir: string;
let input: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fota program '));
  input = join(dir, 'image');
  await writeFile(input, 'an image'.repeat(20_000));
  await writeFile(join(dir, 'not executable'), '#!/bin/sh\n');
  await chmod(join(dir, 'not executable'), 0o644);
});
afterAll(() => rm(dir, { recursive: true }));

/** The lines that a script of the shell wrote, and how it failed. `$1` is a folder of its own. */
async function run(script: string, limits: { readonly timeoutMs?: number; readonly graceMs?: number } = {}) {
  const lines: string[] = [];
  const command = ['sh', '-c', script, 'sh', dir];
  const wish = { command, input, timeoutMs: 10_000, ...limits, onLine: (line: string) => lines.push(line) };
  const error: unknown = await runProgram(wish).catch((reason: unknown) => reason);
  return { lines, error: error as FotaError | undefined };
}

describe('a program that', () => {
  const late = { timeoutMs: 50, graceMs: 50 };
  it.each([
    ['ends with 0', 'echo fine', {}, undefined],
    ['says nothing', 'true', {}, undefined],
    ['does not read what it is given', 'exec <&-; sleep 0.01', {}, undefined],
    ['closes its outputs and works on', 'exec >&- 2>&-; sleep 0.05', {}, undefined],
    ['leaves something behind that holds its outputs', 'sleep 5 & echo fine', {}, undefined],
    ['ends with 1', 'echo on; echo "no such slot" >&2; exit 1', {}, /^sh ended with 1: on \| no such slot$/],
    ['ends with 255 and says nothing', 'exit 255', {}, /^sh ended with 255\.$/],
    ['is killed', 'echo begun; kill -KILL $$', {}, /^sh was ended by SIGKILL: begun$/],
    ['hangs', 'echo begun; sleep 5', late, /^sh was not done within 50 ms and was ended: begun$/],
    [
      'hangs and ignores to be told',
      "trap '' TERM; while :; do sleep 0.01; done",
      late,
      /^sh was not done within 50 ms/,
    ],
    ['writes without end', 'yes', late, /^sh was not done within 50 ms and was ended: y \| y \| y/],
    [
      'writes a line without end',
      'cat /dev/zero | tr "\\0" x',
      late,
      /^sh was not done within 50 ms and was ended: x{400}$/,
    ],
    ['writes garbage', 'head -c 50000 /dev/urandom; exit 3', {}, /^sh ended with 3: /],
  ] as const)('%s', async (_name, script, limits, message) => {
    const { error } = await run(script, limits);
    if (message === undefined) return expect(error).toBeUndefined();
    expect(error).toMatchObject({
      code: 'installer-failed',
      result: 4,
      phase: 'store',
      message: expect.stringMatching(message),
    });
    expect(error?.message.length).toBeLessThan(1_200);
    expect(error).toBeInstanceOf(FotaError);
  });

  it.each([
    ['is not there', ['fota-no-such-program', 'x'], /could not be started: fota-no-such-program was not found/],
    ['may not be executed', ['not executable'], /not executable could not be started: .* may not be executed/],
  ])('%s', async (_name, [program = '', ...args], message) => {
    const command = [program.includes(' ') ? join(dir, program) : program, ...args];
    await expect(runProgram({ command, timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'installer-failed',
      message: expect.stringMatching(message),
    });
  });

  it('reads its standard input gets the file, and one that is given none gets its end', async () => {
    await run('cat >"$1/copy"');
    expect(await readFile(join(dir, 'copy'))).toEqual(await readFile(input));
    await runProgram({ command: ['sh', '-c', 'cat >"$1"', 'sh', join(dir, 'empty')], timeoutMs: 10_000 });
    expect(await readFile(join(dir, 'empty'), 'utf8')).toBe('');
  });

  it('writes progress is heard line by line, whatever ends a line', async () => {
    const { lines } = await run("printf ' 10%% a\\r 20%% b\\n'; printf '30%% c' >&2");
    expect(lines.toSorted()).toEqual(['10% a', '20% b', '30% c']);
  });

  it('does not end well leaves nothing of its group', async () => {
    const script = '(trap "" TERM; echo $$ >"$1/child"; while :; do sleep 0.01; done) & sleep 0.05; exit 1';
    const { error } = await run(script);
    expect(error?.message).toBe('sh ended with 1.');
    const group = Number(await readFile(join(dir, 'child'), 'utf8'));
    // Killed, but not gone in the same moment.
    await expect.poll(groups).not.toContain(group);
  });

  it('is looked at by no shell of ours', async () => {
    const trap = `$(touch "${dir}/touched"); \`touch "${dir}/touched"\``;
    await runProgram({ command: ['printf', '%s', trap], timeoutMs: 1_000 });
    expect(existsSync(join(dir, 'touched'))).toBe(false);
  });
});

it('what it writes without end takes no memory', async () => {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const { error } = await run(
    'head -c 40000000 /dev/zero | tr "\\0" x; head -c 5000000 /dev/zero | tr "\\0" "\\n"; exit 1',
  );
  expect(error?.message).toMatch(/^sh ended with 1: x{400}$/);
  expect(process.memoryUsage().rss - before).toBeLessThan(32 * 1024 ** 2);
});

/** Groups of all processes but those that wait to be buried. */
function groups(): readonly number[] {
  return readdirSync('/proc').flatMap((name) => {
    const stat = /^\d+$/.test(name) ? textOf(`/proc/${name}/stat`) : '';
    // Behind the name, which may hold anything: state, parent, group.
    const [state = 'Z', , group] = stat.split(') ').at(-1)?.split(' ') ?? [];
    return state === 'Z' ? [] : [Number(group)];
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
