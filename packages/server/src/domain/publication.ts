import { isThreePartVersion } from '@libfota2/protocol';
import {
  ANY_SOURCE,
  checkedNames,
  checkNotes,
  isLive,
  isSameVersion,
  nextFreeVersion,
  type Package,
  type Project,
  type Release,
  type ReleasePackage,
  sourceOf,
} from './catalogue.ts';
import { FotaServerError } from './errors.ts';
import type { Inspection } from './inspection.ts';
import { contradictions, propose } from './proposal.ts';
import { checkManifest, type Signed } from './trust.ts';

/** What an operator asks to be published. */
export interface Wanted {
  readonly project: Project;
  /** Of its present key and of the former ones, in lower-case hex: to compare with what the package holds. */
  readonly projectKeysSha256: readonly string[];
  readonly package: Package;
  readonly fileName: string;
  readonly inspection: Inspection;
  /** Its signature, held against the project; `undefined`: it has none, and needs none. */
  readonly signed: Signed | undefined;
  readonly firmwareName: string | undefined;
  readonly version: string | undefined;
  readonly core: string | undefined;
  readonly source: string | undefined;
  readonly notes: string;
  readonly despiteContradictions: boolean;
}

/** A publication whose every part is known and allowed by itself. */
export interface CheckedPublication {
  readonly project: Project;
  readonly names: Pick<Release, 'firmwareName' | 'version' | 'core' | 'wireVersion'>;
  readonly added: ReleasePackage;
  readonly notes: string;
  readonly warnings: readonly string[];
}

/** What publishing would do beside what is there. */
export type Verdict =
  | { readonly kind: 'new-release' }
  /** Published before, bytes and all. */
  | { readonly kind: 'same'; readonly release: Release }
  /** The live release of this version has no package for this source yet. */
  | { readonly kind: 'another-source'; readonly release: Release };

/**
 * Takes what the operator left out from what is signed, else from the content, and refuses what cannot be right.
 * @throws FotaServerError `name-missing`, `version-missing`, `core-missing`, `source-missing`, `name-invalid`,
 *   `version-invalid`, `core-invalid`, `notes-too-long`, `package-contradicts`, `manifest-mismatch`
 */
export function checkPublication(wanted: Wanted): CheckedPublication {
  const { inspection, fileName, project, projectKeysSha256, signed } = wanted;
  const proposal = propose(inspection, fileName);
  const firmwareName = wanted.firmwareName ?? signed?.manifest.firmwareName ?? proposal.firmwareName?.value;
  const version = wanted.version ?? signed?.manifest.version ?? proposal.version?.value;
  if (firmwareName === undefined) {
    throw new FotaServerError('name-missing', 'neither the package nor its file name tells the firmware name');
  }
  if (version === undefined) {
    throw new FotaServerError('version-missing', 'neither the package nor its file name tells the version');
  }
  const core = wanted.core === NO_CORE ? undefined : (wanted.core ?? signed?.manifest.core ?? proposal.core?.value);
  const names = checkedNames(firmwareName, version, core);
  if (wanted.core === undefined) checkCore(names, inspection);
  const source = sourceOf(wanted.source ?? signed?.manifest.source ?? proposal.sourceCore?.value ?? ANY_SOURCE);
  if (signed !== undefined) checkManifest(signed, names, { ...wanted.package, source });
  if (inspection.needsSourceCore && source === ANY_SOURCE) {
    throw new FotaServerError(
      'source-missing',
      'the package holds a core delta, which ruins a device of any other core than the one that it was made from',
    );
  }
  const found = contradictions({ inspection, fileName, firmwareName, version, core: names.core, projectKeysSha256 });
  if (found.length > 0 && !wanted.despiteContradictions) {
    throw new FotaServerError('package-contradicts', found.join(' '));
  }
  return {
    project,
    names,
    added: {
      ...wanted.package,
      source,
      fileName,
      format: inspection.format,
      ...(signed !== undefined && { signature: signed.text }),
    },
    notes: checkNotes(wanted.notes),
    warnings: [
      ...found,
      ...inspection.warnings,
      ...(signed !== undefined && signed.signer === undefined ? [TAKEN_ON_FAITH] : []),
    ],
  };
}

/**
 * What a checked publication is beside the releases of its project.
 * @throws FotaServerError `version-taken`, `release-exists`
 */
export function judgePublication({ project, names, added }: CheckedPublication, releases: readonly Release[]): Verdict {
  const { firmwareName, version, core, wireVersion } = names;
  const live = releases.filter(
    (one) => one.project === project.name && one.firmwareName === firmwareName && isLive(one),
  );
  const twin = live.find((one) => isSameVersion(one.wireVersion, wireVersion));
  if (twin === undefined) return { kind: 'new-release' };
  if (!isSameVersion(twin.version, version) || twin.core !== core) {
    const free = nextFreeVersion(version, core, live);
    throw new FotaServerError(
      'version-taken',
      `${version} is ${wireVersion} on the wire, and so is the live release ${twin.version}: devices could not tell them apart; the next free version is ${free}`,
      undefined,
      { nextFreeVersion: free },
    );
  }
  const rival = twin.packages.find(({ source }) => source === added.source);
  if (rival === undefined) return { kind: 'another-source', release: twin };
  if (rival.sha256 === added.sha256) return { kind: 'same', release: twin };
  const free = nextFreeVersion(version, core, live);
  throw new FotaServerError(
    'release-exists',
    `${firmwareName} ${twin.version} is there with other bytes (sha256 ${rival.sha256.slice(0, 12)}…); the next free version is ${free}`,
    undefined,
    { nextFreeVersion: free },
  );
}

const TAKEN_ON_FAITH =
  'The signature says what it should; whether the right key made it is not known: the project has no key ring.';

/** Said in place of a core where LuatOS devices tell their version as it is, by the option `version` of their request. */
export const NO_CORE = 'none';

/**
 * LuatOS devices put their core before their version and drop its middle number: of a release that lacks the core nobody
 * knows what they will tell, and 1.0.5 and 1.1.5 would live side by side.
 * @throws FotaServerError `core-missing`
 */
function checkCore(
  { firmwareName, core, version, wireVersion }: CheckedPublication['names'],
  { format }: Inspection,
): void {
  const isLuatos = format !== 'opaque' || firmwareName.includes('_LuatOS-SoC_');
  const beginsWithCore = /^0*[1-9]\d{3,}\./.test(wireVersion);
  if (!isLuatos || core !== undefined || beginsWithCore || !isThreePartVersion(version)) return;
  throw new FotaServerError(
    'core-missing',
    `LuatOS devices tell their core before their version, such as 2012.1.5; ${version} alone is below all of them`,
  );
}

/** What publishing does to a release that is there already, where the operator may not expect it. */
export function remarksOn(
  { notes, isDraft, isFloor }: { readonly notes: string; readonly isDraft: boolean; readonly isFloor: boolean },
  verdict: Verdict,
): string[] {
  if (verdict.kind === 'new-release') return [];
  const { id, state, notes: kept, isFloor: isFloorBefore } = verdict.release;
  return [
    ...(isFloor && !isFloorBefore
      ? [`Release ${id} is there already and stays no floor: fota release floor ${id}`]
      : []),
    ...(notes === '' || notes === kept ? [] : [`Release ${id} is there already and keeps its notes.`]),
    ...(isDraft || state !== 'draft' ? [] : [`Release ${id} was a draft and is published now, with all its packages.`]),
  ];
}
