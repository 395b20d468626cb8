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

/** What an operator asks to be published. */
export interface Wanted {
  readonly project: Project;
  /** Of its present key and of the former ones, in lower-case hex: to compare with what the package holds. */
  readonly projectKeysSha256: readonly string[];
  readonly package: Package;
  readonly fileName: string;
  readonly inspection: Inspection;
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
 * Takes what the operator left out from the content, and refuses what cannot be right.
 * @throws FotaServerError `name-missing`, `version-missing`, `source-missing`, `name-invalid`, `version-invalid`,
 *   `core-invalid`, `notes-too-long`, `package-contradicts`
 */
export function checkPublication(wanted: Wanted): CheckedPublication {
  const { inspection, fileName, project, projectKeysSha256 } = wanted;
  const proposal = propose(inspection, fileName);
  const firmwareName = wanted.firmwareName ?? proposal.firmwareName?.value;
  const version = wanted.version ?? proposal.version?.value;
  if (firmwareName === undefined) {
    throw new FotaServerError('name-missing', 'neither the package nor its file name tells the firmware name');
  }
  if (version === undefined) {
    throw new FotaServerError('version-missing', 'neither the package nor its file name tells the version');
  }
  const names = checkedNames(firmwareName, version, wanted.core ?? proposal.core?.value);
  const source = sourceOf(wanted.source ?? proposal.sourceCore?.value ?? ANY_SOURCE);
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
    added: { ...wanted.package, source, fileName, format: inspection.format },
    notes: checkNotes(wanted.notes),
    warnings: [...found, ...inspection.warnings, ...coreWarning(names)],
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

/** LuatOS devices put their core before their version; a release that lacks it is below all of them. */
function coreWarning({ firmwareName, wireVersion }: CheckedPublication['names']): string[] {
  const isLuatos = firmwareName.includes('_LuatOS-SoC_');
  const hasCore = /^0*\d{4,}\./.test(wireVersion);
  if (!isLuatos || hasCore) return [];
  return [
    `The firmware name is one of LuatOS, whose devices tell their core before their version, such as 2012.1.5; ${wireVersion} is below all of these. Give the core of the release, such as --core V2012.`,
  ];
}
