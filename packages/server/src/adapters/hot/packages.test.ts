import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fixtures } from '../../../test/server.ts';
import { collect, testPackageStore } from '../../../test/suites/package-store.ts';
import type { Package } from '../../domain/catalogue.ts';
import { openDiskPackages } from '../disk/packages.ts';
import { memoryPackages } from '../memory/packages.ts';
import { hotPackages } from './packages.ts';

const { folder } = fixtures(onTestFinished);

for (const [what, bytes] of [
  ['a cache with room', 64 << 20],
  ['a cache that is too small for most', 400_000],
  ['a cache that is off', 0],
] as const) {
  describe(`a store of packages: ${what}, over a disk`, () =>
    testPackageStore(it, async () => {
      const dir = await folder();
      return {
        store: hotPackages(await openDiskPackages(dir), { bytes }),
        spoil: (sha256, spoilt) =>
          spoilt === undefined ? rm(join(dir, sha256)) : writeFile(join(dir, sha256), spoilt),
      };
    }));
}

/** A cache over a store whose openings are counted. */
async function scene(bytes: number, sizes: readonly number[], packageBytes = bytes) {
  const kept = new Map<string, Uint8Array>();
  const cold = memoryPackages(kept);
  const open = vi.fn(cold.open);
  const store = hotPackages({ ...cold, open }, { bytes, packageBytes });
  const packages = await Promise.all(sizes.map((size) => store.put([randomBytes(size)])));
  const read = async (wanted: Package | undefined): Promise<void> => {
    if (wanted === undefined) throw new Error('no such package');
    const opened = await store.open(wanted);
    const all = await collect(opened.read(0, wanted.size - 1));
    expect(all.equals(kept.get(wanted.sha256) ?? all)).toBe(true);
    await opened.close();
  };
  return { kept, open, store, packages, read };
}

describe('hot packages', () => {
  it('are read from the store once, also by those who come together', async () => {
    const { open, packages, read, store } = await scene(1_000, [400]);
    await Promise.all(Array.from({ length: 20 }, () => read(packages[0])));
    await read(packages[0]);
    expect(open).toHaveBeenCalledTimes(1);
    expect(store.heldBytes()).toBe(400);
  });

  it('make room by the one that was not asked for the longest', async () => {
    const { open, packages, read, store } = await scene(1_000, [400, 400, 400]);
    const [a, b, c] = packages;
    for (const one of [a, b, a, c]) await read(one);
    expect([open.mock.calls.length, store.heldBytes()]).toEqual([3, 800]);
    for (const one of [c, a]) await read(one);
    expect(open).toHaveBeenCalledTimes(3);
    await read(b);
    expect(open).toHaveBeenCalledTimes(4);
  });

  it('never take more memory than allowed: what finds no room among readers comes from the store', async () => {
    const { open, packages, read, store } = await scene(1_000, [400, 400, 400]);
    const [a, b, c] = packages;
    const readers = await Promise.all([a, b].map((one) => one && store.open(one)));
    await read(c);
    await read(c);
    expect([open.mock.calls.length, store.heldBytes()]).toEqual([4, 800]);
    await readers[0]?.close();
    await readers[0]?.close();
    await read(c);
    await read(c);
    expect([open.mock.calls.length, store.heldBytes()]).toEqual([5, 800]);
    await read(b);
    expect(open).toHaveBeenCalledTimes(5);
  });

  it('of more than the limit of one come from the store; by default it is a quarter of all', async () => {
    const { open, packages, read, store } = await scene(1_000, [251], undefined);
    expect(store.heldBytes()).toBe(0);
    const quarter = hotPackages(store, { bytes: 1_000 });
    const one = packages[0];
    if (one !== undefined) await (await quarter.open(one)).close();
    expect([open.mock.calls.length, quarter.heldBytes()]).toEqual([1, 0]);
    await read(one);
    expect(store.heldBytes()).toBe(251);
  });

  it('are served on when the store loses them, and not loaded again when they are damaged there', async () => {
    const { kept, packages, read, store } = await scene(1_000, [400, 900]);
    const [small, large] = packages;
    await read(small);
    if (small !== undefined) kept.delete(small.sha256);
    await read(small);
    await read(large);
    await expect(read(small)).rejects.toMatchObject({ code: 'package-damaged' });
    expect(store.heldBytes()).toBeLessThanOrEqual(900);
  });

  it('are those bytes that were checked, even when the store changes between its check and the reading', async () => {
    const cold = memoryPackages();
    const stored = await cold.put([randomBytes(400)]);
    let lies = 1;
    const open: typeof cold.open = async (wanted) => {
      const opened = await cold.open(wanted);
      if (lies-- <= 0) return opened;
      return {
        ...opened,
        async *read() {
          yield Buffer.alloc(400);
        },
      };
    };
    const store = hotPackages({ ...cold, open }, { bytes: 1_000, packageBytes: 1_000 });
    const opened = await store.open(stored);
    expect(await collect(opened.read(0, 399))).not.toEqual(Buffer.alloc(400));
    expect(store.heldBytes()).toBe(0);
  });
});
