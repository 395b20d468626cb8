/**
 * Signatures in minisign's format (jedisct1.github.io/minisign), prehashed: Ed25519 over the BLAKE2b-512 of a file, and over
 * that signature with a comment, which is so as trustworthy as the file. docs/protocol.md §13.1.
 *
 * Text in, text out; the arithmetic is the caller's.
 */
import { fromBase64, joined, toBase64, utf8 } from './bytes.ts';
import { TrustError } from './errors.ts';

/** Whether `signature` (64 bytes) is that of `message` by `key` (32 bytes), after RFC 8032. Must not throw. */
export type Ed25519Verify = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

export interface PublicKey {
  /** 16 upper-case hex digits, as minisign shows it. Tells keys apart and proves nothing. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

export interface Signature {
  /** The key that is said to have made it. */
  readonly keyId: string;
  /** Of the BLAKE2b-512 of the file; 64 bytes. */
  readonly signature: Uint8Array;
  readonly trustedComment: string;
  /** Of the signature and the trusted comment behind it; 64 bytes. */
  readonly globalSignature: Uint8Array;
}

/** Characters that the text of a signature has at most. minisign's own comments may have 1024 and 8192. */
export const SIGNATURE_TEXT_LIMIT = 10_240;

const UNTRUSTED = 'untrusted comment: ';
const TRUSTED = 'trusted comment: ';
const KEY_BYTES = 42;
const SIGNATURE_BYTES = 74;
/** `Ed`: of keys, and of signatures that minisign calls legacy. */
const PLAIN = 0x6445;
/** `ED`: of prehashed signatures. */
const PREHASHED = 0x4445;

/** The line of base64 of a public key, or the file that minisign keeps it in. @throws TrustError `key-malformed` */
export function parsePublicKey(text: string): PublicKey {
  const lines = text.trim().split(/\r?\n/);
  const bytes = fromBase64((lines[lines.length === 2 ? 1 : 0] ?? '').trim());
  if (bytes?.length !== KEY_BYTES || lines.length > 2 || algorithmOf(bytes) !== PLAIN) {
    throw new TrustError('key-malformed', 'this is no public key of minisign: 56 characters that begin with RW');
  }
  return { id: idOf(bytes), key: bytes.subarray(10) };
}

/** One line of base64, as `minisign -P` takes it. */
export function formatPublicKey({ id, key }: PublicKey): string {
  return toBase64(joined(le16(PLAIN), idBytes(id), key));
}

/** @throws TrustError `signature-malformed` */
export function parseSignature(text: string): Signature {
  // Sliced first: nothing that was sent is worked on whole before its length is known.
  const lines = text
    .slice(0, SIGNATURE_TEXT_LIMIT + 1)
    .replace(/\r?\n$/, '')
    .split(/\r?\n/);
  const [first = '', second = '', third = '', fourth = ''] = lines;
  const isOne = first.startsWith(UNTRUSTED) && third.startsWith(TRUSTED) && lines.length === 4;
  const own = fromBase64(second);
  const globalSignature = fromBase64(fourth);
  if (
    !isOne ||
    text.length > SIGNATURE_TEXT_LIMIT ||
    own?.length !== SIGNATURE_BYTES ||
    globalSignature?.length !== 64
  ) {
    throw new TrustError('signature-malformed', 'this is no signature of minisign: four lines, two of them comments');
  }
  if (algorithmOf(own) !== PREHASHED) {
    throw new TrustError('signature-malformed', 'the signature is not prehashed: sign again without minisign -l');
  }
  return {
    keyId: idOf(own),
    signature: own.subarray(10),
    trustedComment: third.slice(TRUSTED.length),
    globalSignature,
  };
}

/** The four lines of a signature; `untrustedComment` in one line. */
export function formatSignature(signature: Signature, untrustedComment: string): string {
  const { keyId, trustedComment, globalSignature } = signature;
  const own = joined(le16(PREHASHED), idBytes(keyId), signature.signature);
  const lines = [UNTRUSTED + untrustedComment, toBase64(own), TRUSTED + trustedComment, toBase64(globalSignature)];
  return `${lines.join('\n')}\n`;
}

/** What the global signature of a signature is made over. */
export function commentMessage(signature: Uint8Array, trustedComment: string): Uint8Array {
  return joined(signature, utf8(trustedComment));
}

/**
 * The key that made the signature, once its comment is proven: from here on the comment may be believed, and nothing yet of
 * any bytes.
 * @throws TrustError `signature-unknown-key`, `signature-invalid`
 */
export function proveComment(signature: Signature, keys: readonly PublicKey[], ed25519: Ed25519Verify): PublicKey {
  const { keyId, trustedComment, globalSignature } = signature;
  const signer = keys.find(({ id }) => id === keyId);
  if (signer === undefined) {
    const known = keys.map(({ id }) => id).join(', ');
    throw new TrustError('signature-unknown-key', `the key ${keyId} made the signature; trusted: ${known}`);
  }
  if (!ed25519(signer.key, commentMessage(signature.signature, trustedComment), globalSignature)) {
    throw new TrustError('signature-invalid', `the key ${keyId} did not sign this comment`);
  }
  return signer;
}

/** @throws TrustError `signature-invalid` */
export function proveBytes(
  { keyId, signature }: Signature,
  signer: PublicKey,
  blake2b512: Uint8Array,
  ed25519: Ed25519Verify,
): void {
  if (ed25519(signer.key, blake2b512, signature)) return;
  throw new TrustError('signature-invalid', `the key ${keyId} did not sign these bytes`);
}

function algorithmOf(bytes: Uint8Array): number {
  return (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
}

/** A number of 64 bits, the least byte first. */
function idOf(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(2, 10).toReversed(), (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
}

function idBytes(id: string): Uint8Array {
  return Uint8Array.from({ length: 8 }, (_, place) => Number.parseInt(id.slice(14 - 2 * place, 16 - 2 * place), 16));
}

function le16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8);
}
