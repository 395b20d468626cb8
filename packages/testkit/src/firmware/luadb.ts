import { createHash } from 'node:crypto';

const MAGIC = [0x01, 0x04, 0x5a, 0xa5, 0x5a, 0xa5];
const CHECKSUM_FILE = '.airm2m_all_crc#.bin';

/** The script area with these files, as LuatOS keeps it in flash. */
export function makeLuaDb(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const names = Object.entries(files);
  const header = [...MAGIC, 2, 2, 2, 0, 3, 4, 24, 0, 0, 0, 4, 2, ...u16(names.length + 1), 0xfe, 2];
  const before = Buffer.concat([
    withSum(header),
    ...names.flatMap(([name, data]) => [withSum(entryOf(name, data.length)), data]),
    withSum(entryOf(CHECKSUM_FILE, 16)),
  ]);
  return Buffer.concat([before, createHash('md5').update(before).digest()]);
}

function entryOf(name: string, size: number): number[] {
  const bytes = Buffer.from(name, 'utf8');
  return [...MAGIC, 2, bytes.length, ...bytes, 3, 4, ...u16(size & 0xffff), ...u16(size >>> 16), 0xfe, 2];
}

function withSum(bytes: readonly number[]): Buffer {
  return Buffer.from([...bytes, ...u16(bytes.reduce((sum, byte) => sum + byte, 0) & 0xffff)]);
}

function u16(value: number): [low: number, high: number] {
  return [value & 0xff, value >>> 8];
}
