import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  loopDevices,
  makeImage,
  type PlaceUnderTest,
  sha256Hex,
  testBootChoice,
  testNotebook,
  testTarget,
} from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Kept } from '../core.ts';
import { bootFiles, launcherPath, type PartitionSlots, type PartitionSlotsOptions, partitionSlots } from '../slots.ts';

const SLOT_BYTES = 128 * 1024;
/** Hundreds of syncs are not what is tested here: a disk in memory, where there is one. */
const HOME = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const prove = process.env['PROVE'] !== undefined;
const makeLoop = prove ? loopDevices() : undefined;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(HOME, 'fota parts '));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const path = (name: string): string => join(dir, name);
/** Two image files of one size, empty. */
function images(bytes = SLOT_BYTES): { readonly a: string; readonly b: string; readonly dir: string } {
  for (const name of ['a.img', 'b.img']) {
    if (existsSync(path(name))) continue;
    writeFileSync(path(name), '');
    truncateSync(path(name), bytes);
  }
  return { a: path('a.img'), b: path('b.img'), dir };
}
const slotsOf = (options: Partial<PartitionSlotsOptions> = {}, files?: typeof fs): PartitionSlots =>
  partitionSlots({ ...images(), ...options }, files);

async function bring({ target }: PartitionSlots, image: Uint8Array): Promise<void> {
  await target.init(image.length, undefined);
  await target.wait();
  await target.write(image);
}

async function install(slots: PartitionSlots, image: Uint8Array): Promise<string> {
  try {
    await bring(slots, image);
    await slots.target.done();
    return await slots.target.finish(true);
  } catch (error) {
    await slots.target.finish(false);
    throw error;
  }
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'fine',
    (error: { readonly code?: unknown }) => error.code,
  );

const version = (number: number): Uint8Array => makeImage(number, 50_000 + number);

function placeOf(options: PartitionSlotsOptions): PlaceUnderTest {
  // A target knows nothing of trials: what it shows is taken to have proven itself.
  const settled = (slots: PartitionSlots) => ({
    ...slots.target,
    async finish(ok: boolean) {
      const address = await slots.target.finish(ok);
      if (ok) await slots.confirm();
      return address;
    },
  });
  const make = (): PartitionSlots => partitionSlots(options);
  return {
    target: settled(make()),
    async shown() {
      const { run } = await make().state();
      const size = await make().target.size();
      return run && (await readFile(options[run])).subarray(0, size);
    },
    again: () => settled(make()),
  };
}

describe('image files as a target', () => {
  const make = async (): Promise<PartitionSlotsOptions> => {
    const own = await mkdtemp(join(HOME, 'fota parts '));
    onTestFinished(() => rm(own, { recursive: true, force: true }));
    for (const name of ['a', 'b']) await fs.writeFile(join(own, name), Buffer.alloc(SLOT_BYTES, 0xff));
    return { a: join(own, 'a'), b: join(own, 'b'), dir: join(own, 'notes') };
  };
  testTarget(it, async () => placeOf(await make()));
  testNotebook(it, async () => {
    const options = await make();
    return { notebook: partitionSlots(options).notebook, again: () => partitionSlots(options).notebook };
  });
});

describe.skipIf(!prove)('image files that grow, as a target', () => {
  testTarget(it, async () => {
    const own = await mkdtemp(join(HOME, 'fota parts '));
    onTestFinished(() => rm(own, { recursive: true, force: true }));
    return placeOf({ a: join(own, 'a'), b: join(own, 'b'), dir: own, maxFileBytes: SLOT_BYTES });
  });
});

describe.skipIf(makeLoop === undefined)('block devices as a target', () => {
  testTarget(it, async () => {
    const own = await mkdtemp(join(HOME, 'fota parts '));
    onTestFinished(() => rm(own, { recursive: true, force: true }));
    const [a, b] = [makeLoop?.(SLOT_BYTES), makeLoop?.(SLOT_BYTES)];
    for (const one of [a, b]) onTestFinished(() => one?.remove());
    return placeOf({ a: a?.path ?? '', b: b?.path ?? '', dir: own });
  });
});

describe('the files of the boot record', () => {
  testBootChoice(it, async () => {
    const own = await mkdtemp(join(HOME, 'fota boot '));
    onTestFinished(() => rm(own, { recursive: true, force: true }));
    return { choice: bootFiles(own), again: () => bootFiles(own) };
  });
});

describe('a system in two partitions', () => {
  /** Starts as an initramfs does; what lies in the image that was started. */
  const start = (): string => {
    const said = execFileSync('sh', [launcherPath, dir, 'sh', '-c', 'sha256sum <image; echo $FOTA_SLOT'], {
      encoding: 'utf8',
    });
    return said;
  };
  const whole = (number: number): Buffer =>
    Buffer.concat([version(number), Buffer.alloc(SLOT_BYTES - version(number).length)]);

  it('is upgraded, tried under the launcher, confirmed, and gone back from', async () => {
    const slots = slotsOf({ tries: 1 });
    expect(await slots.standing()).toEqual({ runs: undefined, isTried: false, isStarted: false, fell: undefined });
    expect(await install(slots, version(1))).toBe(path('a.img'));
    expect(start()).toBe(`${sha256Hex(whole(1))}  -\na\n`);
    expect(await slots.confirm()).toBe(false);
    expect(await install(slots, version(2))).toBe(path('b.img'));
    expect(await slots.standing()).toEqual({
      runs: sha256Hex(version(2)),
      isTried: true,
      isStarted: false,
      fell: undefined,
    });
    expect(start()).toBe(`${sha256Hex(whole(2))}  -\nb\n`);
    expect(await slots.standing()).toMatchObject({ isTried: true, isStarted: true });
    expect(await codeOf(install(slots, version(3)))).toBe('unconfirmed');
    expect(start()).toBe(`${sha256Hex(whole(1))}  -\na\n`);
    expect(await slots.state()).toMatchObject({ run: 'a', fell: 'b', fellSha256: sha256Hex(version(2)) });
    expect(await codeOf(install(slots, version(2)))).toBe('image-given-up');
    await install(slots, version(4));
    start();
    expect(await slots.confirm()).toBe(true);
    expect(start()).toContain('b');
    expect(await slots.standing()).toMatchObject({ runs: sha256Hex(version(4)), isTried: false });
  });

  it('lets one say where it runs, and believes nothing of a version that does not run', async () => {
    let running: 'a' | 'b' = 'a';
    const slots = slotsOf({ running: async () => running });
    // It was put there at the factory.
    expect(await install(slots, version(1))).toBe(path('b.img'));
    expect(await slots.state()).toMatchObject({ run: 'b', back: 'a' });
    expect(await slots.confirm()).toBe(false);
    expect(await slots.standing()).toMatchObject({ isTried: true, isStarted: false });
    running = 'b';
    expect(await slots.standing()).toMatchObject({ isTried: true, isStarted: true });
    expect(await slots.giveUp()).toBe(true);
    // It still runs from there.
    expect(await codeOf(install(slots, version(2)))).toBe('unconfirmed');
    running = 'a';
    expect(await install(slots, version(2))).toBe(path('b.img'));
  });

  it('keeps what a factory put there until it is confirmed, and remembers what was given up', async () => {
    const slots = slotsOf({ running: 'a' });
    await install(slots, version(1));
    await slots.giveUp();
    expect(await slots.standing()).toEqual({
      runs: undefined,
      isTried: false,
      isStarted: true,
      fell: sha256Hex(version(1)),
    });
    expect(await codeOf(install(slots, version(1)))).toBe('image-given-up');
  });

  it('takes an image of the size of its partition, and none that is larger', async () => {
    const slots = slotsOf();
    expect(await codeOf(install(slots, makeImage(1, SLOT_BYTES)))).toBe('fine');
    const [a, b] = [readFileSync(path('a.img')), readFileSync(path('b.img'))];
    expect(await codeOf(slots.target.init(SLOT_BYTES + 1, undefined))).toBe('image-refused');
    await slots.target.init(undefined, undefined);
    await slots.target.write(makeImage(2, SLOT_BYTES));
    expect(await codeOf(slots.target.write(new Uint8Array(1)))).toBe('image-refused');
    await slots.target.finish(false);
    expect(readFileSync(path('a.img')).equals(a)).toBe(true);
    expect(readFileSync(path('b.img'))).toHaveLength(b.length);
  });

  it('is not shown what the medium does not hold', async () => {
    const slots = slotsOf();
    await install(slots, version(1));
    await bring(slots, version(2));
    // A bit that flips on its way, or a sector that is worn out.
    const file = await fs.open(path('b.img'), 'r+');
    await file.write(new Uint8Array([(version(2)[1_000] ?? 0) ^ 1]), 0, 1, 1_000);
    await file.close();
    await expect(slots.target.done()).rejects.toThrow('does not hold what was written');
    await expect(slots.target.finish(true)).rejects.toThrow('done must come first');
    await slots.target.finish(false);
    expect(await slots.state()).toMatchObject({ run: 'a', back: undefined });
  });

  it('proves what was kept, too, whether or not anybody reads it', async () => {
    const slots = slotsOf();
    await bring(slots, version(1).subarray(0, 20_000));
    const kept = await slots.target.mark();
    await slots.target.suspend();
    const again = slotsOf();
    expect(await again.target.init(version(1).length, kept)).toBe(20_000);
    await again.target.write(version(1).subarray(20_000));
    await again.target.done();
    await again.target.finish(true);
    expect(await again.standing()).toMatchObject({ runs: sha256Hex(version(1)) });
  });

  it('forgets what was kept before another image is written over it', async () => {
    const slots = slotsOf();
    await bring(slots, version(1).subarray(0, 20_000));
    const kept = await slots.target.mark();
    await slots.target.suspend();
    await slotsOf().target.init(1_000, undefined);
    expect(await slotsOf().target.init(version(1).length, kept)).toBe(0);
  });

  it('does not go on in the other slot', async () => {
    let running: 'a' | 'b' = 'a';
    const slots = slotsOf({ running: async () => running });
    await bring(slots, version(1).subarray(0, 20_000));
    const kept: Kept = await slots.target.mark();
    await slots.target.suspend();
    running = 'b';
    expect(await slots.target.init(version(1).length, kept)).toBe(0);
  });

  it('has one writer: another process waits its turn, and one that took over is not disturbed', async () => {
    const slots = slotsOf();
    await bring(slots, version(1).subarray(0, 20_000));
    const claim = await readFile(path('update.bin.writing'), 'utf8');
    // A process that lives, in this boot of the machine.
    await fs.writeFile(path('update.bin.writing'), claim.replace(`.${process.pid}-`, `.${process.ppid}-`));
    await expect(slotsOf().target.init(1_000, undefined)).rejects.toThrow('another process is writing');
    await expect(slots.target.write(version(1))).rejects.toThrow('has taken over');
    await expect(slots.target.mark()).rejects.toThrow('has taken over');
    await slots.target.finish(false);
    expect(await readFile(path('update.bin.writing'), 'utf8')).toContain(`.${process.ppid}-`);
    await slots.target.forget({ token: 'whatever', bytes: 1 });
    // One that is gone is in nobody's way.
    await fs.writeFile(path('update.bin.writing'), claim.replace(`.${process.pid}-`, '.999999999-'));
    expect(await codeOf(install(slotsOf(), version(1)))).toBe('fine');
  });

  it('is not written where both slots are one device, or none', async () => {
    await fs.link(images().a, path('same'));
    await expect(slotsOf({ b: path('same') }).target.init(1, undefined)).rejects.toThrow('are the same');
    await expect(slotsOf({ a: '/dev/null' }).target.init(1, undefined)).rejects.toThrow('neither a block device');
    await expect(slotsOf({ a: dir }).target.init(1, undefined)).rejects.toThrow('neither a block device');
    await expect(slotsOf({ a: path('none') }).target.init(1, undefined)).rejects.toThrow('ENOENT');
  });

  it('gives files that grow the length of their image, and no more than they may have', async () => {
    const slots = partitionSlots({ a: path('new a'), b: path('new b'), dir, maxFileBytes: 60_000 });
    await install(slots, version(9));
    await install(slots, version(8));
    await slots.confirm();
    await install(slots, version(7));
    expect(readFileSync(path('new a')).equals(version(7))).toBe(true);
    expect(await codeOf(slots.target.init(60_001, undefined))).toBe('unconfirmed');
    await slots.confirm();
    expect(await codeOf(slots.target.init(60_001, undefined))).toBe('image-refused');
    const full = { ...fs, statfs: async () => ({ bavail: 10, blocks: 100, bsize: 4_096 }) } as unknown as typeof fs;
    const tight = partitionSlots({ a: path('new a'), b: path('new b'), dir, maxFileBytes: 200_000 }, full);
    expect(await codeOf(tight.target.init(150_000, undefined))).toBe('ENOSPC');
  });

  it('knows the slot by what the kernel and the launcher say', async () => {
    const kernel = (line: string): typeof fs =>
      ({
        ...fs,
        readFile: async (...args: Parameters<typeof fs.readFile>) =>
          args[0] === '/proc/cmdline' ? line : fs.readFile(...args),
      }) as typeof fs;
    await install(slotsOf({}, kernel('quiet fota.slot=a rw')), version(1));
    expect(await slotsOf().state()).toMatchObject({ run: 'b', back: 'a' });
    expect(await slotsOf({}, kernel('fota.slot=a\n')).confirm()).toBe(false);
    expect(await slotsOf({}, kernel('fota.slot=abc')).standing()).toMatchObject({ isStarted: false });
    vi.stubEnv('FOTA_DIR', dir);
    vi.stubEnv('FOTA_SLOT', 'b');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await slotsOf().standing()).toMatchObject({ isStarted: true });
    expect(await slotsOf().confirm()).toBe(true);
  });

  it.each([{ tries: 0 }, { minutes: -1 }, { maxFileBytes: 0 }, { maxFileBytes: 1.5 }])('is not made with %j', (wrong) =>
    expect(() => slotsOf(wrong)).toThrow(RangeError),
  );
});
