/**
 * What a device with a key ring is told, and what it would refuse (docs/protocol.md §13.4, 13.6): so that it is not offered
 * again and again what it does not take. The device alone decides; where the server errs, nothing wrong is installed.
 */
import {
  admit,
  formatLinks,
  type KeyRing,
  parseKeyRing,
  parseLinks,
  parseManifest,
  parseSignature,
  TrustError,
  type TrustErrorCode,
} from '@libfota2/protocol';
import type { KeptRing, ReleasePackage } from './catalogue.ts';

/** What a device whose ring has a certain number lacks. */
export interface RingUpdate {
  /** The next rings, as they travel in a head; empty: none. */
  readonly header: string;
  /** What the device holds once it has followed them; `undefined`: the project never had a ring of its number. */
  readonly ring: KeyRing | undefined;
}

const NOT_OURS: RingUpdate = { header: '', ring: undefined };

/** Of each number of a ring what a device lacks that has it. Nothing is made before somebody asks, and all of it once. */
export function ringUpdates(kept: readonly KeptRing[] = []): (serial: number) => RingUpdate {
  const made = new Map<number, RingUpdate>();
  let rings: readonly (KeptRing & { readonly ring: KeyRing })[] | undefined;
  return (serial) => {
    const known = made.get(serial);
    if (known !== undefined) return known;
    rings ??= kept.map((one) => ({ ...one, ring: parseKeyRing(one.text) }));
    const place = rings.findIndex(({ ring }) => ring.serial === serial);
    if (place < 0) return NOT_OURS;
    const links = [];
    for (const { text, signature } of rings.slice(place + 1)) {
      // What began anew nobody comes to by links.
      if (signature === undefined) break;
      links.push({ text, signature });
    }
    const header = formatLinks(links);
    const followed = header === '' ? 0 : parseLinks(header).length;
    const update = { header, ring: rings[place + followed]?.ring };
    made.set(serial, update);
    return update;
  };
}

/**
 * Why a device with this ring, on this version and core, would not take a package; `undefined`: as far as the server sees, it would.
 * What it has promised itself never to go below nobody else knows. `now`: milliseconds since 1970.
 */
export function objectionTo(
  { signature }: Pick<ReleasePackage, 'signature'>,
  { ring }: RingUpdate,
  { version, core }: { readonly version: string; readonly core: string | undefined },
  now: number,
): TrustErrorCode | undefined {
  if (signature === undefined) return 'signature-missing';
  try {
    const { keyId, trustedComment } = parseSignature(signature);
    if (ring !== undefined && !ring.releaseKeys.some(({ id }) => id === keyId)) return 'signature-unknown-key';
    const manifest = parseManifest(trustedComment);
    // The firmware is the one that was asked for: that was looked at when it was published.
    admit(manifest, {
      project: ring?.project ?? manifest.project,
      firmwareName: undefined,
      core,
      version,
      floor: undefined,
      now: Math.floor(now / 1_000),
    });
    return undefined;
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
}
