import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentStatus } from 'libfota2/agent';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { readStatus, reportOf, statusFile } from './status-file.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fota agent '));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
});

const idle: AgentStatus = {
  stage: 'idle',
  sinceMs: 0,
  version: '1.0.0',
  release: undefined,
  progress: undefined,
  wait: undefined,
  lastCheck: { atMs: 1_000, code: 'no-upgrade', message: 'nothing' },
  failure: undefined,
  nextCheckMs: 2_000,
  keyRing: undefined,
};
const told = (status: Partial<AgentStatus> = {}) =>
  reportOf({ config: '/c', socket: '/s', status: { ...idle, ...status }, application: undefined }, 3_000);

it('is read as it was written, and tells whether its agent lives', async () => {
  expect(await readStatus(dir)).toBeUndefined();
  const file = statusFile(dir, () => undefined);
  file.write(told());
  await file.flush();
  expect(await readStatus(dir)).toMatchObject({
    isRunning: true,
    report: { at: '1970-01-01T00:00:03.000Z', nextCheck: '1970-01-01T00:00:02.000Z', version: '1.0.0' },
  });
  file.write({ ...told(), agent: { pid: 1, start: '1@x', config: '/c' } });
  await file.flush();
  expect(await readStatus(dir)).toMatchObject({ isRunning: false });
});

it('is written at once where something changes, and at most once a second where only bytes come', async () => {
  const file = statusFile(dir, () => undefined);
  const at = async (): Promise<unknown> => (await readStatus(dir))?.report.progress?.bytes;
  file.write(told({ stage: 'downloading', progress: { bytes: 1, total: 9 } }));
  await expect.poll(at).toBe(1);
  file.write(told({ stage: 'downloading', progress: { bytes: 2, total: 9 } }));
  file.write(told({ stage: 'downloading', progress: { bytes: 3, total: 9 }, nextCheckMs: 2_001 }));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await at()).toBe(1);
  file.write(told({ stage: 'verifying', progress: { bytes: 9, total: 9 } }));
  await expect.poll(at).toBe(9);
  await file.flush();
});

it('says once that it cannot be written, and is no status where it is damaged', async () => {
  const said: string[] = [];
  const file = statusFile(join(dir, 'gone'), ({ message }) => said.push(message));
  file.write(told());
  await file.flush();
  file.write(told({ stage: 'checking' }));
  await file.flush();
  expect(said).toEqual([expect.stringContaining('ENOENT')]);
  await writeFile(join(dir, 'agent.json'), '{"format":1,');
  expect(await readStatus(dir)).toBeUndefined();
});
