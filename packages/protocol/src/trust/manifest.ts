/**
 * What a signature says of the bytes that it signs: the trusted comment, as fields with a tab between them
 * (docs/protocol.md §13.2).
 */
import { compareVersions, wireVersion } from '../versions.ts';
import { TrustError } from './errors.ts';

/** What was signed, and for whom. */
export interface Manifest {
  /** The project that the key ring names. */
  readonly project: string;
  /** What devices ask for as `firmware_name`. */
  readonly firmwareName: string;
  readonly version: string;
  /** The core that a device runs after this release, in digits, such as `2013`; left out where versions go on the wire as they are. */
  readonly core?: string | undefined;
  /** The core that a device must run for this image to fit, in digits; left out where any does. */
  readonly source?: string | undefined;
  /** The hardware that the image is for, by the names that devices know their own by; left out where it is for any. */
  readonly hardware?: readonly string[] | undefined;
  /** Bytes, at least 1. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** When it was signed, by the signer's clock: seconds since 1970. */
  readonly signedAt: number;
  /** Not to be taken before this second since 1970. */
  readonly notBefore?: number | undefined;
  /** Not to be taken after this second since 1970. */
  readonly notAfter?: number | undefined;
  /** Who takes this release never again takes one below this version. At most `version`. */
  readonly minimumVersion?: string | undefined;
  /** The highest version from which a device may go back to this one. */
  readonly downgradeFrom?: string | undefined;
}

/** A field of the comment: its name on the wire, and how its value is written. */
type Kind = 'text' | 'digits' | 'number' | 'names';
const FIELDS = {
  timestamp: ['signedAt', 'number'],
  project: ['project', 'text'],
  firmware: ['firmwareName', 'text'],
  version: ['version', 'text'],
  core: ['core', 'digits'],
  source: ['source', 'digits'],
  hardware: ['hardware', 'names'],
  size: ['size', 'number'],
  sha256: ['sha256', 'text'],
  'not-before': ['notBefore', 'number'],
  'not-after': ['notAfter', 'number'],
  minimum: ['minimumVersion', 'text'],
  'downgrade-from': ['downgradeFrom', 'text'],
} as const satisfies Readonly<Record<string, readonly [keyof Manifest, Kind]>>;

type FieldName = keyof typeof FIELDS;

/** What marks a comment as ours, with the number of its format. */
const MARK = 'libfota2:1';
/** What minisign puts there by itself; it says nothing that matters. */
const PASSED_OVER = /^(?:file:.*|hashed)$/;
const REQUIRED: readonly FieldName[] = ['timestamp', 'project', 'firmware', 'version', 'size', 'sha256'];
const TEXT_LIMIT = 256;
/** Visible ASCII but `%`, which encodes everything else. */
const PLAIN = /[^!-$&-~]/gu;

/** The trusted comment that says it. @throws TrustError `manifest-malformed` where it could not be read back */
export function formatManifest(manifest: Manifest): string {
  const values: Readonly<Record<string, unknown>> = { ...manifest };
  const fields = (Object.keys(FIELDS) as FieldName[]).flatMap((name) => {
    const value = values[FIELDS[name][0]];
    // Names are written as JavaScript writes a list of them.
    return value === undefined ? [] : [`${name}:${encoded(String(value))}`];
  });
  const comment = [MARK, ...fields].join('\t');
  parseManifest(comment);
  return comment;
}

/**
 * Reads a trusted comment. What it does not know it refuses: a condition that is passed over would be none.
 * @throws TrustError `manifest-malformed`
 */
export function parseManifest(trustedComment: string): Manifest {
  const fields = trustedComment.split('\t').filter((field) => !PASSED_OVER.test(field));
  if (!fields.includes(MARK)) {
    throw malformed(`the trusted comment does not begin with ${MARK}: make it by fota sign, or fota sign --comment`);
  }
  const values: Record<string, string | number | readonly string[]> = {};
  for (const field of fields) {
    if (field === MARK) continue;
    const [name, value] = splitField(field);
    const [property, kind] = FIELDS[name];
    if (values[property] !== undefined) throw malformed(`${name} comes twice`);
    values[property] = READING[kind](name, value);
  }
  const missing = REQUIRED.find((name) => values[FIELDS[name][0]] === undefined);
  if (missing !== undefined) throw malformed(`the trusted comment does not tell ${missing}`);
  const manifest = values as unknown as Manifest;
  if (!/^[0-9a-f]{64}$/.test(manifest.sha256)) throw malformed('sha256 is not 64 lower-case hex digits');
  if (manifest.size === 0) throw malformed('size is 0');
  const { minimumVersion, notAfter, notBefore, version } = manifest;
  if (
    minimumVersion !== undefined &&
    compareVersions(onWire(minimumVersion, manifest), onWire(version, manifest)) > 0
  ) {
    throw malformed(`minimum ${minimumVersion} is above the version ${version}`);
  }
  if ((notBefore ?? 0) > (notAfter ?? Number.MAX_SAFE_INTEGER)) throw malformed('not-before is after not-after');
  return manifest;
}

function splitField(field: string): [FieldName, string] {
  const colon = field.indexOf(':');
  const name = field.slice(0, colon);
  if (colon > 0 && Object.hasOwn(FIELDS, name)) return [name as FieldName, field.slice(colon + 1)];
  throw malformed(`the trusted comment says something that is not known: ${field.slice(0, 40)}`);
}

/** A version that the manifest speaks of in the form in which devices tell theirs, and in which all are compared (docs/protocol.md §3). */
export function onWire(version: string, { core }: Pick<Manifest, 'core'>): string {
  return wireVersion(version, core === undefined ? undefined : `V${core}`);
}

function digitsOf(name: FieldName, value: string): string {
  if (/^[1-9]\d{0,15}$/.test(value)) return value;
  throw malformed(`${name} is no number of a core such as 2013: ${value.slice(0, 40)}`);
}

function numberOf(name: FieldName, value: string): number {
  const number = /^(?:0|[1-9]\d{0,15})$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw malformed(`${name} is no whole number: ${value.slice(0, 40)}`);
}

function textOf(name: FieldName, value: string): string {
  const text = decoded(value);
  if (text !== undefined && text !== '' && text.length <= TEXT_LIMIT) return text;
  throw malformed(`${name} is empty, longer than ${TEXT_LIMIT} characters, or wrongly encoded`);
}

/** Up to 16 names, each once, of up to 64 letters, digits, dots, dashes and underscores. */
function namesOf(name: FieldName, value: string): readonly string[] {
  const names = value.split(',');
  if (/^(,\w[\w.-]{0,63}){1,16}$/.test(`,${value}`) && new Set(names).size === names.length) return names;
  throw malformed(`${name} is no list such as rev-b,rev-c: ${value.slice(0, 40)}`);
}

/** @throws TrustError `manifest-malformed` for half a character */
function encoded(text: string): string {
  try {
    return text.replace(PLAIN, encodeURIComponent);
  } catch {
    throw malformed(`this is no text: ${text.slice(0, 40)}`);
  }
}

/** One text is written in one way only: two comments that differ say different things. */
function decoded(value: string): string | undefined {
  try {
    const text = decodeURIComponent(value);
    return text.replace(PLAIN, encodeURIComponent) === value ? text : undefined;
  } catch {
    return undefined;
  }
}

function malformed(message: string): TrustError {
  return new TrustError('manifest-malformed', message);
}

const READING: Readonly<Record<Kind, (name: FieldName, value: string) => string | number | readonly string[]>> = {
  text: textOf,
  digits: digitsOf,
  number: numberOf,
  names: namesOf,
};

/** What a manifest is held against. */
export interface Circumstances {
  readonly project: string;
  /** `undefined`: whatever is signed for the project. */
  readonly firmwareName: string | undefined;
  /** The device's core in digits; `undefined`: it has none, or does not say. */
  readonly core: string | undefined;
  /** What the device calls its hardware, empty where it does not say; `undefined`: nobody knows, and it is passed over. */
  readonly hardware?: string | undefined;
  /** What runs now, as devices tell it on the wire; `undefined`: not known. */
  readonly version: string | undefined;
  /** The highest `minimumVersion` of all that was ever taken, as on the wire. */
  readonly floor: string | undefined;
  /** Seconds since 1970. */
  readonly now: number;
}

/**
 * Whether what the manifest speaks of may be taken (docs/protocol.md §13.4): `false` where it runs already. Says nothing of its bytes.
 * @throws TrustError `manifest-mismatch`, `manifest-early`, `manifest-expired`, `manifest-below-floor`, `manifest-downgrade`
 */
export function admit(manifest: Manifest, here: Circumstances): boolean {
  const { version, floor, now } = here;
  const refuse = (code: TrustError['code'], message: string): never => {
    throw new TrustError(code, message);
  };
  const signed = onWire(manifest.version, manifest);
  for (const [what, wanted, ours] of [
    ['project', manifest.project, here.project],
    ['firmware', manifest.firmwareName, here.firmwareName],
    ['core', manifest.source, here.core ?? 'none'],
    ['hardware', manifest.hardware, here.hardware],
  ] as const) {
    if (wanted !== undefined && ours !== undefined && ![wanted].flat().includes(ours)) {
      refuse('manifest-mismatch', `it is signed for the ${what} ${wanted}, not ${ours || 'an unknown one'}`);
    }
  }
  if (now < (manifest.notBefore ?? now)) {
    refuse('manifest-early', `${signed} may be taken from second ${manifest.notBefore} on`);
  }
  if (now > (manifest.notAfter ?? now)) {
    refuse('manifest-expired', `${signed} could be taken until second ${manifest.notAfter}`);
  }
  if (floor !== undefined && compareVersions(signed, floor) < 0) {
    refuse('manifest-below-floor', `${signed} is below ${floor}, the oldest version that may be taken`);
  }
  const order = version === undefined ? 1 : compareVersions(signed, version);
  if (order >= 0) return order > 0;
  const { downgradeFrom } = manifest;
  if (downgradeFrom === undefined || compareVersions(version ?? '', onWire(downgradeFrom, manifest)) > 0) {
    refuse('manifest-downgrade', `${signed} is not above ${version}, and is not signed for going back from there`);
  }
  return true;
}
