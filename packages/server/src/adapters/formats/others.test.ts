import { crc32 } from 'node:zlib';
import {
  makeAir8101Package,
  makeImage,
  makeLftaPackage,
  makeScript,
  makeSocLookalike,
  makeXt804Package,
} from '@libfota2/testkit';
import { describe, expect, it } from 'vitest';
import type { Inspection } from '../../domain/inspection.ts';
import { createInspector } from './inspector.ts';

const { inspect } = createInspector();

function inspectBytes(bytes: Uint8Array, fileName?: string): Promise<Inspection> {
  return inspect(
    { size: bytes.length, read: async (first, length) => bytes.subarray(first, first + length) },
    fileName,
  );
}

function edited(bytes: Uint8Array, edit: (file: Buffer) => unknown): Buffer {
  const file = Buffer.from(bytes);
  edit(file);
  return file;
}

const script = makeScript({ project: 'meter', ballast: 500 });
const air8101 = makeAir8101Package(script);
const xt804 = makeXt804Package(script);
const lfta = makeLftaPackage([makeImage(1, 3_000), makeImage(2, 77)]);
/** An XT804 image with changed bytes, its CRCs made right again. */
const xt804With = (edit: (file: Buffer) => unknown) =>
  edited(xt804, (file) => {
    edit(file);
    file.writeUInt32LE(~crc32(file.subarray(64)) >>> 0, 24);
    file.writeUInt32LE(~crc32(file.subarray(0, 60)) >>> 0, 60);
  });

describe('packages of other chips', () => {
  it.each([1, 15, 31, 32, 33])(
    'an Air8101 script is read out of its groups, with %i bytes in the last',
    async (rest) => {
      const sized = makeScript({ project: 'meter', ballast: 1_000 + rest });
      expect(await inspectBytes(makeAir8101Package(sized))).toMatchObject({
        format: 'air8101',
        kind: 'script',
        project: 'meter',
        version: '001.000.005',
        warnings: [],
      });
    },
  );

  it.each([
    [{ zipped: true }, 'script'],
    [{ zipped: false }, 'script'],
    [{ signed: true }, 'script'],
  ] as const)('an XT804 image %j with a script says who it is', async (wish, kind) => {
    expect(await inspectBytes(makeXt804Package(script, wish))).toMatchObject({
      format: 'xt804',
      kind,
      project: 'meter',
    });
  });

  it('an XT804 image with a core is a full one', async () => {
    const found = await inspectBytes(makeXt804Package(makeImage(4, 9_999), { type: 'core' }));
    expect(found).toMatchObject({ format: 'xt804', kind: 'full', needsSourceCore: false });
    expect(found.project).toBeUndefined();
  });

  it.each(['md5', 'crc32'] as const)('an LFTA container with %s sums is confirmed', async (sums) => {
    const found = await inspectBytes(makeLftaPackage([makeImage(1, 3_000), makeImage(2, 77)], sums));
    expect(found).toMatchObject({ format: 'lfta', kind: 'full', warnings: [] });
  });

  it('an LFTA container of another build is accepted, with what could not be confirmed', async () => {
    const { warnings } = await inspectBytes(edited(lfta, (file) => file.fill(1, 12, 16)));
    expect(warnings).toEqual([expect.stringContaining('CRC of its header')]);
    expect((await inspectBytes(edited(lfta, (file) => file.fill(1, 300, 301)))).warnings).toEqual([
      expect.stringContaining('checksum of entry 1'),
    ]);
    expect((await inspectBytes(lfta.subarray(0, -1))).warnings).toEqual([expect.stringContaining('could not be read')]);
  });

  it('a bare script area is read, with a warning', async () => {
    const found = await inspectBytes(script);
    expect(found).toMatchObject({ format: 'luadb', kind: 'script', project: 'meter' });
    expect(found.warnings).toEqual([expect.stringContaining('bare script area')]);
  });

  it.each([
    ['flash that is empty', Buffer.alloc(5_000, 0xff)],
    ['a Linux image', makeImage(9, 70_000)],
    ['one byte', Buffer.of(0x16)],
    ['a text', Buffer.from('{"firmware": "notes"}')],
    ['a list', Buffer.from('[1, 2]')],
  ])('%s is accepted as it is', async (_, bytes) => {
    const found = await inspectBytes(bytes);
    expect(found).toMatchObject({ format: 'opaque', kind: 'unknown', needsSourceCore: false });
    expect(found.warnings).toEqual([expect.stringContaining('not known')]);
  });

  it('an unknown file of any size is never read beyond its head', async () => {
    const reads: number[] = [];
    const found = await inspect({
      size: 1e12,
      read: async (first, length) => {
        reads.push(first + length);
        return new Uint8Array(length);
      },
    });
    expect(found.format).toBe('opaque');
    expect(reads).toEqual([65_536]);
  });
});

describe('a damaged package of another chip is refused with the reason:', () => {
  it.each<[reason: string, bytes: Uint8Array]>([
    ['it ends within its header, after 1030 bytes', air8101.subarray(0, 1030)],
    ['bytes of script, and the file has', air8101.subarray(0, -1)],
    ['the CRC of group 1 of', edited(air8101, (file) => file.writeUInt8(0, 1033))],
    [
      'its script data end within a group',
      edited(air8101.subarray(0, -20), (file) => file.writeUInt32LE(file.length - 1032, 1028)),
    ],
    ['what it holds is no script area', makeAir8101Package(makeImage(1, 320))],
    ['the MD5 of the script area is wrong', makeAir8101Package(edited(script, (file) => file.fill(9, 70, 71)))],
    ['it ends within its header, after 63 of 64 bytes', xt804.subarray(0, 63)],
    ['the CRC of its header is wrong', edited(xt804, (file) => file.fill(1, 30, 31))],
    ['bytes in all, and the file has', xt804.subarray(0, -1)],
    ['the CRC of its image is wrong', edited(xt804, (file) => file.fill(1, 90, 91))],
    ['its image cannot be unpacked', xt804With((file) => file.fill(0, 64, 66))],
    ['its image cannot be unpacked', makeXt804Package(Buffer.alloc((32 << 20) + 1))],
    ['it has 256 bytes, and its data begin at 256', lfta.subarray(0, 256)],
    ['its header cannot have 4294967295 bytes', edited(lfta, (file) => file.fill(255, 8, 12))],
    ['it cannot have 4294967295 entries', edited(lfta, (file) => file.fill(255, 16, 20))],
    ['ends within its header, after 10 bytes', script.subarray(0, 10)],
  ])('%s', async (reason, bytes) => {
    await expect(inspectBytes(bytes)).rejects.toMatchObject({
      code: 'package-corrupt',
      message: expect.stringContaining(reason),
    });
  });

  it('more than any such device can hold', async () => {
    const source = { size: 1 << 30, read: async (_: number, length: number) => Buffer.concat([xt804], length) };
    await expect(inspect(source)).rejects.toMatchObject({
      code: 'package-corrupt',
      message: expect.stringContaining('more than any device'),
    });
  });
});

describe('what is uploaded by mistake is refused with advice:', () => {
  it.each([
    ['a 7z .soc', makeSocLookalike('7z'), undefined],
    ['a ZIP .soc', makeSocLookalike('zip'), 'LuatOS-SoC_V2012_EC718PV.soc'],
    ['a renamed .soc', makeSocLookalike('7z'), 'meter.bin'],
  ])('%s', async (_, bytes, fileName) => {
    await expect(inspectBytes(bytes, fileName)).rejects.toMatchObject({
      code: 'package-not-upgrade',
      message: expect.stringMatching(/\.soc .*publish the \.bin or \.sota/),
    });
  });

  it('but an archive that calls itself one may be meant for other devices', async () => {
    expect(await inspectBytes(makeSocLookalike('zip'), 'gateway-1.0.zip')).toMatchObject({ format: 'opaque' });
  });

  it.each([
    ['an HTML page', '<!DOCTYPE html>\n<html><body>404</body></html>'],
    ['an HTML page after blanks', '\uFEFF \r\n<HTML lang="en">'],
    ['the JSON of the platform', '{"code": 27, "msg": "\\u5df2"}'],
    ['a problem document', '{"type":"about:blank","status":403,"detail":"no"}'],
    ['the XML of an object store', '<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>'],
  ])('%s', async (_, text) => {
    await expect(inspectBytes(Buffer.from(text), 'meter.bin')).rejects.toMatchObject({ code: 'package-not-upgrade' });
  });

  it('an empty file', async () => {
    await expect(inspectBytes(Buffer.alloc(0))).rejects.toMatchObject({ code: 'package-empty' });
  });

  it('a file that ends earlier than it should', async () => {
    const source = { size: 100, read: async () => new Uint8Array(50) };
    await expect(inspect(source)).rejects.toMatchObject({ code: 'package-unreadable' });
  });
});
