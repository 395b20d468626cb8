import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loopDevices, tool } from '@libfota2/testkit';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { launcherPath, partitionSlots } from '../slots.ts';
import { type Device, deviceAt, isRoot, mountOf, slotOfKernel } from './devices.ts';

const makeLoop = process.env['PROVE'] === undefined ? undefined : loopDevices();
const mke2fs = makeLoop && tool('mke2fs', 'apt-get install e2fsprogs');
const mount = (makeLoop && tool('mount', 'apt-get install mount')) ?? '';
const umount = (makeLoop && tool('umount', 'apt-get install mount')) ?? '';

/** What a machine's /proc, /sys and /dev say: texts by path, folders by what is below them, devices by their number. */
function machine(texts: Readonly<Record<string, string>>, devices: Readonly<Record<string, number>> = {}): typeof fs {
  const found = <Value>(value: Value | undefined, path: string): Value => {
    if (value === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return value;
  };
  return {
    readFile: async (path: string) => found(texts[path], path),
    readdir: async (path: string) => {
      const names = Object.keys(texts).flatMap((one) =>
        one.startsWith(`${path}/`) ? [one.slice(path.length + 1).split('/')[0]] : [],
      );
      return found(names.length === 0 ? undefined : [...new Set(names)], path);
    },
    stat: async (path: string) => {
      const isFile = texts[path] !== undefined;
      const rdev = isFile ? 0 : found(devices[path], path);
      return { rdev, dev: rdev, ino: path.length, size: 7, isFile: () => isFile, isBlockDevice: () => !isFile };
    },
  } as unknown as typeof fs;
}

/** As the kernel has it: the lower eight bits of the minor number below, the others above. */
const number = (major: number, minor: number): number =>
  (minor & 0xff) + (major & 0xfff) * 2 ** 8 + Math.floor(minor / 2 ** 8) * 2 ** 20;
const block = (id: string): Device => ({ path: '/dev/it', id, isBlock: true, bytes: 1 });
const mounted = (...lines: readonly string[]): Record<string, string> => ({
  '/proc/self/mountinfo': `${lines.join('\n')}\n`,
});

describe('a device', () => {
  it('has the size that the system tells, and one name by whatever path', async () => {
    const texts = {
      '/sys/dev/block/179:2/size': '2048\n',
      '/sys/dev/block/259:260/size': '1\n',
      '/sys/dev/block/8:1/size': '0',
    };
    const files = machine(texts, {
      '/dev/p2': number(179, 2),
      '/dev/nvme': number(259, 260),
      '/dev/none': number(8, 1),
    });
    expect(await deviceAt('/dev/p2', files)).toEqual({ path: '/dev/p2', id: '179:2', isBlock: true, bytes: 1_048_576 });
    expect(await deviceAt('/dev/nvme', files)).toMatchObject({ id: '259:260', bytes: 512 });
    await expect(deviceAt('/dev/none', files)).rejects.toThrow('how large /dev/none is');
  });

  it('is found where it is mounted, itself or under another one', async () => {
    const files = machine(
      {
        ...mounted(
          '22 1 179:2 / / rw,relatime shared:1 - ext4 /dev/root rw',
          '23 22 254:0 / /verity ro - squashfs /dev/mapper/x ro',
          '24 22 7:0 / /image ro - ext2 /dev/loop0 ro',
          '25 22 0:40 / /butter rw - btrfs /dev/butter rw',
        ),
        '/sys/dev/block/254:0/slaves/dm-1/dev': '254:1\n',
        '/sys/dev/block/254:1/slaves/mmcblk0p3/dev': '179:3\n',
        '/sys/dev/block/7:0/loop/backing_file': '/data/b.img\n',
        '/data/b.img': '',
      },
      { '/dev/butter': number(8, 5) },
    );
    expect(await mountOf(block('179:2'), files)).toBe('/');
    expect(await mountOf(block('179:3'), files)).toBe('/verity');
    expect(await mountOf(block('8:5'), files)).toBe('/butter');
    expect(await mountOf(await deviceAt('/data/b.img', files), files)).toBe('/image');
    expect(await mountOf(block('179:4'), files)).toBeUndefined();
    expect(await mountOf(block('179:2'), machine({}))).toBeUndefined();
  });

  it('is the root where the last mount of / lies on it', async () => {
    const files = machine(
      mounted(
        '1 1 0:2 / / rw - rootfs rootfs rw',
        '2 1 179:3 / / ro - ext4 /dev/root ro',
        '3 2 179:2 / /data rw - ext4 /dev/x rw',
      ),
      { '/': number(179, 3) },
    );
    expect(await isRoot(block('179:3'), files)).toBe(true);
    expect(await isRoot(block('179:2'), files)).toBe(false);
    expect(await isRoot(block('179:3'), machine({}, { '/': number(179, 3) }))).toBe(true);
  });

  it.each([
    ['console=ttyS0 fota.slot=b quiet', 'b'],
    ['fota.slot=a\n', 'a'],
    ['xfota.slot=a fota.slot=ab fota.slot=', undefined],
  ])('is told by the kernel: %j', async (line, slot) => {
    expect(await slotOfKernel(machine({ '/proc/cmdline': line }))).toBe(slot);
  });
});

describe.skipIf(makeLoop === undefined || mke2fs === undefined)('with devices of this machine', () => {
  const left: string[] = [];
  afterAll(async () => {
    for (const one of left) await rm(one, { recursive: true, force: true });
  });
  const makeFolder = async (): Promise<string> => {
    const dir = await mkdtemp(join(tmpdir(), 'fota devices '));
    left.push(dir);
    return dir;
  };
  /** A file system with a version. */
  const systemOf = async (version: string): Promise<Buffer> => {
    const dir = await makeFolder();
    await mkdir(join(dir, 'root'));
    await writeFile(join(dir, 'root/app'), `echo ${version} in $FOTA_SLOT\n`);
    execFileSync(mke2fs ?? '', ['-q', '-t', 'ext2', '-d', join(dir, 'root'), join(dir, 'image'), '256k']);
    return fs.readFile(join(dir, 'image'));
  };

  it('the launcher starts a system from its partition, and nobody writes there meanwhile', async () => {
    const dir = await makeFolder();
    const [a, b] = [makeLoop?.(2 ** 18), makeLoop?.(2 ** 18)];
    for (const one of [a, b]) onTestFinished(() => one?.remove());
    const slots = partitionSlots({ a: a?.path ?? '', b: b?.path ?? '', dir });
    const install = async (image: Buffer): Promise<void> => {
      await slots.target.init(image.length, undefined);
      await slots.target.write(image);
      await slots.target.done();
      await slots.target.finish(true);
    };
    const mnt = join(dir, 'mnt');
    await mkdir(mnt);
    const start = (then = ''): string =>
      execFileSync('sh', [launcherPath, dir, 'sh', '-c', `mount -o ro image "${mnt}" && sh "${mnt}/app"; ${then}`], {
        encoding: 'utf8',
      });
    await install(await systemOf('1'));
    expect(start()).toBe('1 in a\n');
    onTestFinished(() => void execFileSync(umount, [mnt]));
    await install(await systemOf('2'));
    execFileSync(umount, [mnt]);
    expect(start()).toBe('2 in b\n');
    expect(await slots.confirm()).toBe(true);
    // The record says b, and a is free, but somebody has it mounted.
    const elsewhere = await makeFolder();
    execFileSync(mount, ['-o', 'ro', a?.path ?? '', elsewhere]);
    await expect(slots.target.init(1, undefined)).rejects.toThrow(`is mounted at`);
    execFileSync(umount, [elsewhere]);
    expect(await slots.target.init(1, undefined)).toBe(0);
    // A device is held by the one that writes: nobody can mount it.
    expect(() => execFileSync(mount, [a?.path ?? '', mnt], { stdio: 'ignore' })).toThrow();
    await slots.target.finish(false);
  });

  it('the launcher starts a system from an image file, by a loop', async () => {
    const dir = await makeFolder();
    const slots = partitionSlots({ a: join(dir, 'a.img'), b: join(dir, 'b.img'), dir, maxFileBytes: 2 ** 20 });
    const image = await systemOf('3');
    await slots.target.init(image.length, undefined);
    await slots.target.write(image);
    await slots.target.done();
    await slots.target.finish(true);
    const mnt = join(dir, 'mnt');
    await mkdir(mnt);
    const command = `mount -o ro,loop image "${mnt}" && exec sh "${mnt}/app"`;
    expect(execFileSync('sh', [launcherPath, dir, 'sh', '-c', command], { encoding: 'utf8' })).toBe('3 in a\n');
    onTestFinished(() => void execFileSync(umount, [mnt]));
    expect(await mountOf(await deviceAt(join(dir, 'a.img'), fs), fs)).toBe(mnt);
  });
});
