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

  it('takes a release of LuatOS without a core where that is said', async () => {
    await desk.json('project', 'create', 'p');
    await desk.file('app.bin', makeImage(1, 1_000));
    const args = ['app.bin', '--firmware', 'a_LuatOS-SoC_EC718P', '--version', '1.0.0'];
    expect((await desk.fota(['publish', ...args])).stderr).toContain('code: core-missing');
    expect((await desk.fota(['publish', ...args, '--core', 'none'])).code).toBe(0);
  });
});
