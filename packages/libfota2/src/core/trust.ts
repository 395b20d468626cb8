/** What a device with a key ring believes, and what follows of it (docs/protocol.md §13). Pure: texts and times in, verdicts out. */
import {
  admit,
  compareVersions,
  followLink,
  formatKeyRing,
  KEY_RING_FIRMWARE,
  type KeyRing,
  type Manifest,
  onWire,
  type PublicKey,
  parseKeyRing,
  parseLinks,
  parseManifest,
  parseSignature,
  proveBytes,
  proveComment,
  type Signature,
  type TrustCrypto,
  TrustError,
  wireVersion,
} from '@libfota2/protocol';

/** Of a question: what a manifest is held against. */
export interface TrustPlan {
  /** The ring that the application gives its device. */
  readonly ring: KeyRing;
  readonly firmwareName: string;
  /** VERSION as the device has it. */
  readonly version: string | undefined;
  readonly core: string | undefined;
  readonly hardware: string | undefined;
}

/** What a device has learned. It only grows: two that learned apart are joined by the higher of each. */
export interface Belief {
  readonly ring: KeyRing;
  /** The version below which nothing is taken, as on the wire. */
  readonly floor: string | undefined;
  /** The latest second since 1970 at which something believed was signed. */
  readonly latest: number;
}

/** A belief as JSON. */
export interface KeptBelief extends Omit<Belief, 'ring'> {
  readonly ring: string;
}

/** A signature whose comment is proven: what is signed may be believed, and nothing yet of any bytes. */
export interface Signed {
  readonly manifest: Manifest;
  readonly signature: Signature;
  readonly signer: PublicKey;
}

/**
 * What a device believes that has kept this. Of another project it counts as nothing. Where it is damaged, nobody knows
 * how far the floor had risen: then nothing goes below what runs.
 */
export function beliefFrom(kept: KeptBelief | 'damaged' | undefined, plan: TrustPlan): Belief {
  const anew: Belief = { ring: plan.ring, floor: undefined, latest: 0 };
  if (kept === 'damaged') return { ...anew, floor: told(plan) };
  const ring = kept && readable(kept.ring);
  return ring?.project === anew.ring.project ? joined({ ...anew, ...kept, ring }, anew) : anew;
}

export function toKeep(belief: Belief): KeptBelief {
  return { ...belief, ring: formatKeyRing(belief.ring) };
}

function readable(ring: string): KeyRing | undefined {
  try {
    return parseKeyRing(ring);
  } catch {
    return undefined;
  }
}

/** The higher of each; where both rings have one number, the first. */
export function joined(one: Belief, other: Belief): Belief {
  return {
    ring: other.ring.serial > one.ring.serial ? other.ring : one.ring,
    floor: higher(one.floor, other.floor),
    latest: Math.max(one.latest, other.latest),
  };
}

/** The belief after a release was taken that says so. */
export function raised(belief: Belief, manifest: Manifest): Belief {
  const { minimumVersion } = manifest;
  return { ...belief, floor: higher(belief.floor, minimumVersion && onWire(minimumVersion, manifest)) };
}

function higher(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return compareVersions(other, one) > 0 ? other : one;
}

/** What the device runs, as it tells it: the form in which all versions are compared (docs/protocol.md §13.4). */
function told({ version, core }: TrustPlan): string | undefined {
  return version && wireVersion(version, core);
}

/** Follows updates of the key ring as far as they lead; `refused` says why it does not follow one. */
export function followed(
  belief: Belief,
  header: string,
  crypto: TrustCrypto,
): { readonly belief: Belief; readonly refused: string | undefined } {
  let current = belief;
  try {
    for (const link of parseLinks(header)) {
      const ring = followLink(current.ring, link, crypto);
      const { signedAt } = parseManifest(parseSignature(link.signature).trustedComment);
      current = { ...current, ring, latest: Math.max(current.latest, signedAt) };
    }
    return { belief: current, refused: undefined };
  } catch (error) {
    return { belief: current, refused: (error as TrustError).message };
  }
}

/**
 * Proves the comment of a signature, and learns the time of it.
 * @throws TrustError `signature-malformed`, `signature-unknown-key`, `signature-invalid`, `manifest-malformed`
 */
export function proven(
  belief: Belief,
  text: string,
  crypto: TrustCrypto,
): { readonly signed: Signed; readonly belief: Belief } {
  const signature = parseSignature(text);
  const signer = proveComment(signature, belief.ring.releaseKeys, crypto.ed25519);
  const manifest = parseManifest(signature.trustedComment);
  return {
    signed: { manifest, signature, signer },
    belief: { ...belief, latest: Math.max(belief.latest, manifest.signedAt) },
  };
}

/** What is known of an image before it comes. */
export interface Offered {
  /** As the server tells it. */
  readonly size: number | undefined;
  /** As the caller demands it. */
  readonly sha256: string | undefined;
}

/**
 * Whether the device may take what is signed, and this is that; `false` where it runs it already.
 * @throws TrustError `manifest-mismatch`, `manifest-early`, `manifest-expired`, `manifest-below-floor`, `manifest-downgrade`
 */
export function isNew(
  { manifest }: Signed,
  { sha256 = manifest.sha256, size = manifest.size }: Offered,
  { ring, floor, latest }: Belief,
  plan: TrustPlan,
  wallMs: number,
): boolean {
  if (manifest.firmwareName === KEY_RING_FIRMWARE) throw mismatch('it is signed as a key ring, which is no firmware');
  const isAbove = admit(manifest, {
    project: ring.project,
    firmwareName: plan.firmwareName,
    core: plan.core?.replace(/^\D?0*(?=\d)/, ''),
    hardware: plan.hardware ?? '',
    version: told(plan),
    floor,
    now: Math.max(Math.floor(wallMs / 1000), latest),
  });
  if (!isAbove) return false;
  if (size !== manifest.size) throw mismatch(`${manifest.size} bytes are signed, and ${size} are offered`);
  if (sha256 !== manifest.sha256) throw mismatch(`SHA-256 ${manifest.sha256} is signed, and ${sha256} is expected`);
  return true;
}

/** Whether these are the bytes that were signed; says why not. */
export function doubtOf(
  { manifest, signature, signer }: Signed,
  bytes: { readonly size: number; readonly sha256: string; readonly blake2b512: Uint8Array },
  { ed25519 }: TrustCrypto,
): string | undefined {
  if (bytes.size !== manifest.size) return `${bytes.size} bytes came, and ${manifest.size} are signed`;
  if (bytes.sha256 !== manifest.sha256) return `SHA-256 ${bytes.sha256} came, and ${manifest.sha256} is signed`;
  try {
    proveBytes(signature, signer, bytes.blake2b512, ed25519);
    return undefined;
  } catch (error) {
    return (error as TrustError).message;
  }
}

function mismatch(message: string): TrustError {
  return new TrustError('manifest-mismatch', message);
}
