import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeImage } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';
import { fota } from '../../test/run.ts';

interface Shown {
  readonly serial: number;
  readonly text: string;
  readonly releaseKeys: readonly string[];
}
interface Published {
  readonly release: { readonly id: number; readonly firmwareName: string; readonly version: string };
}

const NAMES = ['--firmware', 'gateway', '--version', '2.0.0'];
const SIGN = ['--key', 'tracker-release.key', '--project', 'tracker'];

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
  await desk.file('app.bin', makeImage(1, 5_000));
  await desk.json('project', 'create', 'tracker');
  await desk.json('keys', 'new', '--project', 'tracker', '--no-passphrase');
});
afterEach(() => desk.clear());

const trust = (...args: readonly string[]): Promise<Shown> => desk.json('project', 'trust', 'tracker', ...args);
/** The code of a failure; what was said of it. */
async function told(...args: readonly string[]): Promise<{ code: string | undefined; stderr: string }> {
  const { stderr } = await desk.fota(args);
  return { code: /code: (\S+)/.exec(stderr)?.[1], stderr };
}

describe('fota project trust', () => {
  it('sets the first key ring, shows it, and the one that follows', async () => {
    expect((await told('project', 'trust', 'tracker')).code).toBe('key-ring-none');
    const first = await trust('tracker.ring');
    expect(first).toMatchObject({ serial: 1, text: await readFile(join(desk.dir, 'tracker.ring'), 'utf8') });
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
    expect((await trust('tracker.2.ring')).releaseKeys).toHaveLength(2);
    expect((await trust()).serial).toBe(2);
    const { stdout } = await desk.fota(['project', 'trust', 'tracker']);
    expect(stdout).toContain('ring 1 on follow it by themselves');
    expect((await desk.fota(['project', 'show', 'tracker'])).stdout).toMatch(/key ring +2: nothing unsigned/);
  });

  it('says how to sign a ring that is not, and which one has to be', async () => {
    await trust('tracker.ring');
    await desk.json('keys', 'rotate', 'tracker.ring', '--new-release', 'n.key', '--no-passphrase');
    const unsigned = await told('project', 'trust', 'tracker', 'tracker.2.ring');
    expect(unsigned).toMatchObject({ code: 'signature-missing' });
    expect(unsigned.stderr).toContain('fota sign tracker.2.ring --key KEY');
    await desk.json('sign', 'tracker.2.ring', '--key', 'tracker-release.key');
    expect((await told('project', 'trust', 'tracker', 'tracker.2.ring')).code).toBe('signature-unknown-key');
    await desk.json('sign', 'tracker.2.ring', '--key', 'tracker-ring.key', '--out', 'x.minisig');
    expect(await trust('tracker.2.ring', '--signature', 'x.minisig')).toMatchObject({ serial: 2 });
  });

  it('begins anew where all ring keys are lost, once that is certain', async () => {
    await trust('tracker.ring');
    await mkdir(join(desk.dir, 'anew'));
    const project = ['--project', 'tracker', '--no-passphrase'];
    await desk.json('keys', 'new', ...project, '--dir', 'anew', '--serial', '9');
    const args = ['project', 'trust', 'tracker', 'anew/tracker.ring', '--replace'];
    expect((await told(...args)).code).toBe('usage');
    const asked = await fota(args, { cwd: desk.dir, ask: async () => 'n' });
    expect(asked.stderr).toContain('the key ring is as it was');
    expect((await fota(args, { cwd: desk.dir, ask: async () => 'y' })).code).toBe(0);
    expect((await trust()).serial).toBe(9);
  });

  it('is no place for anything else', async () => {
    expect((await told('project', 'trust', 'tracker', 'app.bin')).code).toBe('key-ring-malformed');
    expect((await told('project', 'trust', 'tracker', '--replace')).code).toBe('usage');
    await desk.json('project', 'create', 'other');
    expect((await told('project', 'trust', 'other', 'tracker.ring')).code).toBe('key-ring-mismatch');
  });
});

describe('fota publish, where there is a key ring', () => {
  it('takes the signature that lies beside, and names and version from it', async () => {
    await trust('tracker.ring');
    await desk.json('sign', 'app.bin', ...SIGN, ...NAMES, '--minimum', '1.2.0', '--not-after', '90d');
    const { code, stdout, stderr } = await desk.fota(['publish', 'app.bin']);
    expect(stderr).toContain('app.bin.minisig, which lies beside');
    expect(code).toBe(0);
    expect(stdout).toMatch(/version +2\.0\.0/);
    const shown = await desk.fota(['release', 'show', '1']);
    expect(shown.stdout).toMatch(/signed +by the key [\dA-F]{16}, /);
    expect(shown.stdout).toMatch(/not after +2\d{3}-/);
    expect(shown.stdout).toMatch(/minimum +1\.2\.0/);
  });

  it('signs on the way', async () => {
    await trust('tracker.ring');
    const published = await desk.json<Published>('publish', 'app.bin', '--key', 'tracker-release.key', ...NAMES);
    expect(published.release).toMatchObject({ firmwareName: 'gateway', version: '2.0.0', state: 'published' });
  });

  it('signs what was published before, with the same bytes', async () => {
    await desk.json('publish', 'app.bin', ...NAMES);
    await trust('tracker.ring');
    expect((await desk.fota(['project', 'trust', 'tracker'])).stdout).toContain('gateway 2.0.0');
    await desk.json('publish', 'app.bin', '--key', 'tracker-release.key', ...NAMES);
    expect((await desk.fota(['release', 'show', '1'])).stdout).toContain('by the key');
    expect((await desk.fota(['project', 'trust', 'tracker'])).stdout).not.toContain('gateway 2.0.0');
  });

  it('says wherever one looks that the time of a release on offer ends soon', async () => {
    await trust('tracker.ring');
    await desk.json('sign', 'app.bin', ...SIGN, ...NAMES, '--not-after', '5d');
    await desk.json('publish', 'app.bin');
    await desk.serve('--quiet');
    const following = desk.begin('events', '--follow');
    await following.says(/release\.expiring +tracker +gateway 2\.0\.0 release 1: by its signature/);
    const { stdout } = await desk.fota(['release', 'list']);
    expect(stdout).toMatch(/ published, ends in [45] days /);
    const { checks } = await desk.json<{ checks: object[] }>('doctor');
    const message = expect.stringMatching(
      /^release 1 \(gateway 2\.0\.0 of tracker\) .* until .*Z: that ends in [45] days$/,
    );
    expect(checks).toContainEqual({ name: 'signatures', status: 'warn', message, remedy: expect.any(String) });
  });

  it('signs what content and file name tell', async () => {
    await trust('tracker.ring');
    const name = 'tracker_2012.001.005_LuatOS-SoC_EC718P.bin';
    await desk.file(name, makeImage(2, 5_000));
    const { release } = await desk.json<Published>('publish', name, '--key', 'tracker-release.key');
    expect(release).toMatchObject({ firmwareName: 'tracker_LuatOS-SoC_EC718P', version: '2012.001.005' });
  });

  it('lets no byte go up that would be refused, and says what to do', async () => {
    await desk.serve();
    await trust('tracker.ring');
    const refused = async (...more: readonly string[]): Promise<string | undefined> => {
      const { code, stderr } = await told('publish', 'app.bin', ...more);
      expect(stderr).not.toContain('--resume');
      return code;
    };
    const missing = await told('publish', 'app.bin', ...NAMES);
    expect(missing.code).toBe('signature-missing');
    expect(missing.stderr).toContain('fota sign app.bin --key KEY --project tracker');
    await desk.json('sign', 'app.bin', ...SIGN, ...NAMES);
    expect(await refused('--version', '2.0.1')).toBe('manifest-mismatch');
    expect(await refused('--firmware', 'other')).toBe('manifest-mismatch');
    expect(await refused('--key', 'tracker-ring.key', ...NAMES)).toBe('signature-unknown-key');
    await desk.json('sign', 'app.bin', '--key', 'tracker-release.key', '--project', 'other', ...NAMES);
    expect(await refused()).toBe('manifest-mismatch');
    await desk.json('sign', 'app.bin', ...SIGN, ...NAMES);
    await desk.file('app.bin', makeImage(3, 5_000));
    expect(await refused()).toBe('manifest-mismatch');
    await desk.file('app.bin.minisig', 'nonsense');
    expect(await refused()).toBe('signature-malformed');
    expect(await refused('--signature', 'tracker.ring')).toBe('signature-malformed');
  });
});

describe('fota publish, where there is no key ring', () => {
  it('takes a signature all the same, and passes over one that was made for something else', async () => {
    await desk.json('sign', 'app.bin', ...SIGN, ...NAMES);
    const { release } = await desk.json<Published>('publish', 'app.bin');
    expect(release).toMatchObject({ version: '2.0.0', packages: [{ signature: expect.stringContaining('trusted') }] });
    await desk.file('b.bin', makeImage(4, 5_000));
    await desk.file('b.bin.minisig', 'nonsense');
    const { code, stderr } = await desk.fota(['publish', 'b.bin', '--firmware', 'b', '--version', '1']);
    expect(stderr).toContain('published without a signature');
    expect(code).toBe(0);
    const explicit = ['publish', 'b.bin', '--firmware', 'b', '--version', '1', '--signature', 'b.bin.minisig'];
    expect((await told(...explicit)).code).toBe('signature-malformed');
  });
});

describe('a device that trusts the key ring', () => {
  it('goes on after its release key was stolen: a new one by the ring key, and releases by the new one', async () => {
    const { url } = await desk.serve();
    const { key } = await desk.json<{ key: string }>('project', 'show', 'tracker');
    const upgrade = async (running: string): Promise<{ code: number; stdout: string }> => {
      const as = ['--id', 'device-1', '--key', key, '--firmware', 'gateway', '--version', running];
      return desk.fota(['upgrade', `${url}/upgrade`, ...as, '--trust', 'tracker.ring', '--dir', 'device']);
    };
    await trust('tracker.ring');
    await desk.json('sign', 'app.bin', ...SIGN, ...NAMES);
    await desk.json('publish', 'app.bin');
    expect(await upgrade('1.0.0')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('gateway 2.0.0 of tracker'),
    });

    const { items } = await desk.json<{ items: { id: string }[] }>('keys', 'show', 'tracker-release.pub');
    const [stolen = { id: '' }] = items;
    await desk.json(
      ...['keys', 'rotate', 'tracker.ring', '--ring-key', 'tracker-ring.key', '--remove-release', stolen.id],
      ...['--new-release', 'next.key', '--no-passphrase'],
    );
    await trust('tracker.2.ring');
    const shown = async (...args: readonly string[]): Promise<string> => (await desk.fota(args)).stdout;
    const left = await shown('project', 'trust', 'tracker');
    expect(left).toMatch(/^devices +1 device with ring 1$/m);
    expect(left).toContain("Not there yet: fota device list 'keyring < 2' --project tracker");
    expect(await shown('device', 'list', 'keyring < 2')).toMatch(/ACCESS +RING +LABELS\ndevice-1 .* default +1$/m);
    await desk.file('b.bin', makeImage(7, 5_000));
    const b = ['publish', 'b.bin', '--firmware', 'gateway', '--version', '2.1.0', '--key'];
    expect((await told(...b, 'tracker-release.key')).code).toBe('signature-unknown-key');
    await desk.json(...b, 'next.key');
    const { code, stdout } = await upgrade('2.0.0');
    expect(stdout).toMatch(/key ring +updated to number 2/);
    expect(stdout).toContain('gateway 2.1.0 of tracker');
    expect(code).toBe(0);
    expect((await upgrade('2.1.0')).stdout).toContain('reason: newest');
    expect(await shown('project', 'trust', 'tracker')).toMatch(/^devices +1 device with this ring$/m);
    expect(await shown('device', 'show', 'device-1')).toMatch(/^key ring +2$/m);
  });
});
