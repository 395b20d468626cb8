import type { Fact, Inspection, PackageKind } from '../../domain/inspection.ts';
import { bufferOf, corrupt, hexText, md5, plainCrc32, sizeText } from './bytes.ts';
import { deltaAreaWarnings } from './delta-area.ts';
import { readScript, type Script } from './script.ts';
import { readSections, unpackSections } from './sections.ts';

/** The header of EC618, EC716 and EC718 packages (formats P1). */
export interface CoreUpgradeHeader {
  readonly family: 'ec618' | 'ec7xx';
  readonly magic: number;
  readonly targetCore: string | undefined;
  readonly appVersion: number;
  /** A whole core: an app version instead of a core's. */
  readonly isFull: boolean;
  readonly sourceCore: string | undefined;
  readonly commonLength: number;
  readonly sdkLength: number;
  readonly commonMd5: string;
  readonly sdkMd5: string;
}

const FAMILIES = new Map<number, 'ec618' | 'ec7xx'>([
  [0xeaf18c16, 'ec618'],
  [0xeac37218, 'ec7xx'],
]);
const HEADER = 92;
const FAMILY_NAMES = { ec618: 'EC618', ec7xx: 'EC716 / EC718' };
const NO_CORE = 0xffffffff;

/** Whether the bytes begin as such a package does. */
export function isCoreUpgrade(head: Uint8Array): boolean {
  return head.length >= 4 && FAMILIES.has(bufferOf(head).readUInt32LE(0));
}

/** Reads and checks the header against the file's size. @throws FotaServerError `package-corrupt` */
export async function readHeader(start: Uint8Array, size: number): Promise<CoreUpgradeHeader> {
  const bytes = bufferOf(start).subarray(0, HEADER);
  if (bytes.length < HEADER) throw corrupt(`it ends within its header, after ${bytes.length} of ${HEADER} bytes`);
  const magic = bytes.readUInt32LE(0);
  const family = FAMILIES.get(magic);
  if (family === undefined) throw corrupt('its header has an unknown magic number');
  if ((await plainCrc32(bytes.subarray(8))) !== bytes.readUInt32LE(4)) throw corrupt('the CRC of its header is wrong');
  const commonLength = bytes.readUInt32LE(52);
  const sdkLength = bytes.readUInt32LE(56);
  const whole = HEADER + commonLength + sdkLength;
  if (whole !== size) throw corrupt(`its header announces ${sizeText(whole)} in all, and the file has ${size}`);
  if (whole === HEADER) throw corrupt('it holds a header and nothing else');
  return {
    family,
    magic,
    targetCore: coreText(bytes.subarray(8, 28)),
    appVersion: bytes.readUInt32LE(28),
    isFull: bytes.readUInt32LE(28) !== 0 || bytes.readUInt32LE(24) === NO_CORE,
    sourceCore: coreText(bytes.subarray(32, 52)),
    commonLength,
    sdkLength,
    commonMd5: bytes.toString('hex', 60, 76),
    sdkMd5: bytes.toString('hex', 76, 92),
  };
}

/** Four words that may hold an MD5, and a number: whatever of these is there. */
function coreText(version: Buffer): string | undefined {
  const number = version.readUInt32LE(16);
  const hash = version.toString('hex', 0, 16);
  const hasHash = !/^(?:0+|f+)$/.test(hash);
  const hasNumber = number !== 0 && number !== NO_CORE;
  const parts = [...(hasHash ? [hash] : []), ...(hasNumber ? [String(number)] : [])];
  return parts.length === 0 ? undefined : parts.join(' ');
}

/** Inspects a whole package. @throws FotaServerError `package-corrupt` */
export async function inspectCoreUpgrade(
  file: Uint8Array,
  fileName: string | undefined,
  timeoutMs: number,
): Promise<Inspection> {
  const header = await readHeader(file, file.length);
  const common = file.subarray(HEADER, HEADER + header.commonLength);
  const sdk = file.subarray(HEADER + header.commonLength);
  await checkMd5('common data', common, header.commonMd5);
  await checkMd5('core data', sdk, header.sdkMd5);

  const sections = readSections(common, header.magic);
  const unpacked = await unpackSections(sections, timeoutMs);
  const script = unpacked === 'late' ? undefined : await readScript(unpacked);
  const needsSourceCore = sdk.length > 0 || sections.some(({ kind }) => kind === 'delta');
  const kind = kindOf(header, script);
  const { sourceCore, targetCore } = header;
  return {
    format: header.family,
    kind,
    ...script?.identity,
    ...(sourceCore === undefined ? {} : { sourceCore }),
    ...(targetCore === undefined ? {} : { targetCore }),
    needsSourceCore,
    facts: [...headerFacts(header), { label: 'sections', value: String(sections.length) }, ...(script?.facts ?? [])],
    warnings: [
      ...(unpacked === 'late'
        ? [`Its sections were not unpacked within ${timeoutMs / 1000} s: they are not checked.`]
        : []),
      ...(kind !== 'core-delta' && unpacked !== 'late' ? (script?.warnings ?? NO_SCRIPT) : []),
      ...(needsSourceCore ? [ONE_CORE] : []),
      ...(needsSourceCore ? deltaAreaWarnings(header.family, file.length, fileName) : []),
    ],
  };
}

const ONE_CORE = 'It has a core delta, which fits one core only: publish it for the core that it was made from.';
const NO_SCRIPT = ['No script area was found in it: project and version are not known.'];

async function checkMd5(what: string, data: Uint8Array, expected: string): Promise<void> {
  if (data.length > 0 && (await md5(data)) !== expected) throw corrupt(`the MD5 of its ${what} is wrong`);
}

function kindOf(header: CoreUpgradeHeader, script: Script | undefined): PackageKind {
  if (header.sdkLength > 0) return header.commonLength > 0 ? 'script-and-core-delta' : 'core-delta';
  if (header.isFull) return 'full-core';
  return script === undefined ? 'unknown' : 'script';
}

function headerFacts(header: CoreUpgradeHeader): Fact[] {
  return [
    { label: 'chip', value: FAMILY_NAMES[header.family] },
    { label: 'target core', value: header.targetCore ?? 'not named' },
    { label: 'source core', value: header.sourceCore ?? 'not named' },
    ...(header.appVersion === 0 ? [] : [{ label: 'app version', value: hexText(header.appVersion) }]),
    { label: 'common data', value: header.commonLength === 0 ? 'none' : `${sizeText(header.commonLength)}, MD5 right` },
    { label: 'core delta', value: header.sdkLength === 0 ? 'none' : `${sizeText(header.sdkLength)}, MD5 right` },
  ];
}
