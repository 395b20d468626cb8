import { link, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeImage } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';
import { fota } from '../../test/run.ts';

interface Made {
  readonly ring: string;
  readonly releaseKey: { readonly id: string; readonly secret: string };
  readonly ringKey: { readonly id: string; readonly secret: string };
}

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

const text = (name: string): Promise<string> => readFile(join(desk.dir, name), 'utf8');
const made = (project = 'tracker'): Promise<Made> => desk.json('keys', 'new', '--project', project, '--no-passphrase');

describe('fota keys new', () => {
  it('makes two secret keys that nobody else may read, their public halves, and the first key ring', async () => {
    const { releaseKey, ringKey } = await made();
    for (const name of ['tracker-release.key', 'tracker-ring.key']) {
      expect((await stat(join(desk.dir, name))).mode & 0o777).toBe(0o600);
    }
    const { items } = await desk.json<{ items: unknown }>(
      ...['keys', 'show', 'tracker.ring', 'tracker-release.key', 'tracker-ring.pub'],
    );
    expect(items).toMatchObject([
      { kind: 'key-ring', project: 'tracker', serial: 1, releaseKeys: [releaseKey.id], ringKeys: [ringKey.id] },
      { kind: 'secret-key', id: releaseKey.id, isLocked: false },
      { kind: 'public-key', id: ringKey.id },
    ]);
  });

  it('says what goes where', async () => {
    const { stdout, stderr } = await desk.fota(['keys', 'new', '--project', '智能 电表', '--no-passphrase']);
    expect(stdout).toContain('secrets of your CI');
    expect(stdout).toContain('Offline');
    expect(stdout).toMatch(/^ {2}fota project trust '智能 电表' '.*智能_电表\.ring'$/m);
    expect(stderr).toContain('who can read the files can sign');
  });

  it('writes over nothing, unless it is told so', async () => {
    await made();
    const before = await text('tracker-ring.key');
    const args = ['keys', 'new', '--project', 'tracker', '--no-passphrase'];
    expect((await desk.fota(args)).stderr).toContain('code: file-exists');
    expect(await text('tracker-ring.key')).toBe(before);
    expect((await desk.fota([...args, '--force'])).code).toBe(0);
    expect(await text('tracker-ring.key')).not.toBe(before);
  });

  it('writes no two keys into one file, forced or not', async () => {
    const { releaseKey } = await made();
    await rm(join(desk.dir, 'tracker-ring.key'));
    await link(releaseKey.secret, join(desk.dir, 'tracker-ring.key'));
    const args = ['keys', 'new', '--project', 'tracker', '--no-passphrase', '--force'];
    expect((await desk.fota(args)).stderr).toContain('would be written twice');
  });

  it('asks for no passphrase where nobody sits, and says what to do', async () => {
    const { code, stderr } = await desk.fota(['keys', 'new', '--project', 'tracker']);
    expect(code).toBe(1);
    expect(stderr).toContain('FOTA_KEY_PASSPHRASE');
    expect(stderr).toContain('code: passphrase-needed');
    // What the CI knows locks no key that can replace all others.
    const half = await desk.fota(['keys', 'new', '--project', 'tracker'], { FOTA_KEY_PASSPHRASE: 'of the CI' });
    expect(half.stderr).toContain('Give it in the variable FOTA_RING_PASSPHRASE');
    await expect(stat(join(desk.dir, 'tracker-release.key'))).rejects.toThrow();
  });

  it.each([
    ['differ', ['one', 'two']],
    ['is empty', ['']],
  ])('makes no key where what was typed %s', async (what, typed) => {
    const answers = [...typed];
    const told = await fota(['keys', 'new', '--project', 'tracker'], {
      cwd: desk.dir,
      askUnseen: async () => answers.shift(),
    });
    expect(told.stderr).toContain(what);
    expect(told.stderr).toContain('code: passphrase-needed');
    expect(told.stdout + told.stderr).not.toContain('two\n');
  });

  it('says where it cannot write', async () => {
    await desk.file('file', Buffer.from(''));
    const told = await desk.fota(['keys', 'new', '--project', 'tracker', '--dir', 'file/keys', '--no-passphrase']);
    expect(told.stderr).toContain('code: file-unwritable');
  });
});

describe('fota keys show', () => {
  it('shows nothing of a secret key but its number', async () => {
    await made();
    const { stdout } = await desk.fota(['keys', 'show', 'tracker-release.key']);
    const secret = (await text('tracker-release.key')).split('\n')[1] ?? '';
    expect(stdout).not.toContain(secret.slice(80, 120));
    expect(stdout).toContain('lies open');
  });

  it('says what is wrong with a file that is none of all that', async () => {
    await desk.file('x.txt', 'hello');
    expect((await desk.fota(['keys', 'show', 'x.txt'])).stderr).toContain('code: key-malformed');
    await desk.file('x.bin', makeImage(1, 50_000));
    expect((await desk.fota(['keys', 'show', 'x.bin'])).stderr).toContain('code: file-unreadable');
    await desk.file('x.ring', 'libfota2 key ring\nserial: 0\n');
    expect((await desk.fota(['keys', 'show', 'x.ring'])).stderr).toContain('code: key-ring-malformed');
  });
});

describe('fota keys rotate', () => {
  it('brings in a key that it makes, and the ring before proves the next one', async () => {
    const { releaseKey } = await made();
    const args = ['--ring-key', 'tracker-ring.key', '--new-release', 'next.key', '--no-passphrase'];
    const told = await desk.fota(['keys', 'rotate', 'tracker.ring', ...args]);
    expect(told.stdout).toContain(`${releaseKey.id}  stays`);
    expect(told.stdout).toContain('1 → 2');
    const next = await desk.json<{ valid: boolean }>('verify', 'tracker.2.ring', '--ring', 'tracker.ring');
    expect(next).toMatchObject({ valid: true, project: 'tracker', firmwareName: 'fota-key-ring', version: '2' });
    await desk.file('app.bin', makeImage(1, 1_000));
    const names = ['--project', 'tracker', '--firmware', 'f', '--version', '1.0.0'];
    await desk.json('sign', 'app.bin', '--key', 'next.key', ...names);
    expect((await desk.fota(['verify', 'app.bin', '--ring', 'tracker.2.ring'])).code).toBe(0);
    expect((await desk.fota(['verify', 'app.bin', '--ring', 'tracker.ring'])).stderr).toContain(
      'signature-unknown-key',
    );
  });

  it('takes a key out, and says what that means', async () => {
    const { releaseKey } = await made();
    await desk.json(
      ...[
        'keys',
        'rotate',
        'tracker.ring',
        '--ring-key',
        'tracker-ring.key',
        '--new-release',
        'n.key',
        '--no-passphrase',
      ],
    );
    const args = ['--ring-key', 'tracker-ring.key', '--remove-release', releaseKey.id];
    const { stdout, stderr } = await desk.fota(['keys', 'rotate', 'tracker.2.ring', ...args]);
    expect(stdout).toContain(`${releaseKey.id}  removed`);
    expect(stderr).toContain('sign and publish them again');
    expect(await text('tracker.3.ring')).toContain('serial: 3');
  });

  it('leaves the signature to a key that lies elsewhere', async () => {
    await made();
    await made('other');
    const { stdout } = await desk.fota(['keys', 'rotate', 'tracker.ring', '--add-ring', 'other-ring.pub']);
    expect(stdout).toContain('It is not signed yet');
    await desk.json('sign', 'tracker.2.ring', '--key', 'tracker-ring.key');
    expect((await desk.fota(['verify', 'tracker.2.ring', '--ring', 'tracker.ring'])).code).toBe(0);
  });

  it('is signed by no other key than a ring key of the present ring', async () => {
    await made();
    const args = ['--ring-key', 'tracker-release.key', '--new-ring', 'n.key', '--no-passphrase'];
    const { stderr } = await desk.fota(['keys', 'rotate', 'tracker.ring', ...args]);
    expect(stderr).toContain('code: signature-unknown-key');
    await expect(stat(join(desk.dir, 'n.key'))).rejects.toThrow();
    await expect(stat(join(desk.dir, 'tracker.2.ring'))).rejects.toThrow();
  });

  it('knows a ring whose first line is a comment', async () => {
    await made();
    await desk.file('noted.ring', `# of the lab\n\n${await text('tracker.ring')}`);
    const { items } = await desk.json<{ items: unknown }>('keys', 'show', 'noted.ring');
    expect(items).toMatchObject([{ kind: 'key-ring', serial: 1 }]);
    const signed = await desk.json<{ items: unknown }>('sign', 'noted.ring', '--key', 'tracker-ring.key');
    expect(signed.items).toMatchObject([{ firmwareName: 'fota-key-ring', version: '1' }]);
  });

  it.each([
    ['two new keys in one file', ['--new-release', 'n.key', '--new-ring', './n.key']],
    ['two new keys with one public file', ['--new-release', 'n.key', '--new-ring', 'n']],
    ['a new key where the ring goes', ['--new-release', 'n.key', '--out', 'n.key']],
    ['a new key where its signature goes', ['--new-release', 'n.ring.minisig', '--out', 'n.ring']],
    ['a ring over the present one', ['--new-release', 'n.key', '--out', 'tracker.ring']],
    ['a new key over the one that signs', ['--new-ring', 'tracker-ring.key']],
    ['a new key over one that comes in', ['--add-ring', 'other-ring.pub', '--new-ring', 'other-ring.key']],
    ['a new key over a link to the present ring', ['--new-release', 'link.key']],
  ])('refuses to write %s, forced or not, and writes nothing', async (_, args) => {
    await made();
    await made('other');
    await symlink(join(desk.dir, 'tracker.ring'), join(desk.dir, 'link.key'));
    const before = (await readdir(desk.dir)).sort();
    const texts = await Promise.all(before.map(text));
    for (const more of [[], ['--force']]) {
      const all = [
        'keys',
        'rotate',
        'tracker.ring',
        '--ring-key',
        'tracker-ring.key',
        '--no-passphrase',
        ...args,
        ...more,
      ];
      const { code, stderr } = await desk.fota(all);
      expect(stderr).toContain('a key could be lost');
      expect(code).toBe(2);
    }
    expect((await readdir(desk.dir)).sort()).toEqual(before);
    expect(await Promise.all(before.map(text))).toEqual(texts);
  });

  it('refuses what would leave no key', async () => {
    const { ringKey } = await made();
    const { code, stderr } = await desk.fota(['keys', 'rotate', 'tracker.ring', '--remove-ring', ringKey.id]);
    expect(code).toBe(1);
    expect(stderr).toContain('code: rotation-refused');
  });

  it('takes a public key by its line, and no secret one', async () => {
    await made();
    await made('other');
    const line = (await text('other-release.pub')).split('\n')[1] ?? '';
    const args = ['keys', 'rotate', 'tracker.ring', '--ring-key', 'tracker-ring.key'];
    expect((await desk.fota([...args, '--add-release', line])).code).toBe(0);
    const { stderr } = await desk.fota([...args, '--add-release', 'other-release.key', '--out', 'x.ring']);
    expect(stderr).toContain('is a secret key, and a public one is wanted');
  });
});
