import { spawnSync } from 'node:child_process';
import { mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeImage, makeSigner, sha256Hex } from '@libfota2/testkit';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { type Offline, type OfflineOptions, watchFolder } from './offline.ts';

type End = Awaited<ReturnType<OfflineOptions['offer']>>;

let folder: string;
/** What was offered, in order. */
let offered: string[];
let ends: Record<string, End>;
/** Looks that found signatures. */
let looked: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fota stick '));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  offered = [];
  ends = {};
  looked = 0;
});

const signer = makeSigner(1);

async function put(name: string, manifest: Parameters<typeof signer.release>[1], n = 1): Promise<void> {
  const bytes = makeImage(n, 500);
  await writeFile(join(folder, name), bytes);
  await writeFile(join(folder, `${name}.minisig`), signer.release(bytes, manifest));
}

function watch(fell?: string): Offline {
  const offline = watchFolder({
    folder,
    firmware: 'gateway',
    core: undefined,
    everyMs: 5,
    version: async () => {
      looked += 1;
      return '1.5.0';
    },
    fell: async () => fell,
    async offer(file) {
      const name = file.slice(folder.length + 1);
      offered.push(name);
      return ends[name] ?? 'refused';
    },
    tell: () => undefined,
  });
  onTestFinished(() => offline.stop());
  return offline;
}

/** Resolves once it has looked twice more, from beginning to end. */
async function looks(): Promise<void> {
  const begun = looked + 3;
  await expect.poll(() => looked, { timeout: 5_000, interval: 2 }).toBeGreaterThanOrEqual(begun);
}

it('offers the newest first, and the next one where that is refused, each once as long as it stays as it is', async () => {
  await put('a', { version: '1.9.0' });
  await put('b', { version: '1.10.0' });
  await put('old', { version: '1.4.0' });
  await put('same', { version: '1.5.0' });
  await put('other', { version: '3.0.0', firmwareName: 'station' });
  await writeFile(join(folder, 'lonely.minisig'), 'x');
  watch();
  await looks();
  expect(offered).toEqual(['b', 'a']);
  await utimes(join(folder, 'a'), 1, 1);
  await looks();
  expect(offered).toEqual(['b', 'a', 'a']);
});

it('looks no further than to what is taken, and offers again what has to wait, or failed a round ago', async () => {
  await put('a', { version: '2.0.0' });
  await put('b', { version: '1.9.0' });
  ends = { a: 'later' };
  const offline = watch();
  await looks();
  expect([...new Set(offered)]).toEqual(['a']);
  expect(offered.length).toBeGreaterThan(1);
  ends = { a: 'failed', b: 'taken' };
  await looks();
  expect(offered.slice(-2)).toEqual(['a', 'b']);
  offline.again();
  await looks();
  expect(offered.slice(-3)).toEqual(['a', 'b', 'a']);
});

it('does not offer what was given up, and bears a folder that is not there', async () => {
  const bytes = makeImage(7, 500);
  await put('a', { version: '2.0.0' }, 7);
  watch(sha256Hex(bytes));
  await looks();
  await rename(folder, `${folder} away`);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await rename(`${folder} away`, folder);
  await looks();
  expect(offered).toEqual([]);
});

it('passes over what is no plain file: what has no end, or waits for somebody', async () => {
  await put('a', { version: '2.0.0' });
  for (const name of ['device', 'pipe', 'link', 'long', 'image']) await put(name, { version: '3.0.0' });
  for (const name of ['device.minisig', 'pipe.minisig', 'link.minisig', 'image']) await rm(join(folder, name));
  await symlink('/dev/zero', join(folder, 'device.minisig'));
  await symlink('a.minisig', join(folder, 'link.minisig'));
  spawnSync('sh', ['-c', 'mkfifo pipe.minisig image'], { cwd: folder });
  await writeFile(join(folder, 'long.minisig'), ' '.repeat(5_000), { flag: 'a' });
  const offline = watch();
  await looks();
  expect(offered).toEqual(['a']);
  await offline.stop();
});

it('goes back by what is signed for that from what runs, and never there and back again', async () => {
  await put('back', { version: '1.3.0', downgradeFrom: '1.5.0' });
  await put('far', { version: '1.2.0', downgradeFrom: '1.4.0' });
  await put('new', { version: '2.0.0' });
  await put('old', { version: '1.8.0', downgradeFrom: '2.0.0' });
  watch();
  await looks();
  // 2.0.0 would lead to 1.8.0, and that at the next start of the agent to 2.0.0 again.
  expect(offered).toEqual(['old', 'back']);
});
