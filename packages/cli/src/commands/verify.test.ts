import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeImage } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';
import type { Ran } from '../../test/run.ts';

const IMAGE = makeImage(1, 100_000);
const NAMED = 'tracker_2012.001.005_LuatOS-SoC_EC718P.bin';
const NAMES = ['--project', 'tracker', '--firmware', 'gateway', '--version', '2.0.0'];
const KEY = ['--key', 'tracker-release.key'];

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
  await desk.file('app.bin', IMAGE);
  await desk.json('keys', 'new', '--project', 'tracker', '--no-passphrase');
});
afterEach(() => desk.clear());

const verified = (args: readonly string[] = []): Promise<Ran> =>
  desk.fota(['verify', 'app.bin', '--ring', 'tracker.ring', ...args]);

describe('fota verify', () => {
  it('tells every way in which it is not what was signed', async () => {
    expect((await verified()).stderr).toContain('code: signature-missing');
    await desk.json('sign', 'app.bin', ...KEY, ...NAMES);
    const signature = await readFile(join(desk.dir, 'app.bin.minisig'), 'utf8');
    await desk.file('app.bin', makeImage(2, 100_000));
    const { stdout, stderr } = await verified();
    expect(stderr).toContain('code: manifest-mismatch');
    // What is proven is told all the same.
    expect(stdout).toContain('2.0.0');
    await desk.file('app.bin', IMAGE);
    await desk.file('app.bin.minisig', signature.replace('version:2.0.0', 'version:2.0.9'));
    expect((await verified()).stderr).toContain('code: signature-invalid');
    await desk.file('app.bin.minisig', 'nonsense');
    expect((await verified()).stderr).toContain('code: signature-malformed');
    expect((await desk.fota(['verify', 'app.bin'])).code).toBe(2);
  });

  it('tells programs by a code, and by the exit code', async () => {
    await desk.json('sign', 'app.bin', ...KEY, ...NAMES);
    expect(await desk.json('verify', 'app.bin', '--key', 'tracker-release.pub')).toMatchObject({ valid: true });
    const told = await desk.fota(['verify', 'app.bin', '--key', 'tracker-ring.pub', '--json']);
    expect(told.code).toBe(1);
    expect(JSON.parse(told.stdout)).toMatchObject({ error: { code: 'signature-unknown-key' } });
    const other = await desk.fota(['verify', 'app.bin', '--key', 'tracker-release.pub', '--project', 'other']);
    expect(other.stderr).toContain('code: manifest-mismatch');
  });

  it('takes no image that a ring key signed, and no key ring that a release key signed', async () => {
    await desk.json('sign', 'app.bin', '--key', 'tracker-ring.key', ...NAMES);
    expect((await verified()).stderr).toContain('code: signature-unknown-key');
    await desk.json('keys', 'rotate', 'tracker.ring', '--new-release', 'n.key', '--no-passphrase');
    await desk.json('sign', 'tracker.2.ring', ...KEY);
    const { stderr } = await desk.fota(['verify', 'tracker.2.ring', '--ring', 'tracker.ring']);
    expect(stderr).toContain('code: signature-unknown-key');
  });
});

describe('cores', () => {
  const DELTA = ['--source', 'V2012', '--core', 'V2013'];
  const SIGNING = ['sign', 'app.bin', ...KEY, ...NAMES, '--version', '1.0.6'];

  it('are signed as content and file name tell, or as one says', async () => {
    await desk.file(NAMED, IMAGE);
    const told = async (...args: string[]): Promise<object> =>
      (await desk.json<{ items: object[] }>('sign', NAMED, ...KEY, '--project', 'tracker', ...args)).items[0] ?? {};
    expect(await told()).toMatchObject({ core: '2012' });
    expect(await told('--core', 'none')).not.toHaveProperty('core');
    expect(await told(...DELTA)).toMatchObject({ core: '2013', source: '2012' });
    expect(await told('--source', 'any')).not.toHaveProperty('source');
    expect((await desk.fota([...SIGNING, '--core', 'new'])).stderr).toContain('code: core-invalid');
    expect((await desk.fota([...SIGNING, '--source', '4 5'])).stderr).toContain('code: core-invalid');
  });

  it.each<[string, readonly string[]]>([
    ['1.0.6 may be taken now', []],
    ['1.0.6 may be taken now', ['--core', 'V2012', '--running', '1.0.9']],
    ['1.0.6 may be taken now', ['--running', '2012.001.009']],
    ['1.0.6 may be taken now', ['--core', '2012', '--floor', '2013.1.6']],
    ['code: manifest-mismatch', ['--core', 'V2011']],
    ['code: manifest-mismatch', ['--core', 'none']],
    ['code: manifest-mismatch', ['--running', '2013.001.005']],
    ['code: manifest-below-floor', ['--floor', '2013.1.7']],
  ])('decide what a device makes of it: %s, with %j', async (what, args) => {
    await desk.json(...SIGNING, ...DELTA);
    const { stdout, stderr } = await verified(args);
    expect(stdout + stderr).toContain(what);
    // Shown in any case.
    expect(stdout).toMatch(/core +2013, which devices run afterwards\nonly from +the core 2012/);
  });

  it.each<[string, readonly string[]]>([
    ['runs there already', ['--core', 'V2013', '--running', '1.0.6']],
    ['runs there already', ['--running', '2013.1.6']],
    ['runs there already', ['--running', '1.0.6']],
    ['code: manifest-downgrade', ['--running', '1.0.7']],
    ['code: manifest-downgrade', ['--core', 'V2014', '--running', '1.0.0']],
    ['may be taken now', ['--core', 'V2012', '--running', '1.0.7']],
  ])('order versions as devices tell them: %s, with %j', async (what, args) => {
    await desk.json(...SIGNING, '--core', 'V2013');
    const { stdout, stderr } = await verified(args);
    expect(stdout + stderr).toContain(what);
  });

  it('and conditions are none of key rings, which are followed whenever they come', async () => {
    for (const more of [
      ['--core', '2013'],
      ['--not-after', '9d'],
      ['--minimum', '1'],
    ]) {
      const { code, stderr } = await desk.fota(['sign', 'tracker.ring', '--key', 'tracker-ring.key', ...more]);
      expect(stderr).toContain('devices follow whenever it comes');
      expect(code).toBe(2);
    }
  });
});
