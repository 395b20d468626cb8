/** Keys, key rings and signatures as arguments name them. */
import { type KeyRing, type PublicKey, parseKeyRing, parsePublicKey, TrustError } from '@libfota2/protocol';
import type { Invocation } from '../commands/command.ts';
import { CommandError } from '../failure.ts';
import { readSmall } from './files.ts';
import { type KeyKind, passphraseOf } from './passphrase.ts';
import { isPublicLine, pathOf } from './paths.ts';
import { looksSecret, opened, parseSecretKey, type SecretKey } from './secret-key.ts';

/** `-` of --key: from stdin, as CI has it in a variable. */
const STDIN = '-';
const LARGEST = 16_384;

/** A secret key, and what its file says that it is for; that proves nothing, and keys of minisign do not say it. */
export interface Signer extends SecretKey {
  readonly kind: KeyKind | undefined;
}

/**
 * @param purpose what it is to sign; where the key does not tell its kind, this says which variable has its passphrase
 * @throws TrustError `key-malformed`; CommandError `usage`, `file-unreadable`, `passphrase-…`
 */
export async function secretKeyIn(invocation: Invocation, file: string, purpose: KeyKind): Promise<Signer> {
  const { out, world, signal } = invocation;
  const text = file === STDIN ? await piped(world.stdin()) : await readSmall(pathOf(world, file));
  const parsed = naming(file, () => parseSecretKey(text));
  const kind = kindIn(parsed.comment);
  const name = file === STDIN ? 'the key' : file;
  const passphrase = async (): Promise<string> => {
    const text = await passphraseOf(invocation, name, kind ?? purpose);
    out.note(`Opening ${name} takes some seconds: to guess a passphrase is to be slow.`);
    return text;
  };
  const key = await opened(parsed, passphrase).catch((error: unknown) => {
    throw named(file, error);
  });
  // Whoever pressed Ctrl-C meanwhile wants nothing signed.
  signal().throwIfAborted();
  return { ...key, kind };
}

/** As newKey writes it. */
function kindIn(comment: string): KeyKind | undefined {
  return /^libfota2 \w+ secret (release|ring) key\b/.exec(comment)?.[1] as KeyKind | undefined;
}

/** What is signed with a key of the other kind no device takes. */
export function unfit({ kind }: Signer, what: string, purpose: KeyKind): string | undefined {
  if (kind === undefined || kind === purpose) return undefined;
  return purpose === 'ring'
    ? `${what} is a key ring, and a release key signed it: devices take only what a ring key signed.`
    : `${what} is an image, and a ring key signed it: devices take only what a release key signed. Keep ring keys offline.`;
}

/** A file, or the line of base64 itself. @throws TrustError `key-malformed`; CommandError `file-unreadable` */
export async function publicKeyIn({ world }: Invocation, given: string): Promise<PublicKey> {
  if (isPublicLine(given)) return parsePublicKey(given);
  const text = await readSmall(pathOf(world, given));
  if (looksSecret(text)) throw new TrustError('key-malformed', `${given} is a secret key, and a public one is wanted`);
  return naming(given, () => parsePublicKey(text));
}

/** @throws TrustError `key-ring-malformed`; CommandError `file-unreadable` */
export async function keyRingIn({ world }: Invocation, file: string): Promise<{ text: string; ring: KeyRing }> {
  const text = await readSmall(pathOf(world, file));
  return { text, ring: naming(file, () => parseKeyRing(text)) };
}

/** What is thrown of a file says its name. */
export function naming<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw named(file, error);
  }
}

function named(file: string, error: unknown): unknown {
  return error instanceof TrustError ? new TrustError(error.code, `${file}: ${error.message}`) : error;
}

async function piped(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of bytes) {
    parts.push(part);
    size += part.length;
    if (size > LARGEST) throw new CommandError('file-unreadable', 'what was piped in is too long for a key');
  }
  return Buffer.concat(parts).toString();
}
