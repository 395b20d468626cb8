import { bufferOf, corrupt, md5 } from './bytes.ts';
import { readIdentity, type ScriptIdentity } from './luac.ts';

/** The script area of a device (formats P2), checked. */
export interface LuaDb {
  /** Without the one that holds the checksum. */
  readonly files: number;
  readonly luaFiles: number;
  /** Whether it says what its MD5 must be; where it does, that was found right. */
  readonly hasMd5: boolean;
  readonly identity: ScriptIdentity;
}

interface Entry {
  readonly name: string;
  readonly data: Buffer;
  /** Where the data begin in the whole. */
  readonly at: number;
}

const MAGIC = Buffer.from([0x01, 0x04, 0x5a, 0xa5, 0x5a, 0xa5]);
const HEADER = 24;
const CHECKSUM_FILE = '.airm2m_all_crc#.bin';

/** Whether the bytes begin as a script area does. */
export function isLuaDb(bytes: Uint8Array): boolean {
  return bufferOf(bytes).subarray(0, MAGIC.length).equals(MAGIC);
}

/** Reads a script area; padding may follow it. @throws FotaServerError `package-corrupt` */
export async function readLuaDb(area: Uint8Array): Promise<LuaDb> {
  const bytes = bufferOf(area);
  const count = checkedCount(bytes);
  const entries = readEntries(bytes, count);
  const checksum = entries.find(({ name }) => name === CHECKSUM_FILE);
  const files = entries.filter((entry) => entry !== checksum);
  if (checksum !== undefined) {
    const found = await md5(bytes.subarray(0, checksum.at));
    if (checksum.data.toString('hex') !== found) throw corrupt('the MD5 of the script area is wrong');
  }
  const main = files.find(({ name }) => name === 'main.luac') ?? files.find(({ name }) => name === 'main.lua');
  return {
    files: files.length,
    luaFiles: files.filter(({ name }) => /\.luac?$/.test(name)).length,
    hasMd5: checksum !== undefined,
    identity: main === undefined ? {} : readIdentity(main.data),
  };
}

function checkedCount(bytes: Buffer): number {
  if (bytes.length < HEADER) throw corrupt(`the script area ends within its header, after ${bytes.length} bytes`);
  const sum = bytes.subarray(0, HEADER - 2).reduce((total, byte) => total + byte, 0) & 0xffff;
  if (sum !== bytes.readUInt16LE(HEADER - 2)) throw corrupt('the sum of the script area header is wrong');
  return bytes.readUInt16LE(18);
}

/** The checksum's file is counted by some tools and not by others; it is the last. */
function readEntries(bytes: Buffer, count: number): Entry[] {
  const entries: Entry[] = [];
  let at = HEADER;
  while (entries.length <= count && isLuaDb(bytes.subarray(at))) {
    const entry = readEntry(bytes, at, entries.length + 1);
    entries.push(entry);
    at = entry.at + entry.data.length;
    if (entry.name === CHECKSUM_FILE) break;
  }
  const last = entries.at(-1)?.name === CHECKSUM_FILE;
  if (entries.length !== count && !(last && entries.length === count + 1)) {
    throw corrupt(`the script area announces ${count} files and holds ${entries.length}`);
  }
  return entries;
}

function readEntry(bytes: Buffer, start: number, number: number): Entry {
  const fail = (what: string) => corrupt(`file ${number} of the script area ${what}`);
  const nameLength = bytes[start + MAGIC.length + 1] ?? 0;
  const afterName = start + MAGIC.length + 2 + nameLength;
  if (afterName + 8 > bytes.length) throw fail('ends within its header');
  const tags = [bytes[start + MAGIC.length], bytes[afterName], bytes[afterName + 1]];
  if (tags.join() !== '2,3,4') throw fail('has no valid header');
  const size = bytes.readUInt32LE(afterName + 2);
  // A field of its own length, the entry's sum in all known tools; the MD5 of everything covers it, too.
  const at = afterName + 8 + (bytes[afterName + 7] ?? 0);
  if (size > bytes.length - at) throw fail(`claims ${size} bytes, which is beyond the end`);
  const name = bytes.toString('utf8', start + MAGIC.length + 2, afterName);
  return { name, data: bytes.subarray(at, at + size), at };
}
