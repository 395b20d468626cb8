import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { FotaServerError } from '../../domain/errors.ts';

/** Hashing goes on in steps of this many bytes: devices are answered in between. */
const STEP = 1 << 20;

/** A package of a known format whose bytes do not hold together; `reason` completes "the package is corrupt: …". */
export function corrupt(reason: string, cause?: unknown): FotaServerError {
  return new FotaServerError('package-corrupt', `the package is corrupt: ${reason}`, cause);
}

/** Views bytes as a Buffer without copying them. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** CRC-32 without its final inversion, as these formats keep it. */
export async function plainCrc32(bytes: Uint8Array): Promise<number> {
  let crc = 0;
  await inSteps(bytes, (step) => {
    crc = crc32(step, crc);
  });
  return ~crc >>> 0;
}

/** MD5 in lower-case hex. */
export async function md5(bytes: Uint8Array): Promise<string> {
  const hash = createHash('md5');
  await inSteps(bytes, (step) => hash.update(step));
  return hash.digest('hex');
}

async function inSteps(bytes: Uint8Array, take: (step: Uint8Array) => void): Promise<void> {
  for (let at = 0; at < bytes.length; at += STEP) {
    if (at > 0) await setImmediate();
    take(bytes.subarray(at, at + STEP));
  }
}

/** A count of bytes for people. */
export function sizeText(bytes: number): string {
  return `${bytes} bytes`;
}

/** An address or a magic number for people. */
export function hexText(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
}
