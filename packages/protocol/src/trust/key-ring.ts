/**
 * The keys that a device trusts: a small text that is given to it with its first firmware, and that only its own keys can
 * replace (docs/protocol.md §13.5).
 */
import { asciiJson } from '../refusals.ts';
import { fromBase64, toBase64, utf8 } from './bytes.ts';
import { TrustError } from './errors.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import {
  type Ed25519Verify,
  formatPublicKey,
  type PublicKey,
  parsePublicKey,
  parseSignature,
  proveBytes,
  proveComment,
} from './minisign.ts';

/** The firmware name under which key rings are signed; their version is their serial number. */
export const KEY_RING_FIRMWARE = 'fota-key-ring';

export interface KeyRing {
  /** Every manifest must name it. */
  readonly project: string;
  /** Grows by one with each update; 1 is the first. */
  readonly serial: number;
  /** One or two that sign releases. */
  readonly releaseKeys: readonly PublicKey[];
  /** One or two that sign the next key ring, and nothing else. */
  readonly ringKeys: readonly PublicKey[];
}

/** A key ring, and the signature by which the one before it says that it follows. */
export interface KeyRingLink {
  /** Of the key ring, as it was signed. */
  readonly text: string;
  /** Of minisign. */
  readonly signature: string;
}

/** What proves that bytes are what was signed. */
export interface TrustCrypto {
  readonly ed25519: Ed25519Verify;
  readonly blake2b512: (bytes: Uint8Array) => Uint8Array;
  /** Lower-case hex. */
  readonly sha256: (bytes: Uint8Array) => string;
}

const TITLE = 'libfota2 key ring';
const MOST_KEYS = 2;
const CONDITIONS = ['core', 'source', 'hardware', 'notBefore', 'notAfter', 'minimumVersion', 'downgradeFrom'] as const;
/** Characters of a key ring: four keys and a long name need no more. */
const RING_TEXT_LIMIT = 2_048;
/** Characters of the links that a device reads of one head. */
export const LINKS_LIMIT = 8_192;
/** Characters of them that a server sends at most, unless a single one is longer: proxies forward heads of one page of memory. */
const LINKS_SENT = 2_048;

/** Whether a text means to be a key ring, well-formed or not. */
export function isKeyRing(text: string): boolean {
  return linesOf(text)[0]?.startsWith(TITLE) === true;
}

/** Comments and empty lines say nothing, wherever they stand. */
function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

/** @throws TrustError `key-ring-malformed` */
export function parseKeyRing(text: string): KeyRing {
  if (text.length > RING_TEXT_LIMIT) throw malformed(`more than ${RING_TEXT_LIMIT} characters`);
  const lines = linesOf(text);
  if (lines[0] !== TITLE) throw malformed(`the first line is not "${TITLE}"`);
  const found: Record<string, string[]> = { project: [], serial: [], 'release-key': [], 'ring-key': [] };
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    const values = Object.hasOwn(found, line.slice(0, colon)) ? found[line.slice(0, colon)] : undefined;
    if (values === undefined) throw malformed(`this line is not known: ${line.slice(0, 60)}`);
    values.push(line.slice(colon + 1).trim());
  }
  const only = (name: string): string => {
    const [value, more] = found[name] ?? [];
    if (value === undefined || value === '' || more !== undefined) throw malformed(`one line "${name}: …" is needed`);
    return value;
  };
  const keys = (name: string): readonly PublicKey[] => {
    const lines = found[name] ?? [];
    if (lines.length < 1 || lines.length > MOST_KEYS) throw malformed(`one or two lines "${name}: …" are needed`);
    return lines.map(readKey);
  };
  const serial = Number(/^[1-9]\d{0,8}$/.test(only('serial')) ? only('serial') : Number.NaN);
  if (Number.isNaN(serial)) throw malformed('the serial number is not a whole number from 1');
  const ring = { project: only('project'), serial, releaseKeys: keys('release-key'), ringKeys: keys('ring-key') };
  // A key of both kinds would let a thief of the daily one hand out rings of his own.
  const all = [...ring.releaseKeys, ...ring.ringKeys];
  const distinct = (of: (key: PublicKey) => string): boolean => new Set(all.map(of)).size === all.length;
  if (!distinct(({ id }) => id) || !distinct(({ key }) => toBase64(key)))
    throw malformed('the same key is there twice');
  return ring;
}

function readKey(text: string): PublicKey {
  try {
    return parsePublicKey(text);
  } catch (error) {
    throw malformed((error as TrustError).message);
  }
}

export function formatKeyRing({ project, serial, releaseKeys, ringKeys }: KeyRing): string {
  const lines = [
    TITLE,
    `project: ${project}`,
    `serial: ${serial}`,
    ...releaseKeys.map((key) => `release-key: ${formatPublicKey(key)}`),
    ...ringKeys.map((key) => `ring-key: ${formatPublicKey(key)}`),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * The ring after `ring`, once it is proven that a ring key of `ring` signed it as such.
 * @throws TrustError `key-ring-malformed`, `key-ring-mismatch`, `signature-malformed`, `signature-unknown-key`,
 *   `signature-invalid`, `manifest-malformed`
 */
export function followLink(ring: KeyRing, link: KeyRingLink, crypto: TrustCrypto): KeyRing {
  const signature = parseSignature(link.signature);
  const signer = proveComment(signature, ring.ringKeys, crypto.ed25519);
  const manifest = parseManifest(signature.trustedComment);
  const bytes = utf8(link.text);
  proveBytes(signature, signer, crypto.blake2b512(bytes), crypto.ed25519);
  const next = parseKeyRing(link.text);
  const follows = next.project === ring.project && next.serial === ring.serial + 1;
  if (follows && speaksOf(manifest, next, bytes.length, crypto.sha256(bytes))) return next;
  throw new TrustError(
    'key-ring-mismatch',
    `ring ${next.serial} of ${next.project} does not follow ring ${ring.serial} of ${ring.project}`,
  );
}

function speaksOf(manifest: Manifest, ring: KeyRing, size: number, sha256: string): boolean {
  return (
    manifest.firmwareName === KEY_RING_FIRMWARE &&
    manifest.project === ring.project &&
    manifest.version === String(ring.serial) &&
    manifest.size === size &&
    manifest.sha256 === sha256 &&
    // A ring is followed whenever it comes: a condition would be passed over, and so is no ring's.
    CONDITIONS.every((name) => manifest[name] === undefined)
  );
}

/** Links for one header, the oldest first: as many from the beginning as fit, and one at least where it can be read. */
export function formatLinks(links: readonly KeyRingLink[]): string {
  for (let count = links.length; count > 0; count -= 1) {
    const text = toBase64(utf8(asciiJson(links.slice(0, count).map(({ text, signature }) => [text, signature]))));
    if (text.length <= (count === 1 ? LINKS_LIMIT : LINKS_SENT)) return text;
  }
  return '';
}

/** @throws TrustError `key-ring-malformed` */
export function parseLinks(header: string): readonly KeyRingLink[] {
  const bytes = header.length <= LINKS_LIMIT ? fromBase64(header) : undefined;
  const links = bytes && pairsIn(String.fromCharCode(...bytes));
  if (links === undefined) throw malformed('what came as updates of the key ring cannot be read');
  return links.map(([text, signature]) => ({ text, signature }));
}

function pairsIn(json: string): readonly (readonly [string, string])[] | undefined {
  try {
    const value: unknown = JSON.parse(json);
    const isPair = (one: unknown): one is [string, string] =>
      Array.isArray(one) && one.length === 2 && one.every((part) => typeof part === 'string');
    return Array.isArray(value) && value.every(isPair) ? value : undefined;
  } catch {
    return undefined;
  }
}

function malformed(message: string): TrustError {
  return new TrustError('key-ring-malformed', `no key ring: ${message}`);
}
