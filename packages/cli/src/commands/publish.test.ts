import { makeImage } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

describe('fota publish', () => {
  it.each([
    ['project-unknown', ['--project', 'nope', '--version', '1']],
    ['version-invalid', ['--version', 'abc']],
    ['core-invalid', ['--version', '1', '--core', 'new']],
    ['core-invalid', ['--version', '1', '--source', 'old']],
    ['name-invalid', ['--version', '1', '--firmware', '']],
    ['notes-too-long', ['--version', '1', '--notes', 'x'.repeat(100_000)]],
  ])('is refused by %s before a byte goes up', async (code, args) => {
    await desk.serve();
    await desk.json('project', 'create', 'p');
    await desk.file('app.bin', makeImage(1, 1_000));
    const told = await desk.fota(['publish', 'app.bin', '--firmware', 'f', ...args]);
    expect(told.code).toBe(1);
    expect(told.stderr).toContain(`code: ${code}\n`);
    expect(told.stderr).not.toContain('upload');
    expect(told.stderr).not.toContain('--resume');
  });

  it('signs the cores that it publishes, and refuses a signature for others before a byte goes up', async () => {
    await desk.json('project', 'create', 'p');
    await desk.json('keys', 'new', '--project', 'p', '--no-passphrase');
    await desk.json('project', 'trust', 'p', 'p.ring');
    await desk.file('app.bin', makeImage(1, 1_000));
    const args = ['app.bin', '--project', 'p', '--firmware', 'f', '--version', '1.0.6'];
    const key = ['--key', 'p-release.key'];
    const cores = ['--core', 'V2013', '--source', 'V2012'];
    const published = await desk.json<{ release: object }>('publish', ...args, ...cores, ...key);
    expect(published.release).toMatchObject({ core: '2013', wireVersion: '2013.1.6', packages: [{ source: '2012' }] });
    const { stdout } = await desk.fota(['release', 'show', '1']);
    expect(stdout).toMatch(/only from +the core 2012/);
    await desk.json('sign', ...args, ...cores, ...key);
    expect((await desk.fota(['publish', ...args, ...cores])).code).toBe(0);
    for (const [wrong, what] of [
      [['--core', 'V2014'], '2013.1.6 on the wire, not 2014.1.6'],
      [['--core', 'none'], '2013.1.6 on the wire, not 1.0.6'],
      [['--source', 'any'], 'the core 2012, not any'],
    ] as const) {
      const { stderr } = await desk.fota(['publish', ...args, ...wrong]);
      expect(stderr).toContain('code: manifest-mismatch');
      expect(stderr).toContain(what);
      expect(stderr).not.toContain('upload');
    }
  });

  it('takes a release of LuatOS without a core where that is said', async () => {
    await desk.json('project', 'create', 'p');
    await desk.file('app.bin', makeImage(1, 1_000));
    const args = ['app.bin', '--firmware', 'a_LuatOS-SoC_EC718P', '--version', '1.0.0'];
    expect((await desk.fota(['publish', ...args])).stderr).toContain('code: core-missing');
    expect((await desk.fota(['publish', ...args, '--core', 'none'])).code).toBe(0);
  });
});
