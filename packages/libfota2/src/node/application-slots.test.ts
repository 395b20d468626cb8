import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { makeImage, makeTar, sha256Hex, testNotebook, testTarget } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { codeOf, install } from '../../test/installing.ts';
import { launcherPath } from '../slots.ts';
import { type ApplicationSlots, type ApplicationSlotsOptions, applicationSlots } from './application-slots.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fota slots '));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Starts as a supervisor does; resolves to what the version that was started says. */
function start(): string {
  return execFileSync('sh', [launcherPath, dir, 'sh', './app'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}
const version = (number: number): Promise<Buffer> => makeTar([{ name: 'app', body: `echo ${number} in $FOTA_SLOT\n` }]);

describe('as a target', () => {
  testTarget(it, async () => {
    const own = await mkdtemp(join(tmpdir(), 'fota slots '));
    onTestFinished(() => rm(own, { recursive: true, force: true }));
    // A target knows nothing of trials: what it shows is taken to have proven itself.
    const make = (): ApplicationSlots => applicationSlots(own);
    const settled = (slots: ApplicationSlots) => ({
      ...slots.target,
      async finish(ok: boolean) {
        const address = await slots.target.finish(ok);
        if (ok) await slots.confirm();
        return address;
      },
    });
    return {
      target: settled(make()),
      async shown() {
        const { run } = await make().state();
        return run && readFile(join(own, 'slots', run, 'app'));
      },
      again: () => settled(make()),
    };
  });
  testNotebook(it, async () => {
    const own = await mkdtemp(join(tmpdir(), 'fota slots '));
    onTestFinished(() => rm(own, { recursive: true, force: true }));
    const { notebook } = applicationSlots(own);
    return { notebook, again: () => applicationSlots(own).notebook };
  });
});

describe('an application in two slots', () => {
  it('has nothing to start before it is installed', () => {
    expect(() => start()).toThrow(/no boot record/);
  });

  it('starts, is upgraded, and stays once it is confirmed', async () => {
    const slots = applicationSlots(dir);
    await install(slots, await version(1));
    expect(start()).toBe('1 in a');
    expect(await slots.confirm()).toBe(false);
    await install(slots, await version(2));
    expect(await slots.state()).toEqual({ run: 'b', back: 'a', tries: 3, fell: undefined });
    expect(start()).toBe('2 in b');
    expect(await readlink(join(dir, 'current'))).toBe('slots/b');
    expect(await slots.confirm()).toBe(true);
    for (let n = 0; n < 5; n += 1) expect(start()).toBe('2 in b');
    await install(slots, await version(3));
    expect(start()).toBe('3 in a');
  });

  it('goes back after the starts that it was given, and does not take that image again', async () => {
    const slots = applicationSlots(dir, { tries: 2 });
    await install(slots, await version(1));
    await install(slots, await version(2));
    expect([start(), start(), start(), start()]).toEqual(['2 in b', '2 in b', '1 in a', '1 in a']);
    expect(await slots.state()).toMatchObject({ run: 'a', back: undefined, tries: 0, fell: 'b' });
    expect(await slots.target.size()).toBe((await version(2)).length);
    expect(await codeOf(install(slots, await version(2)))).toBe('image-given-up');
    expect(start()).toBe('1 in a');
    await install(slots, await version(4));
    expect(start()).toBe('4 in b');
  });

  it('goes back at once where it says itself that it does not hold', async () => {
    const slots = applicationSlots(dir);
    await install(slots, await version(1));
    await install(slots, await version(2));
    start();
    vi.stubEnv('FOTA_DIR', `${dir}/slots/..`);
    vi.stubEnv('FOTA_SLOT', 'b');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await slots.giveUp()).toBe(true);
    // It still runs from there.
    expect(await codeOf(install(slots, await version(3)))).toBe('unconfirmed');
    expect(start()).toBe('1 in a');
    vi.stubEnv('FOTA_SLOT', 'a');
    expect(await slots.giveUp()).toBe(false);
    await install(slots, await version(3));
    expect(start()).toBe('3 in b');
  });

  it('does not hold a version given up that was only about to be installed', async () => {
    const slots = applicationSlots(dir);
    await install(slots, await version(1));
    await install(slots, await version(2));
    await slots.giveUp();
    // Cut off between the unpacking and the record.
    const image = await version(3);
    await slots.target.init(image.length, undefined);
    await slots.target.write(image);
    await slots.target.done();
    await slots.target.suspend();
    expect(await slots.target.size()).toBe((await version(2)).length);
    expect(await slots.state()).toMatchObject({ fell: 'b', fellSha256: sha256Hex(await version(2)) });
    expect(await codeOf(install(slots, await version(2)))).toBe('image-given-up');
    expect(await codeOf(install(slots, image))).toBe('fine');
    expect(start()).toBe('3 in b');
  });

  it('still knows what was given up after another image could not be unpacked, and leaves nothing of that', async () => {
    const slots = applicationSlots(dir);
    await install(slots, await version(1));
    await install(slots, await version(2));
    await slots.giveUp();
    const link = await makeTar([{ name: 'app' }, { name: 'link', type: 'symlink', linkname: '/bin/true' }]);
    expect(await codeOf(install(slots, link))).toBe('image-refused');
    expect(existsSync(join(dir, 'slots/b'))).toBe(false);
    expect(await codeOf(install(slots, await version(2)))).toBe('image-given-up');
  });

  it('takes nothing while a version is being tried: its way back lies in the other slot', async () => {
    const slots = applicationSlots(dir);
    await install(slots, await version(1));
    await install(slots, await version(2));
    expect(await codeOf(install(slots, await version(3)))).toBe('unconfirmed');
    await slots.confirm();
    expect(await codeOf(install(slots, await version(3)))).toBe('fine');
  });

  it('runs on where an image cannot be unpacked, and takes the next one', async () => {
    const slots = applicationSlots(dir);
    await install(slots, await version(1));
    const link = await makeTar([{ name: 'app', type: 'symlink', linkname: '/bin/true' }]);
    expect(await codeOf(install(slots, link))).toBe('image-refused');
    expect(start()).toBe('1 in a');
    await install(slots, await version(2));
    expect(start()).toBe('2 in b');
  });

  it('goes back where nothing of the new version can be started, without Node', async () => {
    const slots = applicationSlots(dir, { tries: 1 });
    await install(slots, await version(1));
    await install(slots, await makeTar([{ name: 'readme', body: 'not the application' }]));
    expect(() => start()).toThrow();
    expect(start()).toBe('1 in a');
  });

  it('goes back where the launcher cannot count', async () => {
    const slots = applicationSlots(dir);
    await install(slots, await version(1));
    await install(slots, await version(2));
    // The copy that is to be written next: nobody can write into a folder.
    const newest = await readFile(join(dir, 'boot.0'), 'utf8').catch(() => '');
    const next = newest.includes('generation 3') ? 'boot.1' : 'boot.0';
    await rm(join(dir, next), { force: true });
    execFileSync('mkdir', [join(dir, next)]);
    expect(start()).toBe('1 in a');
    // The old version is content with itself, which proves nothing of the new one.
    await rm(join(dir, next), { recursive: true });
    vi.stubEnv('FOTA_DIR', dir);
    vi.stubEnv('FOTA_SLOT', 'a');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await slots.confirm()).toBe(false);
    expect(start()).toBe('2 in b');
    vi.stubEnv('FOTA_SLOT', 'b');
    expect(await slots.confirm()).toBe(true);
  });

  it('is found whole by either copy of the record alone, the newer or the older', async () => {
    const slots = applicationSlots(dir);
    await install(slots, await version(1));
    await install(slots, await version(2));
    await slots.confirm();
    for (const torn of ['boot.0', 'boot.1']) {
      const text = await readFile(join(dir, torn));
      await writeFile(join(dir, torn), text.subarray(0, 40));
      expect(start()).toBe('2 in b');
      await writeFile(join(dir, torn), text);
    }
  });

  it('is killed and gone back from when it is not confirmed in its time', async () => {
    const slots = applicationSlots(dir, { minutes: 7 });
    await install(slots, await version(1));
    await install(slots, await makeTar([{ name: 'app', body: 'echo 2; exec cat' }]));
    // A sleep that is over at once, and tells how long it would have been.
    await writeFile(join(dir, 'sleep'), '#!/bin/sh\necho "$1" >"$(dirname "$0")/slept"\n', { mode: 0o755 });
    const env = { ...process.env, PATH: [dir, process.env['PATH']].join(':') };
    const command = `sh "${launcherPath}" "${dir}" sh ./app <"${dir}/pipe"; echo "ended with $?"`;
    const shell = `mkfifo "${dir}/pipe" && exec 3<>"${dir}/pipe" && ${command}`;
    expect(execFileSync('sh', ['-c', shell], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] })).toContain(
      'ended with 137',
    );
    expect(await readFile(join(dir, 'slept'), 'utf8')).toBe('420\n');
    expect(await slots.state()).toMatchObject({ run: 'a', back: undefined, tries: 0, fell: 'b' });
    expect(start()).toBe('1 in a');
  });

  it.each<ApplicationSlotsOptions>([
    { tries: 0 },
    { tries: 1.5 },
    { minutes: -1 },
    { maxEntries: 0 },
    { fileName: '../x' },
    { fileName: '..' },
  ])('is not made with %j', (options) => expect(() => applicationSlots(dir, options)).toThrow(RangeError));
});

it('takes nothing that has no room, and says so before the download, or before the old version goes', async () => {
  const blocks = (bavail: number): typeof fs =>
    ({ ...fs, statfs: async () => ({ bavail, blocks: 10_000, bsize: 4_096 }) }) as unknown as typeof fs;
  const zeros = (n: number): Promise<Buffer> => makeTar([{ name: 'zeros', body: Buffer.alloc(400_000, n) }]);
  await install(applicationSlots(dir), await zeros(1));
  await install(applicationSlots(dir), await zeros(2));
  await applicationSlots(dir).confirm();
  // 400 000 bytes come free with the old version, and 65 536 are spared.
  const image = await zeros(3);
  const within = (bavail: number): Promise<unknown> =>
    codeOf(applicationSlots(dir, {}, blocks(bavail)).target.init(image.length, undefined));
  expect(await within(114)).toBe('ENOSPC');
  expect(await within(116)).toBe('fine');
  const packed = gzipSync(await makeTar([{ name: 'zeros', body: Buffer.alloc(600_000) }]));
  expect(await codeOf(install(applicationSlots(dir, {}, blocks(40)), packed))).toBe('ENOSPC');
  expect(existsSync(join(dir, 'slots/a/zeros'))).toBe(true);
  expect(await codeOf(install(applicationSlots(dir, {}, blocks(70)), packed))).toBe('fine');
});

it('an image of one file is an application, too', async () => {
  const image = makeImage(1, 1_000);
  await install(applicationSlots(dir, { fileName: 'firmware.bin' }), image);
  expect(await readFile(join(dir, 'slots/a/firmware.bin'))).toEqual(Buffer.from(image));
});
