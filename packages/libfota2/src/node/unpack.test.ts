import * as fs from 'node:fs/promises';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type ArchiveEntry, failingFiles, makeTar, makeZip } from '@libfota2/testkit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unpack, unpackedBytes } from './unpack.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fota unpack '));
  await fs.mkdir(join(dir, 'out'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const LIMITS = { maxBytes: 100_000, maxEntries: 50 };
const APP: readonly ArchiveEntry[] = [
  { name: 'app/' },
  { name: 'app/main.js', body: 'console.log(1)' },
  { name: './app/bin/start', body: '#!/bin/sh\n', mode: 0o755 },
  { name: '应用.txt', body: 'utf-8' },
];

async function run(image: Uint8Array, limits = LIMITS, files: typeof fs = fs): Promise<string> {
  const path = join(dir, 'image');
  await writeFile(path, image);
  return unpack(path, join(dir, 'out'), files, limits, 'app').then(
    () => 'fine',
    (error: unknown) => String((error as { readonly code?: unknown }).code ?? error),
  );
}

/** Every file below `out`, and outside of it. */
async function found(): Promise<Record<string, string>> {
  const names = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = names.filter((one) => !one.isDirectory()).map((one) => join(one.parentPath, one.name));
  const pairs = await Promise.all(
    files.map(async (path) => [relative(dir, path), await readFile(path, 'utf8')] as const),
  );
  return Object.fromEntries(pairs.filter(([name]) => name !== 'image'));
}

const FORMATS: readonly [string, (entries: readonly ArchiveEntry[]) => Promise<Uint8Array> | Uint8Array][] = [
  ['a tar', makeTar],
  ['a tar.gz', async (entries) => gzipSync(await makeTar(entries))],
  ['a zip', makeZip],
];

describe.each(FORMATS)('%s', (format, make) => {
  it('is unpacked with its folders and what may be executed', async () => {
    expect(await run(await make(APP))).toBe('fine');
    expect(await found()).toEqual({
      'out/app/main.js': 'console.log(1)',
      'out/app/bin/start': '#!/bin/sh\n',
      'out/应用.txt': 'utf-8',
    });
    expect((await stat(join(dir, 'out/app/bin/start'))).mode & 0o777).toBe(0o755);
    expect((await stat(join(dir, 'out/app/main.js'))).mode & 0o777).toBe(0o644);
  });

  it('ends with what the disk says, whichever of its calls fails', async () => {
    const image = await make(APP);
    for (let call = 1; ; call += 1) {
      await rm(join(dir, 'out'), { recursive: true });
      await fs.mkdir(join(dir, 'out'));
      const { files, calls } = failingFiles(fs, { call, code: 'EIO', forGood: false });
      const end = await run(image, LIMITS, files);
      if (calls() < call) break;
      expect(end, `call ${call}`).toBe('EIO');
    }
  });

  it.each<[string, readonly ArchiveEntry[]]>([
    ['a name that leads out', [{ name: '../escaped', body: 'x' }]],
    ['a name that leads out in the middle', [{ name: 'app/../../escaped', body: 'x' }]],
    ['an absolute name', [{ name: '/tmp/fota-escaped', body: 'x' }]],
    ['a backslash', [{ name: 'app\\..\\escaped', body: 'x' }]],
    ['a control character', [{ name: 'app\u0007', body: 'x' }]],
    ['a link', [{ name: 'link', type: 'symlink', linkname: '/etc/passwd' }]],
    [
      'a link, and a file that would go through it',
      [
        { name: 'l', type: 'symlink', linkname: '..' },
        { name: 'l/escaped', body: 'x' },
      ],
    ],
    [
      'the same file twice',
      [
        { name: 'a', body: '1' },
        { name: './a', body: '2' },
      ],
    ],
    [
      'a file where a folder is',
      [
        { name: 'a/b', body: '1' },
        { name: 'a', body: '2' },
      ],
    ],
    [
      'more bytes than allowed',
      [
        { name: 'a', body: 'x'.repeat(60_000) },
        { name: 'b', body: 'x'.repeat(60_000) },
      ],
    ],
    ['more entries than allowed', Array.from({ length: 51 }, (_, n) => ({ name: `${n}`, body: 'x' }))],
    ['a path deeper than any', [{ name: `${'d/'.repeat(40)}f`, body: 'x' }]],
    ['nothing', []],
  ])('is refused with %s', async (what, entries) => {
    // An empty tar or zip has nothing by which it could be told from any other file.
    if (format !== 'a tar.gz' && what === 'nothing') return;
    expect(await run(await make(entries))).toBe('image-refused');
    expect(Object.keys(await found()).filter((name) => !name.startsWith('out/'))).toEqual([]);
  });

  it('cut off, or with any byte changed, is refused or harmless', { timeout: 60_000 }, async () => {
    const whole = Buffer.from(await make(APP));
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (place, change, isCut) => {
        await rm(join(dir, 'out'), { recursive: true, force: true });
        await fs.mkdir(join(dir, 'out'));
        const at = place % whole.length;
        const image = Buffer.from(whole.subarray(0, isCut ? at : whole.length));
        if (!isCut) image[at] = (image[at] ?? 0) ^ change;
        if (image.length === 0) return;
        expect(['fine', 'image-refused']).toContain(await run(image));
        for (const name of Object.keys(await found())) expect(name).toMatch(/^out\//);
      }),
      { numRuns: 100 },
    );
  });
});

it('a bomb ends at what was agreed, not at what it has', async () => {
  const bomb = gzipSync(await makeTar([{ name: 'zeros', body: Buffer.alloc(50_000_000) }]));
  expect(bomb.length).toBeLessThan(60_000);
  expect(await run(bomb)).toBe('image-refused');
  const { size } = await stat(join(dir, 'out/zeros'));
  expect(size).toBeLessThanOrEqual(LIMITS.maxBytes);
});

it('tells how much an archive unpacks to before it is unpacked', async () => {
  const entries = [
    { name: 'zeros', body: Buffer.alloc(50_000) },
    { name: 'folder/' },
    { name: 'folder/one', body: 'x' },
  ];
  const bytesOf = async (image: Uint8Array): Promise<number> => {
    await writeFile(join(dir, 'image'), image);
    return unpackedBytes(join(dir, 'image'), fs);
  };
  const tar = await makeTar(entries);
  expect(await bytesOf(tar)).toBe(tar.length);
  expect(await bytesOf(gzipSync(tar))).toBe(tar.length);
  // In blocks of a disk.
  expect(await bytesOf(makeZip(entries))).toBe(53_248 + 4_096);
  expect(await bytesOf(Buffer.alloc(7))).toBe(7);
  // What is damaged says nothing of its size, and why it is refused is not for lack of space.
  const cut = gzipSync(tar).subarray(0, 60);
  expect(await bytesOf(cut)).toBeLessThan(100_000);
  expect(await bytesOf(makeZip(entries).subarray(0, 100))).toBe(0);
});

it.each<ArchiveEntry>([
  { name: 'hard', type: 'link', linkname: 'image' },
  { name: 'tty', type: 'character-device' },
  { name: 'pipe', type: 'fifo' },
])('a tar with $type is refused', async (entry) => {
  expect(await run(await makeTar([entry]))).toBe('image-refused');
});

it.each([
  ['xz', '\xfd7zXZ\0rest'],
  ['zstd', '\x28\xb5\x2f\xfdrest'],
  ['bzip2', 'BZh9rest'],
  ['7z', "7z\xbc\xaf'\x1crest"],
])('an archive of %s is refused, and not installed as a file that cannot be started', async (_, text) => {
  expect(await run(Buffer.from(text, 'latin1'))).toBe('image-refused');
});

it('what is no archive is one file that may be executed', async () => {
  expect(await run(Buffer.from('#!/bin/sh\necho hello\n'))).toBe('fine');
  expect(await found()).toEqual({ 'out/app': '#!/bin/sh\necho hello\n' });
  expect((await stat(join(dir, 'out/app'))).mode & 0o777).toBe(0o755);
});
