import { constants } from 'node:fs';
import { type FileHandle, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Cut, materialize, PowerDisk, type Tree } from './disk.ts';

const shown = (tree: Tree): Record<string, string | undefined> =>
  Object.fromEntries([...tree].map(([path, bytes]) => [path, bytes?.toString()]));

/** A disk with `/d`, on which this was done. */
async function after(work: (disk: PowerDisk) => Promise<void>, samples = 0): Promise<{ disk: PowerDisk; cuts: Cut[] }> {
  const disk = new PowerDisk(new Map([['/d', undefined]]), samples);
  const cuts: Cut[] = [];
  disk.onCut = (cut) => void cuts.push(cut);
  await work(disk);
  return { disk, cuts };
}

async function write({ files }: PowerDisk, path: string, text: string, syncs = false): Promise<void> {
  const file = await files.open(path, 'w');
  await file.writeFile(text);
  if (syncs) await file.sync();
  await file.close();
}

async function syncFolder({ files }: PowerDisk, path: string): Promise<void> {
  const folder = await files.open(path, 'r');
  await folder.sync();
}

it('keeps bytes only once their file is synced, and names only once their folder is', async () => {
  const { disk } = await after(async (disk) => {
    await write(disk, '/d/synced', 'bytes', true);
    await write(disk, '/d/other', 'bytes');
  });
  expect(shown(disk.left('kept'))).toEqual({ '/d': undefined, '/d/synced': 'bytes', '/d/other': 'bytes' });
  expect(shown(disk.left('dropped'))).toEqual({ '/d': undefined });
  await syncFolder(disk, '/d');
  expect(shown(disk.left('dropped'))).toEqual({ '/d': undefined, '/d/synced': 'bytes', '/d/other': '' });
});

it('tells before, torn and after of each operation, with what is unsynced kept and dropped', async () => {
  const { cuts } = await after((disk) => write(disk, '/d/x', 'bytes', true));
  expect(cuts.map(({ name, when, unsynced, tree }) => [name, when, unsynced, tree.get('/d/x')?.toString()])).toEqual([
    ['create /d/x', 'before', 'kept', undefined],
    ['create /d/x', 'before', 'dropped', undefined],
    ['create /d/x', 'after', 'kept', ''],
    ['create /d/x', 'after', 'dropped', undefined],
    ['write /d/x', 'before', 'kept', ''],
    ['write /d/x', 'before', 'dropped', undefined],
    ['write /d/x', 'torn', 'kept', 'b'],
    ['write /d/x', 'torn', 'dropped', undefined],
    ['write /d/x', 'torn', 'kept', 'by'],
    ['write /d/x', 'torn', 'dropped', undefined],
    ['write /d/x', 'torn', 'kept', 'byte'],
    ['write /d/x', 'torn', 'dropped', undefined],
    ['write /d/x', 'after', 'kept', 'bytes'],
    ['write /d/x', 'after', 'dropped', undefined],
    ['sync /d/x', 'before', 'kept', 'bytes'],
    ['sync /d/x', 'before', 'dropped', undefined],
    ['sync /d/x', 'torn', 'dropped', undefined],
    ['sync /d/x', 'torn', 'dropped', undefined],
    ['sync /d/x', 'after', 'kept', 'bytes'],
    ['sync /d/x', 'after', 'dropped', undefined],
  ]);
});

it('renames as one thing: the old file or the new one, never both, never neither', async () => {
  const { cuts } = await after(async (disk) => {
    await write(disk, '/d/x', 'old', true);
    await syncFolder(disk, '/d');
    await write(disk, '/d/new', 'new', true);
    await disk.files.rename('/d/new', '/d/x');
    await syncFolder(disk, '/d');
  }, 30);
  const last = cuts.filter(({ name }) => name.startsWith('rename'));
  expect(new Set(last.map(({ tree }) => tree.get('/d/x')?.toString()))).toEqual(new Set(['old', 'new']));
  for (const { tree } of last) expect(tree.has('/d/new') && tree.get('/d/x')?.toString() === 'new').toBe(false);
  expect(shown(cuts.at(-1)?.tree ?? new Map())).toEqual({ '/d': undefined, '/d/x': 'new' });
});

it('shows a program that forgets to sync its file: the new name, and none of the bytes', async () => {
  const { disk } = await after(async (disk) => {
    await write(disk, '/d/new', 'new');
    await disk.files.rename('/d/new', '/d/x');
    await syncFolder(disk, '/d');
  });
  expect(shown(disk.left('dropped'))).toEqual({ '/d': undefined, '/d/x': '' });
});

it('mixes what is unsynced by the seed, the same way each time', async () => {
  const { disk } = await after(async (disk) => {
    for (const name of 'abcdef') await write(disk, `/d/${name}`, 'bytes');
  });
  const left = Array.from({ length: 50 }, (_, seed) => JSON.stringify(shown(disk.left(seed))));
  expect(left).toEqual(Array.from({ length: 50 }, (_, seed) => JSON.stringify(shown(disk.left(seed)))));
  expect(new Set(left).size).toBeGreaterThan(30);
});

it('fails as the real one does', async () => {
  const { files } = new PowerDisk(new Map([['/d', undefined]]));
  await expect(files.open('/d/x', 'r')).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
  await expect(files.open('/d', 'w')).rejects.toMatchObject({ code: 'EISDIR' });
  await expect(files.open('/d/no/x', 'w')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(files.mkdir('/d')).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(files.rm('/d/x')).rejects.toMatchObject({ code: 'ENOENT' });
  await (await files.open('/d/x', 'wx')).close();
  await expect(files.open('/d/x', 'wx')).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(files.rename('/d/x', '/d')).rejects.toMatchObject({ code: 'EISDIR' });
});

it('is put on a real disk', async () => {
  const { disk } = await after(async (disk) => {
    await disk.files.mkdir('/d/in/side', { recursive: true });
    await write(disk, '/d/in/side/x', 'bytes');
  });
  const dir = await mkdtemp(join(tmpdir(), 'libfota2 power '));
  onTestFinished(() => rm(dir, { recursive: true }));
  await materialize(disk.tree, '/d', dir);
  expect(await readFile(join(dir, 'in/side/x'), 'utf8')).toBe('bytes');
});

describe('a block device', () => {
  const BLOCK = 4;
  const old = 'aaaabbbbcccc';
  const onDevice = (samples = 0): PowerDisk => {
    const tree: Tree = new Map([
      ['/d', undefined],
      ['/d/dev', Buffer.from(old)],
    ]);
    return new PowerDisk(tree, samples, new Map([['/d/dev', BLOCK]]));
  };
  const put = async (disk: PowerDisk, text: string, at: number): Promise<FileHandle> => {
    const file = await disk.files.open('/d/dev', constants.O_RDWR | constants.O_EXCL);
    await file.write(Buffer.from(text), 0, text.length, at);
    return file;
  };
  const found = (tree: Tree): string | undefined => tree.get('/d/dev')?.toString('latin1');

  it('has a number and no size, and takes nothing beyond its end', async () => {
    const disk = onDevice();
    const stat = await disk.files.stat('/d/dev');
    expect([stat.isBlockDevice(), stat.isFile(), stat.rdev, stat.size]).toEqual([true, false, 0x800, 0]);
    await expect(put(disk, 'xx', 11)).rejects.toThrow('ENOSPC');
  });

  it('holds what was written once it is synced, and until then any of its blocks', async () => {
    const disk = onDevice(200);
    const left = new Set<string | undefined>();
    disk.onCut = ({ tree, when }) => void (when === 'after' && left.add(found(tree)));
    const file = await put(disk, 'XXXXXXXX', 2);
    for (const one of [old, 'aaXXXXXXXXcc', 'aaXXbbbbcccc', 'aaaaXXXXcccc', 'aaaabbbbXXcc'])
      expect(left).toContain(one);
    disk.onCut = undefined;
    await file.datasync();
    expect(found(disk.left('dropped'))).toBe('aaXXXXXXXXcc');
  });

  it('may have lost a whole block that was being written, and no other', async () => {
    const disk = onDevice();
    const left = new Set<string | undefined>();
    disk.onCut = ({ tree, when }) => void (when === 'torn' && left.add(found(tree)));
    await put(disk, 'XY', 5);
    expect(left).toEqual(new Set([old, 'aaaabXbbcccc', 'aaaa\xff\xff\xff\xffcccc']));
  });
});
