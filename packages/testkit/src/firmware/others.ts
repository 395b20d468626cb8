import { createHash } from 'node:crypto';
import { crc32, gzipSync } from 'node:zlib';
import { plainCrc, words } from './luatos.ts';

/** A script package for an Air8101: empty flash, magic, length, and the script area in groups with a CRC each. */
export function makeAir8101Package(script: Uint8Array): Uint8Array {
  const groups: Uint8Array[] = [];
  for (let at = 0; at < script.length; at += 32) {
    const data = Buffer.alloc(32, 0xff);
    data.set(script.subarray(at, at + 32));
    const crc = Buffer.alloc(2);
    crc.writeUInt16BE(crc16(data));
    groups.push(data, crc);
  }
  const grouped = Buffer.concat(groups);
  const padded = Buffer.concat([grouped, Buffer.alloc((4 - (grouped.length % 4)) % 4, 0xff)]);
  return Buffer.concat([Buffer.alloc(1024, 0xff), Buffer.from('TAUL'), words(padded.length), padded]);
}

function crc16(data: Uint8Array): number {
  let crc = 0xffff;
  for (let bit = 0; bit < data.length * 8; bit += 1) {
    const input = ((data[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
    const top = (crc >> 15) & 1;
    crc = (crc << 1) & 0xffff;
    if (top !== input) crc ^= 0x8005;
  }
  return crc;
}

/** A container for the Wi-Fi side of an Air8000, read as entries of type, length and CRC-32 or MD5. */
export function makeLftaPackage(entries: readonly Uint8Array[], sums: 'crc32' | 'md5' = 'md5'): Uint8Array {
  const list = Buffer.concat(
    entries.map((data, index) => {
      const sum = sums === 'md5' ? createHash('md5').update(data).digest() : words(crc32(data));
      return Buffer.concat([words(index + 1, data.length), sum]);
    }),
  );
  const checked = Buffer.concat([words(entries.length), list]);
  const header = Buffer.concat([Buffer.from('LFTA'), words(0, 16 + checked.length, crc32(checked)), checked]);
  return Buffer.concat([header, Buffer.alloc(0x100 - header.length), ...entries]);
}

/** An image for Air101, Air103, Air601 or Air6208. */
export function makeXt804Package(
  content: Uint8Array,
  wish: { readonly type?: 'core' | 'script'; readonly zipped?: boolean; readonly signed?: boolean } = {},
): Uint8Array {
  const { type = 'script', zipped = true, signed = false } = wish;
  const packed = zipped ? gzipSync(content) : content;
  const image = Buffer.concat([packed, Buffer.alloc((4 - (packed.length % 4)) % 4)]);
  const attributes = (type === 'core' ? 1 : 2) | (signed ? 0x100 : 0) | (zipped ? 0x10000 : 0);
  const addresses = [0x08010400, image.length, 0x08010000, 0x08280000];
  const checked = Buffer.concat([
    words(0xa0ffff9f, attributes, ...addresses, plainCrc(image), 0),
    Buffer.alloc(16),
    words(0, 0, 0),
  ]);
  return Buffer.concat([checked, words(plainCrc(checked)), image, Buffer.alloc(signed ? 128 : 0, 0x55)]);
}

/** The beginning of a file for flashing by cable, which people upload by mistake. */
export function makeSocLookalike(archive: '7z' | 'zip'): Uint8Array {
  const magic = archive === '7z' ? [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4] : [0x50, 0x4b, 3, 4, 20, 0, 0, 0];
  return Buffer.concat([Buffer.from(magic), Buffer.alloc(4096, 0xa7)]);
}
