import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import type { AgentValues } from './settings.ts';
import { versionBy, versionIn } from './version.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fota agent '));
  onTestFinished(() => rm(dir, { recursive: true }));
});

async function found(values: Partial<AgentValues>): Promise<readonly [string | undefined, readonly string[]]> {
  const odd: string[] = [];
  const whole = { 'place.kind': 'application', 'place.dir': dir, ...values } as AgentValues;
  const version = versionBy({ file: join(dir, 'agent.toml'), folder: dir, values: whole }, (why) => odd.push(why));
  await version();
  return [await version(), odd];
}

it.each([
  ['{"name":"x","version":"1.2.3"}', '1.2.3'],
  ['1.2.3\nbuilt today\n', '1.2.3'],
  ['{"version":7}', undefined],
  ['{"version":', undefined],
  ['', undefined],
  ['x'.repeat(65), undefined],
])('%s has the version %s', (text, version) => expect(versionIn(text)).toBe(version));

it('is that of the slot which runs, and below everything where none was ever started', async () => {
  expect(await found({})).toEqual(['0.0.0', []]);
  await mkdir(join(dir, 'slots/a'), { recursive: true });
  await symlink('slots/a', join(dir, 'current'));
  await writeFile(join(dir, 'slots/a/package.json'), '{"version":"1.2.3"}');
  await writeFile(join(dir, 'slots/a/VERSION'), '1.2.4\n');
  expect(await found({})).toEqual(['1.2.3', []]);
  expect(await found({ 'version-file': 'VERSION' })).toEqual(['1.2.4', []]);
  expect(await found({ 'version-command': ['cat', 'VERSION'] })).toEqual(['1.2.4', []]);
  expect(await found({ version: '9' })).toEqual(['9', []]);
});

it('is not known, and that is said once, where nobody tells it', async () => {
  await mkdir(join(dir, 'current'));
  expect(await found({})).toEqual([undefined, [expect.stringMatching(/package\.json cannot be read: ENOENT/)]]);
  expect(await found({ 'version-command': ['false'] })).toEqual([undefined, [expect.stringMatching(/ended with 1$/)]]);
});
