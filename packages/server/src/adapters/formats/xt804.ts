import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Inspection, PackageKind } from '../../domain/inspection.ts';
import { bufferOf, corrupt, hexText, plainCrc32, sizeText } from './bytes.ts';
import { isLuaDb } from './luadb.ts';
import { readScript } from './script.ts';

// Formats P3: the 64-byte header of W800 images; its sums are CRC-32 without the final inversion.
const MAGIC = 0xa0ffff9f;
const HEADER = 64;
const SIGNATURE = 128;
const UNPACKED_LIMIT = 32 << 20;
/** In the attributes: what the image is, whether a signature follows it, whether it is packed. */
const TYPE = 0xf;
const SIGNED = 1 << 8;
const ZIPPED = 1 << 16;
const KINDS = new Map<number, PackageKind>([
  [1, 'full'],
  [2, 'script'],
]);

/** Whether the bytes begin as an image for Air101, Air103, Air601 and Air6208 does. */
export function isXt804(head: Uint8Array): boolean {
  return head.length >= 4 && bufferOf(head).readUInt32LE(0) === MAGIC;
}

/** Inspects a whole package. @throws FotaServerError `package-corrupt` */
export async function inspectXt804(file: Uint8Array): Promise<Inspection> {
  const bytes = bufferOf(file);
  if (bytes.length < HEADER) throw corrupt(`it ends within its header, after ${bytes.length} of ${HEADER} bytes`);
  if ((await plainCrc32(bytes.subarray(0, 60))) !== bytes.readUInt32LE(60))
    throw corrupt('the CRC of its header is wrong');
  const attributes = bytes.readUInt32LE(4);
  const length = bytes.readUInt32LE(12);
  const tail = (attributes & SIGNED) === 0 ? 0 : SIGNATURE;
  if (HEADER + length + tail !== bytes.length) {
    throw corrupt(`its header announces ${sizeText(HEADER + length + tail)} in all, and the file has ${bytes.length}`);
  }
  const image = bytes.subarray(HEADER, HEADER + length);
  if ((await plainCrc32(image)) !== bytes.readUInt32LE(24)) throw corrupt('the CRC of its image is wrong');
  const content = (attributes & ZIPPED) === 0 ? image : await unzipped(image);
  const script = await readScript([content].filter(isLuaDb));
  const kind = KINDS.get(attributes & TYPE) ?? 'unknown';
  return {
    format: 'xt804',
    kind: script === undefined ? kind : 'script',
    ...script?.identity,
    needsSourceCore: false,
    facts: [
      { label: 'chip', value: 'XT804 (Air101, Air103, Air601, Air6208)' },
      {
        label: 'image',
        value: `${sizeText(length)}, CRC right${tail === 0 ? '' : ', with a signature that is not checked'}`,
      },
      { label: 'unpacked', value: sizeText(content.length) },
      { label: 'runs at', value: hexText(bytes.readUInt32LE(8)) },
      ...(script?.facts ?? []),
    ],
    warnings: script?.warnings ?? [],
  };
}

async function unzipped(image: Buffer): Promise<Buffer> {
  try {
    return await promisify(gunzip)(image, { maxOutputLength: UNPACKED_LIMIT });
  } catch (error) {
    throw corrupt(`its image cannot be unpacked (${error instanceof Error ? error.message : 'gzip'})`, error);
  }
}
