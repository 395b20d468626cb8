import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeImage, sha256Hex, tool } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';
import { fota } from '../../test/run.ts';
import { makeSecretKey, sealed } from '../trust/secret-key.ts';

const minisign = tool('minisign', 'apt-get install minisign');
const IMAGE = makeImage(1, 100_000);
const NAMED = 'tracker_2012.001.005_LuatOS-SoC_EC718P.bin';
const NAMES = ['--project', 'tracker', '--firmware', 'gateway', '--version', '2.0.0'];
const KEY = ['--key', 'tracker-release.key'];
const DAY = 86_400_000;

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
  await desk.file('app.bin', IMAGE);
  await desk.json('keys', 'new', '--project', 'tracker', '--no-passphrase');
});
afterEach(() => desk.clear());

/** What is told of `fota verify` against the ring, after so many days. */
async function verified(
  args: readonly string[] = [],
  days = 0,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const now = (): number => Date.now() + days * DAY;
  return fota(['verify', 'app.bin', '--ring', 'tracker.ring', ...args], { cwd: desk.dir, now });
}

function run(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(minisign ?? '', args, { cwd: desk.dir, input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`minisign ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

describe('fota sign', () => {
  it('signs a package as what content and file name tell, and says so', async () => {
    await desk.file(NAMED, IMAGE);
    const { items } = await desk.json<{ items: unknown[] }>('sign', NAMED, ...KEY, '--project', 'tracker');
    expect(items).toMatchObject([
      {
        file: NAMED,
        project: 'tracker',
        firmwareName: 'tracker_LuatOS-SoC_EC718P',
        version: '2012.001.005',
        size: 100_000,
        sha256: sha256Hex(IMAGE),
      },
    ]);
    const { code, stdout } = await desk.fota(['verify', NAMED, '--ring', 'tracker.ring']);
    expect(code).toBe(0);
    expect(stdout).toContain('2012.001.005 may be taken now');
  });

  it('signs several at once, and each where it lies', async () => {
    await desk.file('b.bin', makeImage(2, 10));
    await desk.json('sign', 'app.bin', 'b.bin', ...KEY, ...NAMES);
    expect((await desk.fota(['verify', 'b.bin', '--ring', 'tracker.ring'])).code).toBe(0);
    expect((await verified()).code).toBe(0);
  });

  it('holds devices to times, to a floor, and lets them go back', async () => {
    const conditions = ['--not-before', '2d', '--not-after', '9d', '--minimum', '1.5.0', '--downgrade-from', '3.0.0'];
    const { stdout } = await desk.fota(['sign', 'app.bin', ...KEY, ...NAMES, ...conditions]);
    expect(stdout).toContain('from there one may go back');
    expect((await verified()).stderr).toContain('code: manifest-early');
    expect((await verified([], 3)).code).toBe(0);
    expect((await verified([], 10)).stderr).toContain('code: manifest-expired');
    expect((await verified(['--running', '3.0.0'], 3)).code).toBe(0);
    expect((await verified(['--running', '3.0.1'], 3)).stderr).toContain('code: manifest-downgrade');
    expect((await verified(['--floor', '2.1.0'], 3)).stderr).toContain('code: manifest-below-floor');
    expect((await verified(['--firmware', 'other'], 3)).stderr).toContain('code: manifest-mismatch');
  });

  it('names the hardware that it is for, and holds devices to it', async () => {
    const { stdout } = await desk.fota(['sign', 'app.bin', ...KEY, ...NAMES, '--hardware', 'rev-b, rev-c']);
    expect(stdout).toContain('rev-b, rev-c: a device with any other takes it not');
    expect(await desk.json('verify', 'app.bin', '--ring', 'tracker.ring')).toMatchObject({
      hardware: ['rev-b', 'rev-c'],
    });
    expect((await verified(['--hardware', 'rev-c'])).code).toBe(0);
    expect((await verified(['--hardware', 'rev-a'])).stderr).toContain('code: manifest-mismatch');
    const wrong = await desk.fota(['sign', 'app.bin', ...KEY, ...NAMES, '--hardware', 'rev b']);
    expect(wrong.stderr).toContain('code: manifest-malformed');
  });

  it.each([
    ['with which key?', ['app.bin', ...NAMES]],
    ['for which project', ['app.bin', ...KEY, '--firmware', 'f', '--version', '1']],
    ['which firmware', ['app.bin', ...KEY, '--project', 'tracker', '--version', '1']],
    ['tells its version', ['app.bin', ...KEY, '--project', 'tracker', '--firmware', 'f']],
    ['lies in the past', ['app.bin', ...KEY, ...NAMES, '--not-after', '2020-01-01']],
    ['nobody goes back from there', ['app.bin', ...KEY, ...NAMES, '--downgrade-from', '2.0.0']],
    ['takes a date', ['app.bin', ...KEY, ...NAMES, '--not-after', 'soon']],
    ['--out is for one file', ['app.bin', 'app.bin', ...KEY, ...NAMES, '--out', 'x']],
    ['is what key rings are signed as', ['app.bin', ...KEY, ...NAMES, '--firmware', 'fota-key-ring']],
    ['can be signed as nothing else', ['tracker.ring', ...KEY, '--firmware', 'gateway']],
  ])('asks or refuses: %s', async (message, args) => {
    const { code, stderr } = await desk.fota(['sign', ...args]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it.each([
    ['manifest-malformed', ['app.bin', ...KEY, ...NAMES, '--minimum', '2.0.1']],
    ['version-invalid', ['app.bin', ...KEY, ...NAMES, '--version', 'abc']],
    ['name-invalid', ['app.bin', ...KEY, ...NAMES, '--project', '..']],
    ['key-malformed', ['app.bin', '--key', 'tracker-release.pub', ...NAMES]],
    ['file-unreadable', ['nope.bin', ...KEY, ...NAMES]],
    ['file-unreadable', ['app.bin', '--key', 'nope.key', ...NAMES]],
  ])('is refused by %s', async (code, args) => {
    expect((await desk.fota(['sign', ...args])).stderr).toContain(`code: ${code}\n`);
  });

  it('takes the key from stdin, as CI has it', async () => {
    const key = await readFile(join(desk.dir, 'tracker-release.key'));
    const stdin = async function* (): AsyncGenerator<Uint8Array> {
      yield key;
    };
    expect((await fota(['sign', 'app.bin', '--key', '-', ...NAMES], { cwd: desk.dir, stdin })).code).toBe(0);
    expect((await verified()).code).toBe(0);
  });
});

describe('the signature', () => {
  it.each(['app.bin', 'tracker-release.key', 'tracker-release.pub', 'tracker.ring', 'empty', '.'])(
    'takes the place of an older one, and not of %s',
    async (name) => {
      await desk.file('empty', '');
      const before = name === '.' ? undefined : await readFile(join(desk.dir, name));
      const { code, stderr } = await desk.fota(['sign', 'app.bin', ...KEY, ...NAMES, '--out', name]);
      expect(stderr).toContain('code: file-exists');
      expect(code).toBe(1);
      if (before !== undefined) expect(await readFile(join(desk.dir, name))).toEqual(before);
      await desk.json('sign', 'app.bin', ...KEY, ...NAMES, '--out', 'own.minisig');
      await desk.json('sign', 'app.bin', ...KEY, ...NAMES, '--minimum', '1', '--out', 'own.minisig');
      expect(await readFile(join(desk.dir, 'own.minisig'), 'utf8')).toContain('minimum:1');
    },
  );

  it('is made of no file twice', async () => {
    const { stderr } = await desk.fota(['sign', 'app.bin', './app.bin', ...KEY, ...NAMES]);
    expect(stderr).toContain('would be written twice');
  });

  it('by a key of the other kind is made with a warning', async () => {
    const image = ['sign', 'app.bin', '--key', 'tracker-ring.key', ...NAMES];
    expect((await desk.fota(image)).stderr).toContain('warning: app.bin is an image, and a ring key signed it');
    const told = await desk.json<{ items: Array<{ warning?: string }> }>(...image);
    expect(told.items[0]?.warning).toContain('Keep ring keys offline');
    const ring = await desk.fota(['sign', 'tracker.ring', ...KEY]);
    expect(ring.stderr).toContain('warning: tracker.ring is a key ring, and a release key signed it');
    expect((await desk.fota(['sign', 'app.bin', ...KEY, ...NAMES])).stderr).toBe('');
    expect((await desk.fota(['sign', 'tracker.ring', '--key', 'tracker-ring.key'])).stderr).toBe('');
  });
});

describe('a key under a passphrase', () => {
  const env = (passphrase: string): Record<string, string> => ({ FOTA_KEY_PASSPHRASE: passphrase });
  const SIGNING = ['sign', 'app.bin', '--key', 'locked.key', ...NAMES];
  beforeEach(async () => {
    const cost = { operations: 32_768n, memory: 1_048_576n };
    await desk.file('locked.key', await sealed(makeSecretKey(), 'x', 'geheim', { cost }));
  });

  it('is opened by what is typed unseen, or by the variable', async () => {
    const asked: string[] = [];
    const askUnseen = async (question: string): Promise<string> => {
      asked.push(question);
      return 'geheim';
    };
    expect((await fota(SIGNING, { cwd: desk.dir, askUnseen })).code).toBe(0);
    expect(asked).toEqual(['Passphrase of locked.key: ']);
    expect((await desk.fota(SIGNING, env('geheim'))).code).toBe(0);
  });

  it('has a variable of its kind: what the CI knows opens no ring key', async () => {
    const cost = { operations: 32_768n, memory: 1_048_576n };
    const key = await sealed(makeSecretKey(), 'libfota2 encrypted secret ring key 0', 'geheim', { cost });
    await desk.file('ring.key', key);
    for (const file of ['tracker.ring', 'app.bin']) {
      const signing = ['sign', file, '--key', 'ring.key', '--project', 'tracker', ...(file === 'app.bin' ? NAMES : [])];
      expect((await desk.fota(signing, env('geheim'))).stderr).toContain('FOTA_RING_PASSPHRASE');
      expect((await desk.fota(signing, { FOTA_RING_PASSPHRASE: 'geheim' })).code).toBe(0);
    }
    // A key of minisign does not tell its kind: what it signs does.
    const theirs = ['sign', 'tracker.ring', '--key', 'locked.key'];
    expect((await desk.fota(theirs, env('geheim'))).stderr).toContain('code: passphrase-needed');
    expect((await desk.fota(theirs, { FOTA_RING_PASSPHRASE: 'geheim' })).code).toBe(0);
  });

  it('is opened by nothing else, and what was tried is never shown', async () => {
    const { code, stdout, stderr } = await desk.fota(SIGNING, env('falsch'));
    expect(code).toBe(1);
    expect(stderr).toContain('code: passphrase-wrong');
    expect(stdout + stderr).not.toContain('falsch');
    expect((await desk.fota(SIGNING)).stderr).toContain('code: passphrase-needed');
    expect((await desk.fota([...SIGNING, '--json'])).stdout).toContain('passphrase-needed');
  });
});

describe.skipIf(minisign === undefined)('minisign', () => {
  it('verifies what we sign, and signs with our key what we verify', async () => {
    await desk.json('sign', 'app.bin', ...KEY, ...NAMES);
    expect(run(['-V', '-m', 'app.bin', '-p', 'tracker-release.pub'])).toContain('version:2.0.0');
    const { stdout: comment } = await desk.fota(['sign', '--comment', 'app.bin', ...NAMES, '--minimum', '1.0']);
    run(['-S', '-s', 'tracker-release.key', '-m', 'app.bin', '-t', comment.trimEnd()]);
    const { code, stdout } = await verified();
    expect(code).toBe(0);
    expect(stdout).toContain('minimum');
  });

  it('makes keys that we sign with', async () => {
    run(['-G', '-W', '-p', 'theirs.pub', '-s', 'theirs.key']);
    await desk.json('sign', 'app.bin', '--key', 'theirs.key', ...NAMES);
    run(['-V', '-m', 'app.bin', '-p', 'theirs.pub']);
    expect((await desk.fota(['verify', 'app.bin', '--key', 'theirs.pub'])).code).toBe(0);
  });

  it('signs nothing of use without the comment, and we say so', async () => {
    run(['-S', '-s', 'tracker-release.key', '-m', 'app.bin']);
    const { stderr } = await verified();
    expect(stderr).toContain('code: manifest-malformed');
    expect(stderr).toContain('fota sign --comment');
  });

  it('opens a key that we locked with a passphrase', { timeout: 120_000 }, async () => {
    const env = { FOTA_KEY_PASSPHRASE: 'correct horse 电池' };
    const made = await desk.fota(
      ['keys', 'rotate', 'tracker.ring', '--new-release', 'locked.key', '--out', 'l.ring'],
      env,
    );
    expect(made.code).toBe(0);
    expect(made.stdout + made.stderr).not.toContain('horse');
    run(['-S', '-s', 'locked.key', '-m', 'app.bin', '-t', 'x'], `${env.FOTA_KEY_PASSPHRASE}\n`);
    run(['-V', '-m', 'app.bin', '-p', 'locked.pub']);
  });
});
