import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { consentBy } from './consent.ts';
import { runHook } from './hook.ts';
import { windowIn } from './windows.ts';

const release = { version: '1.2.0', size: 7, sha256: 'ab' };
const at = (hour: number) => new Date(2026, 10, 26, hour).getTime();

function ask(script: string | undefined, { now = at(12), window }: { now?: number; window?: string } = {}) {
  const odd: string[] = [];
  const read = window === undefined ? undefined : windowIn(window);
  const options = {
    windows: read === undefined ? [] : [read],
    command: script === undefined ? undefined : ['sh', '-c', script],
    folder: tmpdir(),
    againMs: 5_000,
    signal: new AbortController().signal,
  };
  const consent = consentBy(
    options,
    () => now,
    (message) => odd.push(message),
  );
  return consent(release).then((given) => ({ given, odd }));
}

it('is given where nobody is asked, and where who is asked says so', async () => {
  expect(await ask(undefined)).toEqual({ given: true, odd: [] });
  expect(await ask('[ "$FOTA_VERSION $FOTA_SIZE $FOTA_SHA256" = "1.2.0 7 ab" ]')).toEqual({ given: true, odd: [] });
});

it('is not given yet, with the first line as the reason', async () => {
  expect(await ask('echo; echo a print runs; echo more; exit 75')).toEqual({
    given: { reason: 'a print runs', forMs: 5_000 },
    odd: [],
  });
});

it('is not given yet either by an answer that is none, and somebody hears of it', async () => {
  const { given, odd } = await ask('echo broken >&2; exit 3');
  expect(given).toEqual({ reason: 'broken', forMs: 5_000 });
  expect(odd).toEqual(['sh ended with 3, which is neither 0 for yes nor 75 for not yet: broken']);
});

it('waits for the hours, and looks at the clock again before they come', async () => {
  const early = await ask('exit 9', { now: at(1), window: '02:00-05:00' });
  expect(early).toEqual({ given: { reason: 'not before 2026-11-26 02:00', forMs: 900_000 }, odd: [] });
  expect((await ask(undefined, { now: at(2), window: '02:00-05:00' })).given).toBe(true);
});

it('a command that hangs is killed with all that it started, and one that is not there has ended', async () => {
  const options = { cwd: tmpdir(), withinMs: 100 };
  expect(await runHook(['sh', '-c', 'sleep 60 & wait'], options)).toEqual({
    code: undefined,
    line: 'sh was not done within 0.1 s',
    lines: [],
  });
  const { lines } = await runHook(['sh', '-c', 'seq 30'], { ...options, withinMs: 5_000 });
  expect([lines.length, lines[0], lines[19]]).toEqual([20, '11', '30']);
  expect((await runHook(['/nowhere/at/all'], options)).line).toMatch(/^\/nowhere\/at\/all cannot be started: .*ENOENT/);
  expect((await runHook(['sh', '-c', 'kill -9 $$'], options)).line).toBe('SIGKILL ended sh');
});
