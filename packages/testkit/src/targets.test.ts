import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { updateFile } from 'libfota2';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { MemoryDisk } from './disk.ts';
import { testNotebook, testTarget } from './targets.ts';

describe('the disk in memory', () => {
  testTarget(it, async () => {
    const disk = new MemoryDisk();
    return { target: disk.place().target, shown: async () => disk.shown, again: () => disk.place().target };
  });
  testNotebook(it, async () => {
    const disk = new MemoryDisk();
    return { notebook: disk.place().notebook, again: () => disk.place().notebook };
  });
  for (const copy of [0, 1] as const) {
    testNotebook(it, async () => {
      const disk = new MemoryDisk();
      return { notebook: disk.place().vault[copy], again: () => disk.place().vault[copy] };
    });
  }
});

describe('update.bin in a folder', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'libfota2 targets '));
  });
  afterAll(() => rm(root, { recursive: true }));

  testTarget(it, async () => {
    const dir = await mkdtemp(join(root, 'place '));
    return {
      target: updateFile(dir).target,
      shown: () => readFile(join(dir, 'update.bin')).catch(() => undefined),
      again: () => updateFile(dir).target,
    };
  });
  testNotebook(it, async () => {
    const dir = await mkdtemp(join(root, 'place '));
    return { notebook: updateFile(dir).notebook, again: () => updateFile(dir).notebook };
  });
  for (const copy of [0, 1] as const) {
    testNotebook(it, async () => {
      const dir = join(await mkdtemp(join(root, 'place ')), 'not there yet');
      return { notebook: updateFile(dir).vault[copy], again: () => updateFile(dir).vault[copy] };
    });
  }
});
