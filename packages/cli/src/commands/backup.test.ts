import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeImage, smallDisks } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';

const disks = smallDisks();
let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
  await desk.json('project', 'create', 'p');
  await desk.file('app.bin', makeImage(1, 100_000));
  await desk.json('publish', 'app.bin', '--firmware', 'app', '--version', '1.0.0');
});
afterEach(() => desk.clear());

interface Made {
  readonly file: string;
  readonly packages: number;
  readonly removed: readonly string[];
}

describe('fota backup', () => {
  it('makes one of a running server, and fota restore a data folder of it that knows the same', async () => {
    await desk.serve();
    const { file, packages } = await desk.json<Made>('backup');
    expect(file).toMatch(/\/fota-\d{8}T\d{6}Z\.tar$/);
    expect(packages).toBe(1);
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await desk.fota(['backup', 'verify', file])).stdout).toMatch(/ is whole\.\n/);
    const { code, stdout } = await desk.fota(['restore', file, '--data', 'other']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^packages +1 package, 100\.0 kB|0\.1 MB$/m);
    const releases = async (...more: string[]) =>
      JSON.parse((await desk.fota(['release', 'list', '--json', ...more])).stdout);
    expect(await releases('--data', 'other')).toEqual(await releases());
    const again = await desk.fota(['restore', file, '--data', 'other']);
    expect(again.stderr).toContain('code: data-dir-not-empty');
  });

  it('makes one without a server too, at the place that is named, and never over another file', async () => {
    expect((await desk.json<Made>('backup', '--to', 'mine.tar')).file).toBe(join(desk.dir, 'mine.tar'));
    const { code, stderr } = await desk.fota(['backup', '--to', 'mine.tar']);
    expect(code).toBe(1);
    expect(stderr).toContain('code: file-exists');
    expect((await desk.fota(['backup', '--to', 'no/where.tar'])).stderr).toContain('code: file-unwritable');
    expect((await readdir(desk.dir)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('keeps the newest that it named itself, where it is told how many', async () => {
    for (const day of ['01', '02', '03']) await desk.file(`fota-202511${day}T000000Z.tar`, '');
    await desk.file('fota-other.tar', '');
    const { removed } = await desk.json<Made>('backup', '--keep', '2');
    expect(removed).toEqual(['01', '02'].map((day) => join(desk.dir, `fota-202511${day}T000000Z.tar`)));
    expect(await readdir(desk.dir)).toContain('fota-other.tar');
  });

  it.skipIf(disks === undefined)(
    'leaves nothing on a disk that is too small, at whatever byte it gets full',
    async () => {
      const disk = disks?.(4 << 20);
      if (disk === undefined) return;
      onTestFinished(disk.remove);
      for (const room of [0, 4_096, 65_536, 200_000, 400_000]) {
        disk.fill(room);
        const { code, stderr } = await desk.fota(['backup', '--to', disk.path]);
        expect({ code, told: /code: disk-full/.test(stderr) }, stderr).toEqual({ code: 1, told: true });
        expect(await readdir(disk.path)).toEqual(['filler']);
      }
      disk.empty();
      const { file } = await desk.json<Made>('backup', '--to', disk.path);
      expect((await desk.fota(['backup', 'verify', file])).code).toBe(0);
    },
  );

  it('says of a file that it is not whole', async () => {
    const { file } = await desk.json<Made>('backup');
    await writeFile(file, (await readFile(file)).subarray(0, 70_000));
    for (const command of [
      ['backup', 'verify'],
      ['restore', '--data', 'x'],
    ]) {
      const { code, stderr } = await desk.fota([...command, file]);
      expect({ code, told: /code: backup-invalid/.test(stderr) }).toEqual({ code: 1, told: true });
    }
  });
});
