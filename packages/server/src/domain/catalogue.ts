import { compareVersions, wireVersion } from '@libfota2/protocol';
import { FotaServerError } from './errors.ts';

/** Owns firmware names and releases. Its name is what people call it by, and never changes. */
export interface Project {
  /** 1 to 64 printable characters; unique. */
  readonly name: string;
  /** What devices send as `project_key`: 32 letters and digits; unique. */
  readonly key: string;
  /** Earlier keys, which devices in the field may still send. All are accepted until they are revoked; newest first. */
  readonly formerKeys: readonly string[];
  /** Whether a device that nobody has allowed is registered when it first asks. */
  readonly registration: 'open' | 'closed';
  /** What a refusal carries: the platform's JSON, or nothing, for devices that would keep it as an image (luatos.md F). */
  readonly refusals: 'json' | 'empty';
  /** Those that its devices were given or came to, the oldest first; the last is the present one. Left out: none. */
  readonly keyRings?: readonly KeptRing[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** A key ring as it is kept (docs/protocol.md §13.5). */
export interface KeptRing {
  readonly text: string;
  /** By which the ring before says that this one follows; left out: it began anew. */
  readonly signature?: string;
}

/** Bytes that are stored by what they are. */
export interface Package {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Bytes, at least 1. */
  readonly size: number;
}

/** The package of a release for devices of one source. */
export interface ReleasePackage extends Package {
  /** `any`, or the number of the core that a device must run for this package to fit, such as `2012`. */
  readonly source: string;
  /** What the upload was called; empty where it had no name. */
  readonly fileName: string;
  /** What inspection found it to be, such as `ec7xx` or `opaque`. */
  readonly format: string;
  /** The text of its signature (docs/protocol.md §13.1); left out: it is not signed. */
  readonly signature?: string;
}

export type ReleaseState = 'draft' | 'published' | 'withdrawn';

/** One version of a firmware. From draft to published to withdrawn, never back. */
export interface Release {
  readonly id: number;
  /** The project's name. */
  readonly project: string;
  readonly firmwareName: string;
  /** Numbers with dots between them, as its maker calls it. */
  readonly version: string;
  /** The core that a device runs after this release, such as `2013`; `undefined` where versions go on the wire as they are. */
  readonly core: string | undefined;
  /** What a device that runs this release sends as `version`. */
  readonly wireVersion: string;
  readonly state: ReleaseState;
  readonly notes: string;
  /** Devices below its version must pass through it. */
  readonly isFloor: boolean;
  /** At least one; no two of the same source. */
  readonly packages: readonly ReleasePackage[];
  /** Milliseconds since 1970, as the other times. */
  readonly createdAt: number;
  readonly publishedAt: number | undefined;
  readonly withdrawnAt: number | undefined;
}

/** A release before it has a number. */
export type NewRelease = Omit<Release, 'id'>;

/** Every device may take this package. */
export const ANY_SOURCE = 'any';

const PROJECT_KEY = /^[A-Za-z0-9]{32}$/;
const VERSION = /^\d{1,10}(?:\.\d{1,10}){0,5}$/;
const CORE = /^[A-Za-z]?(\d{1,10})$/;
// Whatever cannot be seen, and outer spaces: invisible differences between names that look the same.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|^\s|\s$/u;
const NOTES_LIMIT = 10_000;

/** Whether devices of every generation order this version alike: one to six numbers with dots between them. */
export function isOrderedVersion(version: string): boolean {
  return VERSION.test(version);
}

/** One text for all spellings of a version that compare as equal: `01.0.0` and `1` are the same version. */
export function canonicalVersion(version: string): string {
  const parts = version.split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
  while (parts.length > 1 && parts.at(-1) === '0') parts.pop();
  return parts.join('.');
}

/** @throws FotaServerError `key-invalid` */
export function checkKey(key: string): string {
  if (PROJECT_KEY.test(key)) return key;
  throw new FotaServerError(
    'key-invalid',
    `a project key has 32 letters and digits, this one is "${key.slice(0, 64)}"`,
  );
}

/** @throws FotaServerError `name-invalid` */
export function checkProjectName(name: string): string {
  // A project's name is a part of paths, where a dot or two are something else.
  if (!/^\.{1,2}$/.test(name)) return checkName('project', name, 64);
  throw new FotaServerError('name-invalid', `"${name}" is no name for a project`);
}

/** The number of a core that is called `V2012` or `2012`. @throws FotaServerError `core-invalid` */
export function coreNumber(core: string): string {
  const number = CORE.exec(core)?.[1];
  if (number !== undefined) return number;
  throw new FotaServerError('core-invalid', `"${core.slice(0, 64)}" is no core such as V2012`);
}

/** The source as packages keep it: a core without leading zeros. @throws FotaServerError `core-invalid` */
export function sourceOf(source: string): string {
  return source === ANY_SOURCE ? ANY_SOURCE : coreNumber(source).replace(/^0+(?=\d)/, '');
}

/**
 * The names of a release after a check, and its version on the wire.
 * @throws FotaServerError `name-invalid`, `version-invalid`, `core-invalid`
 */
export function checkedNames(
  firmwareName: string,
  version: string,
  core: string | undefined,
): Pick<Release, 'firmwareName' | 'version' | 'core' | 'wireVersion'> {
  checkName('firmware', firmwareName, 128);
  if (!isOrderedVersion(version)) {
    throw new FotaServerError('version-invalid', `"${version.slice(0, 64)}" is not a version such as 1.4.0`);
  }
  const number = core === undefined ? undefined : coreNumber(core);
  const onWire = wireVersion(version, number === undefined ? undefined : `V${number}`);
  return { firmwareName, version, core: number, wireVersion: onWire };
}

/** @throws FotaServerError `notes-too-long` */
export function checkNotes(notes: string): string {
  if (notes.length <= NOTES_LIMIT) return notes;
  throw new FotaServerError('notes-too-long', `the notes have ${notes.length} characters, ${NOTES_LIMIT} are kept`);
}

/** Whether devices may hear of the release, now or later. */
export function isLive(release: Release): boolean {
  return release.state !== 'withdrawn';
}

/** Whether two versions are the same to a device. */
export function isSameVersion(a: string, b: string): boolean {
  return compareVersions(a, b) === 0;
}

/**
 * The first version above `version`, by its last number, that no live release of the firmware has on the wire. LuatOS
 * drops the middle number (luatos.md L4), so that 1.1.5 is taken where 1.0.5 lives.
 */
export function nextFreeVersion(version: string, core: string | undefined, live: readonly Release[]): string {
  const taken = new Set(live.map((release) => canonicalVersion(release.wireVersion)));
  const parts = version.split('.');
  const last = parts.at(-1) ?? '0';
  for (let number = BigInt(last) + 1n; ; number += 1n) {
    const candidate = [...parts.slice(0, -1), String(number).padStart(last.length, '0')].join('.');
    const onWire = wireVersion(candidate, core === undefined ? undefined : `V${core}`);
    if (!taken.has(canonicalVersion(onWire))) return candidate;
  }
}

/** @throws FotaServerError `name-invalid` */
export function checkName(what: string, name: string, limit: number): string {
  if (name !== '' && name.length <= limit && !UNPRINTABLE.test(name)) return name;
  throw new FotaServerError('name-invalid', `${JSON.stringify(name.slice(0, limit))} is no name for a ${what}`);
}

/** The same words whether a project is not there, or not for the one who asks. */
export function unknownProject(name: string): FotaServerError {
  return new FotaServerError('project-unknown', `no project is named "${name}"`);
}

/** The same words whether a release is not there, or not for the one who asks. */
export function unknownRelease(id: number): FotaServerError {
  return new FotaServerError('release-unknown', `there is no release ${id}`);
}

export function withdrawnRelease({ id, version }: Pick<Release, 'id' | 'version'>): FotaServerError {
  return new FotaServerError('release-withdrawn', `release ${id} (${version}) was withdrawn`);
}
