import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Vault } from 'libfota2/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { updateFile } from './update-file.ts';
import { nodeWorld } from './world.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'libfota2 world '));
});
afterEach(() => rm(dir, { recursive: true }));

it("a target of one's own that keeps nothing of what is trusted has it kept in files", async () => {
  const { target } = updateFile(join(dir, 'elsewhere'));
  const { vault } = nodeWorld.place({ dir, target });
  for (const copy of vault) await copy.save('kept');
  expect((await readdir(dir)).sort()).toEqual(['update.bin.trust.0', 'update.bin.trust.1']);
});

it("a vault of one's own is used with the default target, too", () => {
  const { vault } = updateFile(join(dir, 'elsewhere'));
  const own: Vault = [vault[0], vault[1]];
  expect(nodeWorld.place({ dir, vault: own }).vault).toBe(own);
  expect(nodeWorld.place({ dir, target: updateFile(dir).target, vault: own }).vault).toBe(own);
});

it('what is trusted says so where it cannot be read, unlike notes', async () => {
  const { notebook, vault } = updateFile(dir, {
    ...(await import('node:fs/promises')),
    readFile: async (): Promise<never> => {
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    },
  });
  expect(await notebook.load()).toBeUndefined();
  for (const copy of vault) await expect(copy.load()).rejects.toThrow('EIO');
});
