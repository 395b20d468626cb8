import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const bin = fileURLToPath(new URL('../../bin/fota.mjs', import.meta.url));

/** Runs the demo in a process of its own, for it prints to stdout itself. */
async function demo(...args: readonly string[]) {
  const data = await mkdtemp(join(tmpdir(), 'fota demo '));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  return new Promise<{ code: unknown; events: Array<Record<string, unknown>> }>((resolve) => {
    execFile(process.execPath, [bin, 'demo', '--json', '--data', data, ...args], (error, stdout) => {
      const lines = stdout.split('\n').filter((line) => line !== '');
      resolve({ code: error?.code ?? 0, events: lines.map((line) => JSON.parse(line)) });
    });
  });
}

it('the demo tells a program each step in a line of JSON', { timeout: 30_000 }, async () => {
  const { events, code } = await demo('--once', '--port', '0');
  expect(code).toBe(0);
  const kinds = events.map(({ event }) => event);
  // The device tells its reading as often as it has one.
  const steps = kinds.filter((kind, i) => kind !== kinds[i - 1]);
  expect(steps).toEqual(['started', 'published', 'device', 'result', 'restart', 'device', 'result', 'upgraded']);
  expect(events.filter(({ event }) => event === 'result')).toMatchObject([{ result: 0 }, { result: 4 }]);
});

it('the demo refuses an option that it does not know, in JSON too', { timeout: 30_000 }, async () => {
  const { code, events } = await demo('--ones');
  expect({ code, events }).toMatchObject({ code: 2, events: [{ error: { code: 'usage' } }] });
});
