import { readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fixtures, image } from '../../../test/server.ts';
import { collect, testPackageStore } from '../../../test/suites/package-store.ts';
import { openDiskPackages } from './packages.ts';

const { folder } = fixtures(onTestFinished);

describe('a store of packages on a disk', () =>
  testPackageStore(it, async () => {
    const dir = await folder();
    return {
      store: await openDiskPackages(dir),
      spoil: (sha256, bytes) => (bytes === undefined ? rm(join(dir, sha256)) : writeFile(join(dir, sha256), bytes)),
    };
  }));

describe('packages on a disk', () => {
  it('are one file each, however often they are stored', async () => {
    const dir = await folder();
    const packages = await openDiskPackages(dir);
    const bytes = image(200_000);
    const stored = await packages.put([bytes]);
    await packages.put([bytes]);
    expect(await readdir(dir)).toEqual([stored.sha256]);
  });

  it('that break off, or have no bytes, leave nothing behind', async () => {
    const dir = await folder();
    const packages = await openDiskPackages(dir);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield image(1_000);
      throw new Error('the line is dead');
    }
    await expect(packages.put(broken())).rejects.toThrow('the line is dead');
    await expect(packages.put([])).rejects.toMatchObject({ code: 'package-empty' });
    expect(await readdir(dir)).toEqual([]);
  });

  it('are not served again when other bytes took their place, even with the old time and size', async () => {
    const dir = await folder();
    const packages = await openDiskPackages(dir);
    const stored = await packages.put([image(1_000)]);
    await (await packages.open(stored)).close();
    const path = join(dir, stored.sha256);
    await writeFile(path, image(1_000));
    await utimes(path, 0, 0);
    await expect(packages.open(stored)).rejects.toMatchObject({ code: 'package-damaged' });
  });

  it('that were cut short are removed at the start; whole ones and files of others stay', async () => {
    const dir = await folder();
    const stored = await (await openDiskPackages(dir)).put([image()]);
    await writeFile(join(dir, 'leftover.part'), 'x');
    await writeFile(join(dir, 'README'), 'x');
    await openDiskPackages(dir);
    expect((await readdir(dir)).sort()).toEqual([stored.sha256, 'README'].sort());
  });

  it('are read through two buffers, and end early with an error where their file does', async () => {
    const dir = await folder();
    const packages = await openDiskPackages(dir);
    const stored = await packages.put([image(1_000_000)]);
    const memory = new Set<ArrayBufferLike>();
    for await (const piece of (await packages.open(stored)).read(1, 999_000)) memory.add(piece.buffer);
    expect(memory.size).toBe(2);
    const cut = (await packages.open(stored)).read(0, 999_999);
    await truncate(join(dir, stored.sha256), 300_000);
    await expect(collect(cut)).rejects.toThrow('ends at 300000');
  });

  it('on a full disk are refused as that', async () => {
    const { translate } = await import('./errors.ts');
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    expect(translate('data', full)).toMatchObject({ code: 'disk-full', cause: full });
  });
});
