import { compareVersions, defaultFirmwareName, isThreePartVersion, wireVersion } from '@libfota2/protocol';
import type { Inspection, PackageFormat } from './inspection.ts';

/** A value that an operator may take over, and where it was read. */
export interface Proposed {
  readonly value: string;
  readonly from: 'content' | 'file name' | 'content and file name';
}

/** What a release of this package would be called; what is not known is left to the operator. */
export interface Proposal {
  readonly firmwareName: Proposed | undefined;
  /** As devices send it: `2012.001.005` (luatos.md L4). */
  readonly version: Proposed | undefined;
  /** The core that devices run once they have it. */
  readonly core: Proposed | undefined;
  /** The core that devices must run to take it. */
  readonly sourceCore: Proposed | undefined;
}

/** The vendor's tool names files `<project>_<core>.<x>.<z>_LuatOS-SoC_<bsp>.bin`. */
interface FileNameParts {
  readonly project: string;
  readonly core: string;
  /** `<core>.<x>.<z>` */
  readonly version: string;
  readonly bsp: string;
}

const FILE_NAME = /^(.+)_((\d{1,10})\.\d{1,10}\.\d{1,10})_LuatOS-SoC_(.+)$/;
const FIRMWARE_NAME = /^(.+)_LuatOS-SoC_(.+)$/;
const CORE_NUMBER = /^\d{1,10}$/;

/** Reads what the vendor's tool wrote into a file name; a path before it and a browser's ` (1)` are passed over. */
function partsOf(fileName: string | undefined): FileNameParts | undefined {
  const name = (fileName ?? '').split(/[/\\]/).at(-1) ?? '';
  if (name.length > 255) return undefined;
  const bare = name.replace(/\.(?:bin|sota|fota)$/i, '').replace(/ ?\(\d{1,4}\)$/, '');
  const [, project, version, core, bsp] = FILE_NAME.exec(bare) ?? [];
  if (project === undefined || version === undefined || core === undefined || bsp === undefined) return undefined;
  return { project, version, core, bsp };
}

/** Proposes how to publish a package. The content has the last word, for files are renamed. */
export function propose(inspection: Inspection, fileName: string | undefined): Proposal {
  const file = partsOf(fileName);
  const core = numberOf(inspection.targetCore) ?? file?.core;
  return {
    firmwareName: proposedName(inspection, file),
    version: proposedVersion(inspection, file, core),
    core: proposedBoth(numberOf(inspection.targetCore), file?.core),
    // A script alone leaves the core as it is; on another one it would never become the version that it is called.
    sourceCore: proposedBoth(numberOf(inspection.sourceCore), inspection.kind === 'script' ? file?.core : undefined),
  };
}

function numberOf(core: string | undefined): string | undefined {
  return core !== undefined && CORE_NUMBER.test(core) ? core : undefined;
}

function proposedBoth(content: string | undefined, file: string | undefined): Proposed | undefined {
  if (content === undefined) return file === undefined ? undefined : { value: file, from: 'file name' };
  return { value: content, from: content === file ? 'content and file name' : 'content' };
}

/** Which chip's firmware it is stands in the file name alone. */
function proposedName({ project }: Inspection, file: FileNameParts | undefined): Proposed | undefined {
  if (file === undefined) return undefined;
  const from = project === undefined ? 'file name' : 'content and file name';
  return { value: defaultFirmwareName(project ?? file.project, file.bsp), from };
}

/** Without a core nobody knows what LuatOS devices will send, and a guess would be the lower version for ever. */
function proposedVersion(
  { version, format }: Inspection,
  file: FileNameParts | undefined,
  core: string | undefined,
): Proposed | undefined {
  if (version === undefined) return file === undefined ? undefined : { value: file.version, from: 'file name' };
  if (!isThreePartVersion(version)) return { value: version, from: 'content' };
  if (core === undefined) return format === 'opaque' ? { value: version, from: 'content' } : undefined;
  const value = wireVersion(version, `V${core}`);
  return { value, from: core === file?.core ? 'content and file name' : 'content' };
}

/** What an operator is about to publish. */
export interface Intention {
  readonly inspection: Inspection;
  readonly fileName: string | undefined;
  readonly firmwareName: string;
  readonly version: string;
  /** The core that devices run once they have it: `V2012` or `2012`. */
  readonly core?: string | undefined;
  /** SHA-256 of every key that the project answers to, in lower-case hex. */
  readonly projectKeysSha256?: readonly string[] | undefined;
}

/** Where content, file name and what was typed do not agree, in plain sentences. Nothing of it forbids to publish. */
export function contradictions(intention: Intention): string[] {
  const { inspection, version } = intention;
  const core = intention.core?.replace(/^[A-Za-z]/, '');
  return [
    ...nameContradictions(intention),
    ...(inspection.version === undefined || agree(inspection.version, version, core)
      ? []
      : [`The script says VERSION ${inspection.version}, and the release is to be ${onWire(version, core)}.`]),
    ...fileContradictions(intention, core),
    ...coreContradictions(inspection, core),
    ...keyContradictions(intention),
  ];
}

function nameContradictions({ inspection, firmwareName }: Intention): string[] {
  const [, project, bsp] = FIRMWARE_NAME.exec(firmwareName) ?? [];
  // A firmware may be called anything where devices say `firmware_name`; then there is nothing to compare.
  if (project === undefined || bsp === undefined) return [];
  const says = `and the firmware is called "${firmwareName}"`;
  return [
    ...(inspection.project === undefined || inspection.project === project
      ? []
      : [`The script calls its project "${inspection.project}", ${says}.`]),
    ...(suits(inspection.format, bsp) ? [] : [`The package is for ${CHIPS.get(inspection.format)?.name}, ${says}.`]),
  ];
}

const CHIPS: ReadonlyMap<PackageFormat, { readonly name: string; readonly bsp: RegExp }> = new Map([
  ['ec618', { name: 'EC618', bsp: /^EC618/i }],
  ['ec7xx', { name: 'EC716 or EC718', bsp: /^EC71[68]/i }],
  ['air8101', { name: 'Air8101', bsp: /^(?:Air8101|BK7258)/i }],
  ['xt804', { name: 'Air101, Air103, Air601 or Air6208', bsp: /^(?:Air(?:101|103|601|6208)|XT804)/i }],
]);

/** Whether a bsp can be of the format's chip: it is another's only where it names another of these. */
function suits(format: PackageFormat, bsp: string): boolean {
  const own = CHIPS.get(format);
  if (own === undefined || own.bsp.test(bsp)) return true;
  return ![...CHIPS.values()].some((chip) => chip.bsp.test(bsp));
}

function fileContradictions(
  { inspection, fileName, firmwareName, version }: Intention,
  core: string | undefined,
): string[] {
  const file = partsOf(fileName);
  if (file === undefined) return [];
  const name = defaultFirmwareName(file.project, file.bsp);
  const renamed = inspection.project !== undefined && inspection.project !== file.project;
  const reversioned = inspection.version !== undefined && !agree(inspection.version, file.version, file.core);
  return [
    ...(renamed
      ? [`The script calls its project "${inspection.project}", and the file name says "${file.project}".`]
      : []),
    ...(name === firmwareName || !FIRMWARE_NAME.test(firmwareName)
      ? []
      : [`The file name says firmware "${name}", and the firmware is called "${firmwareName}".`]),
    ...(reversioned
      ? [`The script says VERSION ${inspection.version}, and the file name says version ${file.version}.`]
      : []),
    ...(agree(version, file.version, core)
      ? []
      : [`The file name says version ${file.version}, and the release is to be ${onWire(version, core)}.`]),
  ];
}

function coreContradictions({ targetCore }: Inspection, core: string | undefined): string[] {
  const target = numberOf(targetCore);
  if (target === undefined || core === undefined || compareVersions(target, core) === 0) return [];
  return [`The package leads to core ${target}, and the release is to be for core ${core}.`];
}

function keyContradictions({ inspection, projectKeysSha256 }: Intention): string[] {
  const { productKeySha256 } = inspection;
  if (productKeySha256 === undefined || projectKeysSha256?.includes(productKeySha256) !== false) return [];
  return ["The script's PRODUCT_KEY is no key of this project: devices that have it would ask for another project."];
}

function onWire(version: string, core: string | undefined): string {
  return wireVersion(version, core === undefined ? undefined : `V${core}`);
}

/**
 * Whether a script of this VERSION can be what the other version says: verbatim, or on the wire of this core, or, where
 * the core is not known, of the one that the other begins with (cores have four digits).
 */
function agree(version: string, other: string, core: string | undefined): boolean {
  const itsCore = core ?? /^(\d{4,10})\.\d+\.\d+$/.exec(other)?.[1];
  return [version, onWire(version, itsCore)].some((text) => compareVersions(text, other) === 0);
}
