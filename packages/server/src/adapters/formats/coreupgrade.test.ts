import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { makeCoreUpgrade, makeImage, makeScript, makeScriptPackage } from '@libfota2/testkit';
import { describe, expect, it } from 'vitest';
import type { Inspection } from '../../domain/inspection.ts';
import { inspectCoreUpgrade } from './coreupgrade.ts';
import { createInspector } from './inspector.ts';

const { inspect } = createInspector();

function inspectBytes(bytes: Uint8Array, fileName?: string): Promise<Inspection> {
  return inspect(
    { size: bytes.length, read: async (first, length) => bytes.subarray(first, first + length) },
    fileName,
  );
}

function factOf(inspection: Inspection, label: string): string | undefined {
  return inspection.facts.find((fact) => fact.label === label)?.value;
}

/** A package with changed bytes whose lengths, MD5 and CRC in the header are right again: damage farther in. */
function resealed(bytes: Uint8Array, edit: (common: Buffer) => Uint8Array | undefined): Buffer {
  const file = Buffer.from(bytes);
  const common = file.subarray(92, 92 + file.readUInt32LE(52));
  const edited = edit(common) ?? common;
  const header = file.subarray(0, 92);
  header.writeUInt32LE(edited.length, 52);
  createHash('md5').update(edited).digest().copy(header, 60);
  return withCrc(Buffer.concat([header, edited]));
}

function withCrc(file: Buffer): Buffer {
  file.writeUInt32LE(~crc32(file.subarray(8, 92)) >>> 0, 4);
  return file;
}

/** A script package whose section is stored, so that its script area can be changed; the section's MD5 is made right. */
function withArea(edit: (area: Buffer) => Uint8Array | undefined): Buffer {
  const area = Buffer.from(makeScript());
  return Buffer.from(makeCoreUpgrade({ sections: [{ content: edit(area) ?? area, packing: 'stored' }] }));
}

describe('a package for EC618, EC716 or EC718', () => {
  it('with a script only says who it is', async () => {
    const found = await inspectBytes(makeScriptPackage({ project: 'meter', version: '001.002.003', ballast: 5_000 }));
    expect(found).toMatchObject({
      format: 'ec7xx',
      kind: 'script',
      project: 'meter',
      version: '001.002.003',
      needsSourceCore: false,
      warnings: [],
    });
    expect(factOf(found, 'files')).toBe('3, of which 2 Lua');
    expect(factOf(found, 'PRODUCT_KEY')).toBe('not in the main script');
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  it('never shows a product key, only its hash', async () => {
    const key = 'k'.repeat(32);
    const found = await inspectBytes(makeScriptPackage({ productKey: key }));
    expect(found.productKeySha256).toBe(createHash('sha256').update(key).digest('hex'));
    expect(JSON.stringify(found)).not.toContain(key);
  });

  it('with a script and a core delta names the cores, and is bound to the source', async () => {
    const found = await inspectBytes(
      makeCoreUpgrade({
        family: 'ec618',
        sections: [{ content: makeScript() }],
        coreDelta: makeImage(2, 9_000),
        source: 2012,
        target: 2013,
      }),
    );
    expect(found).toMatchObject({
      format: 'ec618',
      kind: 'script-and-core-delta',
      project: 'demo',
      sourceCore: '2012',
      targetCore: '2013',
      needsSourceCore: true,
    });
    expect(found.warnings).toEqual([expect.stringContaining('fits one core only')]);
  });

  it('with a core delta only is not blamed for having no script', async () => {
    const found = await inspectBytes(makeCoreUpgrade({ coreDelta: makeImage(2, 900) }));
    expect(found).toMatchObject({ kind: 'core-delta', needsSourceCore: true });
    expect(found.warnings).toEqual([expect.stringContaining('fits one core only')]);
  });

  it('with a whole core in several sections and blocks is unpacked while others are served', async () => {
    const sections = [
      { content: makeImage(3, 300_000), blockLength: 0x10000 },
      { content: makeScript({ ballast: 70_000 }), blockLength: 0x8000 },
      { content: Buffer.from('plain text, which the unpacker gives back as text: 水表') },
    ];
    const bytes = makeCoreUpgrade({ sections, appVersion: 7 });
    let turns = 0;
    let done = false;
    const others = (async () => {
      while (!done) {
        await setImmediate();
        turns += 1;
      }
    })();
    const found = await inspectBytes(bytes);
    done = true;
    await others;
    expect(found).toMatchObject({ kind: 'full-core', project: 'demo', needsSourceCore: false, warnings: [] });
    expect(factOf(found, 'app version')).toBe('0x00000007');
    expect(turns).toBeGreaterThan(200);
  });

  it('names a core by its MD5 where it has one', async () => {
    const bytes = Buffer.from(makeCoreUpgrade({ coreDelta: makeImage(1, 100), source: 2012 }));
    bytes.fill(0xab, 32, 48);
    expect(await inspectBytes(withCrc(bytes))).toMatchObject({ sourceCore: `${'ab'.repeat(16)} 2012` });
  });

  it('may be packed as the vendor packs, with other properties than our own packer', async () => {
    const content = Array.from({ length: 40 }, (_, line) => `line ${line} of a file that compresses\n`).join('');
    const packed = Buffer.from(
      'ADYaScZnQgvDXqDS6V51/KAW/hoPbr4cG/CQunGs7UnExhxWvGjaOCjOooYfitLkbzf7bY7TcaA3k6pg4jS/cW9tP0o/tp9/+6ZCE77CVDt2DkkQ' +
        'ZEIEN2Fnb9u1dB06965VXJhlKO5gKytyNDGi+MZ9no8Fy25D0Z1moPy//wLewAA=',
      'base64',
    );
    const bytes = resealed(makeCoreUpgrade({ sections: [{ content: Buffer.from(content) }] }), (common) => {
      const block = Buffer.concat([Buffer.from([5, 0x66, 0, 0, 4, 0, packed.length, 0, 0, 0]), packed]);
      common.writeUInt32LE(block.length, 4);
      return Buffer.concat([common.subarray(0, 36), block]);
    });
    expect(await inspectBytes(bytes)).toMatchObject({
      kind: 'unknown',
      warnings: [expect.stringContaining('No script area')],
    });
  });

  it('may hold stored blocks and stored sections', async () => {
    const content = makeScript();
    const block = Buffer.concat([Buffer.from([0, content.length & 0xff, content.length >> 8, 0, 0]), content]);
    const bytes = resealed(makeCoreUpgrade({ sections: [{ content }] }), (common) => {
      common.writeUInt32LE(block.length, 4);
      return Buffer.concat([common.subarray(0, 36), block]);
    });
    expect(await inspectBytes(bytes)).toMatchObject({ kind: 'script', project: 'demo' });
    expect(await inspectBytes(withArea(() => undefined))).toMatchObject({ kind: 'script', project: 'demo' });
  });

  it('that holds a delta as a section is bound to a core as well', async () => {
    const bytes = makeCoreUpgrade({ sections: [{ content: makeImage(1, 50), packing: 'delta' }] });
    expect(await inspectBytes(bytes)).toMatchObject({ needsSourceCore: true });
  });

  it.each([
    ['ec618', 491_521, undefined, ['EC618']],
    ['ec618', 491_000, undefined, []],
    ['ec7xx', 340_000, undefined, ['EC716S, EC718S', 'EC716E, EC718P, EC718PV']],
    ['ec7xx', 340_000, 'x_2012.1.1_LuatOS-SoC_EC718PV.bin', ['EC718PV']],
    ['ec7xx', 340_000, 'x_2012.1.1_LuatOS-SoC_ec718pm.bin', []],
  ] as const)('of family %s with %i bytes of delta, called %s, warns of the room of %j', async (...row) => {
    const [family, size, fileName, chips] = row;
    const { warnings } = await inspectBytes(makeCoreUpgrade({ family, coreDelta: makeImage(1, size) }), fileName);
    expect(warnings.slice(1).map((warning) => /delta area of (.+) holds/.exec(warning)?.[1])).toEqual(chips);
  });

  it('that takes too long to unpack is accepted with a warning', async () => {
    const found = await inspectCoreUpgrade(makeScriptPackage(), undefined, 1);
    expect(found.kind).toBe('unknown');
    expect(found.warnings).toEqual([expect.stringContaining('not unpacked within')]);
  });
});

describe('a damaged package for EC618, EC716 or EC718 is refused with the reason:', () => {
  const good = Buffer.from(makeScriptPackage({ ballast: 3_000 }));
  const blocks = makeCoreUpgrade({ sections: [{ content: makeImage(1, 1_000), blockLength: 0x100 }] });
  const edited = (edit: (file: Buffer) => void): Buffer => {
    const file = Buffer.from(good);
    edit(file);
    return file;
  };
  const lastByte = (bytes: Buffer) => {
    const last = bytes.length - 1;
    bytes.writeUInt8((bytes[last] ?? 0) ^ 1, last);
  };

  it.each<[reason: string, bytes: Buffer]>([
    ['it ends within its header, after 60 of 92 bytes', good.subarray(0, 60)],
    ['the CRC of its header is wrong', edited((file) => file.writeUInt8(9, 30))],
    [`${good.length} bytes in all, and the file has ${good.length - 1}`, good.subarray(0, -1)],
    [`${good.length} bytes in all, and the file has ${good.length + 1}`, Buffer.concat([good, Buffer.of(0)])],
    ['a header and nothing else', Buffer.from(makeCoreUpgrade({}))],
    ['the MD5 of its common data is wrong', edited(lastByte)],
    [
      'the MD5 of its core data is wrong',
      Buffer.concat([makeCoreUpgrade({ coreDelta: makeImage(1, 99) }).subarray(0, -1), Buffer.of(1)]),
    ],
    ['section 1 of the common data ends within its header', resealed(good, (common) => common.subarray(0, 20))],
    [
      'section 2 of the common data ends within its header',
      resealed(good, (it) => Buffer.concat([it, Buffer.alloc(9)])),
    ],
    ['section 1 of the common data has no valid header', resealed(good, (it) => it.fill(0, 0, 1))],
    ['announces 65535 bytes, and', resealed(good, (it) => it.fill(0xff, 4, 6))],
    ['would unpack to 4294967295 bytes', resealed(good, (it) => it.fill(0xff, 8, 12))],
    ['has blocks of 0 bytes', resealed(good, (it) => it.fill(0, 28, 32))],
    ['has blocks of 4294967295 bytes', resealed(good, (it) => it.fill(0xff, 28, 32))],
    ['has no valid header at block 1', resealed(good, (it) => it.fill(4, 36, 37))],
    ['ends within block 1', resealed(good, (it) => it.fill(0x7f, 42, 45))],
    ['has more blocks than its length allows', resealed(blocks, (it) => it.fill(0, 8, 12).fill(1, 9, 10))],
    ['has too few blocks', resealed(blocks, (it) => it.fill(1, 10, 11))],
    ['section 1 of the common data cannot be unpacked', resealed(good, (it) => it.fill(0xff, 37, 38))],
    ['the MD5 of section 1 of the common data is wrong', resealed(good, (it) => it.fill(0, 12, 28))],
    ['more than 64 sections', resealed(good, (it) => Buffer.concat(Array(65).fill(it)))],
    ['ends within its header, after 20 bytes', withArea((area) => area.subarray(0, 20))],
    ['the sum of the script area header is wrong', withArea((area) => area.fill(3, 8, 9))],
    ['the script area announces 3 files and holds 1', withArea((area) => area.fill(0, 60, area.length))],
    ['the MD5 of the script area is wrong', withArea((area) => area.fill(0, area.length - 16))],
    ['file 3 of the script area claims 16 bytes, which is beyond the end', withArea((area) => area.subarray(0, -1))],
  ])('%s', async (reason, bytes) => {
    await expect(inspectBytes(bytes)).rejects.toMatchObject({
      code: 'package-corrupt',
      message: expect.stringContaining(reason),
    });
  });
});
