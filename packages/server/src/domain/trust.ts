/**
 * Whose signatures the devices of a project believe, and what that means for publishing and offering (docs/protocol.md §13).
 * The server proves what it can with public keys; it never has a secret one, and no device takes its word for anything.
 */
import {
  followLink,
  formatLinks,
  KEY_RING_FIRMWARE,
  type KeyRing,
  type KeyRingLink,
  type Manifest,
  onWire,
  type PublicKey,
  parseKeyRing,
  parseManifest,
  parseSignature,
  proveBytes,
  proveComment,
  type Signature,
  type TrustCrypto,
  TrustError,
  utf8,
} from '@libfota2/protocol';
import { ANY_SOURCE, isSameVersion, type Project, type Release, type ReleasePackage } from './catalogue.ts';
import { FotaServerError, type ServerErrorCode } from './errors.ts';
import { TRUST_ERRORS } from './trust-errors.ts';

/** A key ring that an operator sets. */
export interface WantedRing {
  readonly text: string;
  /** By which a ring key of the present one says that this follows; the first needs none. */
  readonly signature?: string | undefined;
  /** Default false. Begins anew without a signature: no device comes to such a ring by itself. */
  readonly replace?: boolean | undefined;
}

/** The key ring of a project, as an operator sees it. */
export interface RingListing {
  readonly ring: KeyRing;
  readonly text: string;
  /** From the ring that began the chain to the present one. */
  readonly links: readonly KeyRingLink[];
  /** What devices with this ring do not take of what is published, in sentences. */
  readonly warnings: readonly string[];
}

/** A signature that was held against the key ring of its project. */
export interface Signed {
  readonly text: string;
  readonly signature: Signature;
  /** The key that made it; `undefined`: the project has no ring, and nobody knows. */
  readonly signer: PublicKey | undefined;
  readonly manifest: Manifest;
}

/** Does what may throw a TrustError. @throws FotaServerError of its code */
function proving<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TrustError) || !Object.hasOwn(TRUST_ERRORS, error.code)) throw error;
    throw new FotaServerError(error.code as ServerErrorCode, error.message, error);
  }
}

/** The present key ring of a project; `undefined`: it has none. */
export function ringOf({ keyRings = [] }: Project): KeyRing | undefined {
  const last = keyRings.at(-1);
  return last && parseKeyRing(last.text);
}

/**
 * The project with this key ring behind those that it had; the project itself where it has just this one.
 * @throws FotaServerError `key-ring-malformed`, `key-ring-mismatch`, `signature-missing`, `signature-malformed`,
 *   `signature-unknown-key`, `signature-invalid`, `manifest-malformed`
 */
export function withRing(
  project: Project,
  { text, signature, replace: isReplacing = false }: WantedRing,
  crypto: TrustCrypto,
): Project {
  const { name, keyRings = [] } = project;
  const next = proving(() => parseKeyRing(text));
  if (next.project !== name) throw mismatch(`the key ring is for the project "${next.project}", not "${name}"`);
  if (keyRings.at(-1)?.text === text) return project;
  const present = ringOf(project);
  if (present === undefined) return { ...project, keyRings: [{ text }] };
  if (isReplacing) {
    if (next.serial > present.serial) return { ...project, keyRings: [...keyRings, { text }] };
    throw mismatch(`ring ${next.serial} is not above ring ${present.serial}, which the project has`);
  }
  if (signature === undefined) {
    const keys = present.ringKeys.map(({ id }) => id).join(' or ');
    throw new FotaServerError('signature-missing', `ring ${next.serial} must be signed by the ring key ${keys}`);
  }
  const link = { text, signature };
  proving(() => followLink(present, link, crypto));
  if (formatLinks([link]) !== '') return { ...project, keyRings: [...keyRings, link] };
  throw new FotaServerError(
    'key-ring-malformed',
    'its signature is too long to travel to devices: shorten its comments',
  );
}

/** Devices read 16 KiB of a head: with updates of the key ring (8192) and all else there is room for a signature of so many bytes. */
const LONGEST_SIGNATURE = 5_000;

/**
 * What a signature says, once it is held against the project; nothing yet of the bytes. `undefined`: it is not signed, and
 * need not be. `now`: milliseconds since 1970.
 * @throws FotaServerError `signature-missing`, `signature-malformed`, `signature-unknown-key`, `signature-invalid`,
 *   `manifest-malformed`, `manifest-mismatch`, `manifest-expired`
 */
export function readSigned(
  text: string | undefined,
  project: Project,
  crypto: TrustCrypto,
  now: number,
): Signed | undefined {
  const ring = ringOf(project);
  if (text === undefined) {
    if (ring === undefined) return undefined;
    throw new FotaServerError('signature-missing', `it is not signed, and "${project.name}" has a key ring`);
  }
  const bytes = utf8(text).length;
  if (bytes > LONGEST_SIGNATURE) {
    const most = `${LONGEST_SIGNATURE} bytes, this one has ${bytes}: shorten its comments`;
    throw new FotaServerError(
      'signature-malformed',
      `a signature travels in the head of an answer with at most ${most}`,
    );
  }
  const signature = proving(() => parseSignature(text));
  const signer = ring && proving(() => proveComment(signature, ring.releaseKeys, crypto.ed25519));
  const manifest = proving(() => parseManifest(signature.trustedComment));
  const { project: signedFor, firmwareName, version, notAfter } = manifest;
  if (firmwareName === KEY_RING_FIRMWARE) {
    throw new FotaServerError('manifest-mismatch', 'it is signed as a key ring, which is no firmware');
  }
  if (signedFor !== project.name) {
    throw new FotaServerError(
      'manifest-mismatch',
      `it is signed for the project "${signedFor}", not "${project.name}"`,
    );
  }
  if (notAfter !== undefined && now > notAfter * 1_000) {
    throw new FotaServerError('manifest-expired', `${version} could be taken until second ${notAfter}`);
  }
  return { text, signature, signer, manifest };
}

/** @throws FotaServerError `manifest-mismatch` where something else is published than was signed */
export function checkManifest(
  { manifest }: Signed,
  { firmwareName, version, wireVersion }: Pick<Release, 'firmwareName' | 'version' | 'wireVersion'>,
  { sha256, size, source }: Pick<ReleasePackage, 'sha256' | 'size' | 'source'>,
): void {
  const onDevices = onWire(manifest.version, manifest);
  const forCore = manifest.source ?? ANY_SOURCE;
  const differing = [
    ...(manifest.firmwareName === firmwareName ? [] : [`the firmware ${manifest.firmwareName}, not ${firmwareName}`]),
    ...(isSameVersion(manifest.version, version) ? [] : [`the version ${manifest.version}, not ${version}`]),
    // Devices go by what they tell: a release that has a core is signed with it.
    ...(isSameVersion(onDevices, wireVersion) || !isSameVersion(manifest.version, version)
      ? []
      : [`${onDevices} on the wire, not ${wireVersion}: sign with the core of the release`]),
    ...(forCore === source
      ? []
      : [`devices on the core ${forCore}, not ${source}: sign with the core it is made from`]),
    ...(manifest.size === size ? [] : [`${manifest.size} bytes, not ${size}`]),
    ...(manifest.sha256 === sha256 ? [] : [`other bytes (sha256 ${manifest.sha256.slice(0, 12)}…)`]),
  ];
  if (differing.length === 0) return;
  throw new FotaServerError('manifest-mismatch', `the signature is for ${differing.join('; for ')}`);
}

/**
 * A signature takes the place of one that devices believe only where it is not older: conditions that were signed later would
 * be gone by the word of whoever kept an earlier one.
 * @throws FotaServerError `signature-older`
 */
export function checkNewer(next: string, before: string | undefined, project: Project, crypto: TrustCrypto): void {
  const present = before === undefined ? undefined : believed(before, project, crypto);
  const { signedAt } = parseManifest(parseSignature(next).trustedComment);
  if (present === undefined || signedAt >= present.signedAt) return;
  throw new FotaServerError('signature-older', 'what is published was signed later than this');
}

/** What devices with the present ring believe of a signature; without a ring whatever it says. */
function believed(text: string, project: Project, crypto: TrustCrypto): Manifest | undefined {
  try {
    const signature = parseSignature(text);
    const ring = ringOf(project);
    if (ring !== undefined) proveComment(signature, ring.releaseKeys, crypto.ed25519);
    return parseManifest(signature.trustedComment);
  } catch {
    return undefined;
  }
}

/** @throws FotaServerError `signature-invalid` where the signer is known, and did not sign bytes of this BLAKE2b-512 */
export function checkBytes({ signature, signer }: Signed, blake2b512: Uint8Array, crypto: TrustCrypto): void {
  if (signer !== undefined) proving(() => proveBytes(signature, signer, blake2b512, crypto.ed25519));
}

/** Refusals that are told one by one. */
const MOST_WARNINGS = 20;

/** @throws FotaServerError `key-ring-none` */
export function ringListing(
  project: Project,
  releases: readonly Release[],
  crypto: TrustCrypto,
  now: number,
): RingListing {
  const { name, keyRings = [] } = project;
  const ring = ringOf(project);
  const last = keyRings.at(-1);
  if (ring === undefined || last === undefined) {
    throw new FotaServerError('key-ring-none', `"${name}" has no key ring`);
  }
  const begins = keyRings.findLastIndex(({ signature }) => signature === undefined);
  const links = keyRings.slice(begins + 1).map(({ text, signature = '' }) => ({ text, signature }));
  const ours = releases.filter((release) => release.project === name && release.state === 'published');
  const refused = ours.flatMap((release) => {
    const why = refusalOf(release, project, crypto, now);
    return why === undefined ? [] : [`Devices with the key ring do not take ${named(release)}: ${why}. ${RESIGN}`];
  });
  const left = refused.length - MOST_WARNINGS;
  const more = left > 0 ? [`So it is with ${left} more releases.`] : [];
  return { ring, text: last.text, links, warnings: [...refused.slice(0, MOST_WARNINGS), ...more] };
}

const RESIGN = 'Sign its package with a release key of the ring, and publish it again with the signature.';

/** Why devices with the present ring do not take some package of a release. */
function refusalOf({ packages }: Release, project: Project, crypto: TrustCrypto, now: number): string | undefined {
  try {
    for (const { signature } of packages) readSigned(signature, project, crypto, now);
    return undefined;
  } catch (error) {
    if (error instanceof FotaServerError) return error.message;
    throw error;
  }
}

function named({ id, firmwareName, version }: Release): string {
  return `release ${id} (${firmwareName} ${version})`;
}

function mismatch(message: string): FotaServerError {
  return new FotaServerError('key-ring-mismatch', message);
}
