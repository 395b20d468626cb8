import { setImmediate } from 'node:timers/promises';
import type { Inspection } from '../../domain/inspection.ts';
import { bufferOf, corrupt, sizeText } from './bytes.ts';
import { isLuaDb } from './luadb.ts';
import { readScript } from './script.ts';

// Formats P3: empty flash, the magic, the length of what follows, and the script area in groups with a CRC each.
const LEAD = 1024;
const MAGIC = 'TAUL';
const HEADER = LEAD + 8;
const GROUP = 34;
const DATA = 32;
/** Devices are answered after every so many groups. */
const STEP = 1 << 15;

/** Whether the bytes begin as a script package of an Air8101 does. */
export function isAir8101(head: Uint8Array): boolean {
  const bytes = bufferOf(head);
  return bytes.toString('latin1', LEAD, LEAD + 4) === MAGIC && bytes.subarray(0, LEAD).every((byte) => byte === 0xff);
}

/** Inspects a whole package. @throws FotaServerError `package-corrupt` */
export async function inspectAir8101(file: Uint8Array): Promise<Inspection> {
  const bytes = bufferOf(file);
  if (bytes.length < HEADER) throw corrupt(`it ends within its header, after ${bytes.length} bytes`);
  const length = bytes.readUInt32LE(LEAD + 4);
  if (length !== bytes.length - HEADER) {
    throw corrupt(`its header announces ${length} bytes of script, and the file has ${bytes.length - HEADER}`);
  }
  const area = await withoutCrcs(bytes.subarray(HEADER));
  if (!isLuaDb(area)) throw corrupt('what it holds is no script area');
  const script = await readScript([area]);
  return {
    format: 'air8101',
    kind: 'script',
    ...script?.identity,
    needsSourceCore: false,
    facts: [
      { label: 'chip', value: 'Air8101 (BK7258)' },
      { label: 'script data', value: `${sizeText(length)}, CRCs right` },
      ...(script?.facts ?? []),
    ],
    warnings: script?.warnings ?? [],
  };
}

async function withoutCrcs(grouped: Buffer): Promise<Buffer> {
  const groups = Math.floor(grouped.length / GROUP);
  const rest = grouped.subarray(groups * GROUP);
  // The tool fills up to a multiple of four.
  if (rest.length > 3 || rest.some((byte) => byte !== 0xff)) throw corrupt('its script data end within a group');
  const area = Buffer.alloc(groups * DATA);
  for (let group = 0; group < groups; group += 1) {
    if (group % STEP === STEP - 1) await setImmediate();
    const data = grouped.subarray(group * GROUP, group * GROUP + DATA);
    if (crc16(data) !== grouped.readUInt16BE(group * GROUP + DATA)) {
      throw corrupt(`the CRC of group ${group + 1} of ${groups} is wrong`);
    }
    data.copy(area, group * DATA);
  }
  return area;
}

/** CRC-16 with polynomial 0x8005 from 0xFFFF on, highest bit first. */
function crc16(data: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of data) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x8005) & 0xffff : crc << 1;
  }
  return crc;
}
