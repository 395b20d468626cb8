import type { Inspection } from '../../domain/inspection.ts';
import { bufferOf, corrupt, md5, plainCrc32, sizeText } from './bytes.ts';

// Formats P3. How wide an entry is, and from where the CRCs start, is not published: what agrees with no reading of
// it is a warning, not a refusal.
const MAGIC = 'LFTA';
const DATA_AT = 0x100;
const ENTRIES_AT = 20;

interface Entry {
  readonly data: Buffer;
  readonly sum: string;
}

/** Whether the bytes begin as a container for the Wi-Fi side of an Air8000 does. */
export function isLfta(head: Uint8Array): boolean {
  return bufferOf(head).toString('latin1', 0, 4) === MAGIC;
}

/** Inspects a whole package. @throws FotaServerError `package-corrupt` */
export async function inspectLfta(file: Uint8Array): Promise<Inspection> {
  const bytes = bufferOf(file);
  if (bytes.length <= DATA_AT) throw corrupt(`it has ${bytes.length} bytes, and its data begin at ${DATA_AT}`);
  const headerLength = bytes.readUInt32LE(8);
  const count = bytes.readUInt32LE(16);
  if (headerLength < ENTRIES_AT || headerLength > DATA_AT)
    throw corrupt(`its header cannot have ${headerLength} bytes`);
  if (count < 1 || count > DATA_AT / 12) throw corrupt(`it cannot have ${count} entries`);
  const headerRight = await isHeaderRight(bytes, headerLength);
  const entries = entriesOf(bytes, count, 12) ?? entriesOf(bytes, count, 24);
  const wrong = entries === undefined ? [] : await wrongEntries(entries);
  return {
    format: 'lfta',
    kind: 'full',
    needsSourceCore: false,
    facts: [
      { label: 'chip', value: 'Air8000, Wi-Fi' },
      { label: 'header', value: `${sizeText(headerLength)}, CRC ${headerRight ? 'right' : 'not confirmed'}` },
      { label: 'entries', value: String(count) },
      { label: 'data', value: sizeText(bytes.length - DATA_AT) },
    ],
    warnings: [
      ...(headerRight ? [] : ['The CRC of its header could not be confirmed.']),
      ...(entries === undefined ? ['Its entries could not be read: the checksums of its data were not compared.'] : []),
      ...wrong.map((number) => `The checksum of entry ${number} could not be confirmed.`),
    ],
  };
}

/** Over what follows the CRC, or over all of it with the CRC as zero; with the final inversion, or without. */
async function isHeaderRight(bytes: Buffer, length: number): Promise<boolean> {
  const blank = Buffer.concat([bytes.subarray(0, 12), Buffer.alloc(4), bytes.subarray(16, length)]);
  const crcs = [await plainCrc32(bytes.subarray(16, length)), await plainCrc32(blank)];
  return crcs.flatMap((crc) => [crc, ~crc >>> 0]).includes(bytes.readUInt32LE(12));
}

/** The entries read as `width` bytes each, if their lengths add up to the file's. */
function entriesOf(bytes: Buffer, count: number, width: 12 | 24): Entry[] | undefined {
  if (ENTRIES_AT + count * width > DATA_AT) return undefined;
  let at = DATA_AT;
  const entries = Array.from({ length: count }, (_, index): Entry => {
    const entry = ENTRIES_AT + index * width;
    const start = at;
    at += bytes.readUInt32LE(entry + 4);
    return { data: bytes.subarray(start, at), sum: bytes.toString('hex', entry + 8, entry + width) };
  });
  return at === bytes.length ? entries : undefined;
}

async function wrongEntries(entries: readonly Entry[]): Promise<number[]> {
  const wrong: number[] = [];
  for (const [index, { data, sum }] of entries.entries()) {
    const crc = Buffer.from(sum, 'hex').readUInt32LE(0);
    const plain = await plainCrc32(data);
    const right = sum.length === 32 ? sum === (await md5(data)) : crc === plain || crc === ~plain >>> 0;
    if (!right) wrong.push(index + 1);
  }
  return wrong;
}
