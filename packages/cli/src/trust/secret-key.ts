/**
 * Secret keys in the files that minisign keeps them in, with a passphrase and without: what `minisign -G` writes is read,
 * and with what is written here `minisign -S` signs.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import {
  commentMessage,
  formatSignature,
  fromBase64,
  joined,
  type PublicKey,
  parsePublicKey,
  TrustError,
  toBase64,
} from '@libfota2/protocol';
import { blake2b } from '@noble/hashes/blake2.js';
import { CommandError } from '../failure.ts';
import { publicOf, signed } from './crypto.ts';
import { type Cost, keyStream, parametersFor, SENSITIVE } from './scrypt.ts';

/** Somebody who can sign. */
export interface SecretKey {
  readonly publicKey: PublicKey;
  /** 32 bytes. */
  readonly seed: Uint8Array;
}

/** A key file, as far as it can be read without its passphrase. */
export interface SecretKeyFile {
  /** What its first line says; proves nothing. */
  readonly comment: string;
  /** `undefined`: it lies there open. */
  readonly lock: { readonly salt: Uint8Array; readonly cost: Cost } | undefined;
  /** Number, seed, public key and checksum, under the stream of the passphrase. */
  readonly sealed: Uint8Array;
}

const UNTRUSTED = 'untrusted comment: ';
const TEXT_LIMIT = 2_048;
/** Ed, then how it is locked, then B2. */
const FILE_BYTES = 158;
const HEAD_BYTES = 54;
const SEALED_BYTES = 104;
const ALGORITHM = latin1('Ed');
const LOCKED = latin1('Sc');
const OPEN = Uint8Array.of(0, 0);
const CHECKSUM = latin1('B2');

export function makeSecretKey(random: (bytes: number) => Uint8Array = randomBytes): SecretKey {
  return secretKey(random(8), random(32));
}

/** Whether a text pretends to be a secret key: such one is never shown. */
export function looksSecret(text: string): boolean {
  const line = text.slice(0, TEXT_LIMIT).split(/\r?\n/)[1]?.trim() ?? '';
  return line.length > 150 && fromBase64(line)?.length === FILE_BYTES;
}

/** @throws TrustError `key-malformed` */
export function parseSecretKey(text: string): SecretKeyFile {
  const lines = text.slice(0, TEXT_LIMIT).trim().split(/\r?\n/);
  const [first = '', second = ''] = lines;
  const bytes = fromBase64(second.trim());
  const at = (from: number, to: number): Uint8Array => bytes?.subarray(from, to) ?? new Uint8Array();
  if (
    !first.startsWith(UNTRUSTED) ||
    lines.length !== 2 ||
    bytes?.length !== FILE_BYTES ||
    !isSame(at(0, 2), ALGORITHM) ||
    !isSame(at(4, 6), CHECKSUM)
  ) {
    throw malformed('this is no secret key of minisign: a comment, and a line that begins with RW');
  }
  const comment = first.slice(UNTRUSTED.length);
  const sealed = at(HEAD_BYTES, FILE_BYTES);
  if (isSame(at(2, 4), OPEN)) return { comment, lock: undefined, sealed };
  if (!isSame(at(2, 4), LOCKED)) throw malformed('the key is locked in a way that is not known');
  const numbers = Buffer.from(at(38, HEAD_BYTES));
  const cost = { operations: numbers.readBigUInt64LE(0), memory: numbers.readBigUInt64LE(8) };
  if (parametersFor(cost) === undefined) throw malformed('its passphrase would cost more than minisign ever asks for');
  return { comment, lock: { salt: at(6, 38), cost }, sealed };
}

/**
 * The key in a file. `passphrase` is asked for only where one is needed.
 * @throws TrustError `key-malformed`; CommandError `passphrase-wrong`, `passphrase-memory`, and what `passphrase` throws
 */
export async function opened({ lock, sealed }: SecretKeyFile, passphrase: () => Promise<string>): Promise<SecretKey> {
  const stream = lock && (await streamOf(await passphrase(), lock));
  const bytes = stream === undefined ? sealed : xored(sealed, stream);
  const [number, secret, checksum] = [bytes.subarray(0, 8), bytes.subarray(8, 72), bytes.subarray(72)];
  const isWhole = timingSafeEqual(checksum, checksumOf(number, secret));
  if (lock !== undefined && !isWhole) {
    throw new CommandError('passphrase-wrong', 'the passphrase does not open this key');
  }
  const key = secretKey(number, secret.subarray(0, 32));
  // minisign leaves the checksum of an open key empty; the public half tells damage all the same.
  const isEmpty = checksum.every((byte) => byte === 0);
  if (!(isWhole || isEmpty) || !isSame(key.publicKey.key, secret.subarray(32))) {
    throw malformed('the secret key is damaged: its halves do not fit');
  }
  return key;
}

/** The text of a file for a key. `passphrase` `undefined`: it lies there open. @throws CommandError `passphrase-memory` */
export async function sealed(
  { publicKey, seed }: SecretKey,
  comment: string,
  passphrase: string | undefined,
  { cost = SENSITIVE, random = randomBytes }: { readonly cost?: Cost; readonly random?: typeof randomBytes } = {},
): Promise<string> {
  const number = numberOf(publicKey);
  const secret = joined(seed, publicKey.key);
  const written = (lock: Uint8Array, head: Uint8Array, body: Uint8Array): string =>
    `${UNTRUSTED}${comment}\n${toBase64(joined(ALGORITHM, lock, CHECKSUM, head, body))}\n`;
  if (passphrase === undefined) {
    return written(OPEN, new Uint8Array(48), joined(number, secret, new Uint8Array(32)));
  }
  const salt = random(32);
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64LE(cost.operations, 0);
  numbers.writeBigUInt64LE(cost.memory, 8);
  const stream = await streamOf(passphrase, { salt, cost });
  const body = joined(number, secret, checksumOf(number, secret));
  return written(LOCKED, joined(salt, numbers), xored(body, stream));
}

/** The text of a signature of a file with that BLAKE2b-512. */
export function signature({ publicKey, seed }: SecretKey, blake2b512: Uint8Array, trustedComment: string): string {
  const own = signed(seed, blake2b512);
  const globalSignature = signed(seed, commentMessage(own, trustedComment));
  const parts = { keyId: publicKey.id, signature: own, trustedComment, globalSignature };
  return formatSignature(parts, `signature from libfota2 secret key ${publicKey.id}`);
}

async function streamOf(passphrase: string, { salt, cost }: NonNullable<SecretKeyFile['lock']>): Promise<Uint8Array> {
  const parameters = parametersFor(cost);
  if (parameters === undefined) throw malformed('its passphrase would cost more than minisign ever asks for');
  return keyStream(passphrase, salt, parameters, SEALED_BYTES);
}

function secretKey(number: Uint8Array, seed: Uint8Array): SecretKey {
  // Protocol knows how a number is shown.
  const publicKey = parsePublicKey(toBase64(joined(ALGORITHM, number, publicOf(seed))));
  return { publicKey, seed: Uint8Array.from(seed) };
}

function numberOf({ id }: PublicKey): Uint8Array {
  return Uint8Array.from(Buffer.from(id, 'hex').toReversed());
}

function checksumOf(number: Uint8Array, secret: Uint8Array): Uint8Array {
  return blake2b(joined(ALGORITHM, number, secret), { dkLen: 32 });
}

function xored(bytes: Uint8Array, stream: Uint8Array): Uint8Array {
  return bytes.map((byte, place) => byte ^ (stream[place] ?? 0));
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

function malformed(message: string): TrustError {
  return new TrustError('key-malformed', message);
}
