/** Key pairs as they come into being: two files, as minisign writes them. */
import { basename } from 'node:path';
import { formatPublicKey, type PublicKey } from '@libfota2/protocol';
import type { Invocation } from '../commands/command.ts';
import type { WrittenFile } from './files.ts';
import type { KeyKind } from './passphrase.ts';
import { makeSecretKey, type SecretKey, sealed } from './secret-key.ts';

export interface NewKey {
  readonly key: SecretKey;
  readonly secret: WrittenFile;
  readonly public: WrittenFile;
}

/**
 * Nothing is written yet. @param name path of the secret key. @param passphrase `undefined`: the key lies there open
 * @throws CommandError `passphrase-memory`, `interrupted`
 */
export async function newKey(
  { out, signal }: Invocation,
  name: string,
  { kind, passphrase }: { readonly kind: KeyKind; readonly passphrase: string | undefined },
): Promise<NewKey> {
  const key = makeSecretKey();
  const isLocked = passphrase !== undefined;
  if (isLocked) out.note(`Locking ${basename(name)} takes some seconds: to guess a passphrase is to be slow.`);
  // The number is under the passphrase too: this line is what tells keys apart without it.
  const comment = `libfota2 ${isLocked ? 'encrypted' : 'open'} secret ${kind} key ${key.publicKey.id}`;
  const text = await sealed(key, comment, passphrase);
  // Whoever pressed Ctrl-C meanwhile wants no key.
  signal().throwIfAborted();
  return {
    key,
    secret: { path: name, text, isSecret: true },
    public: { path: publicPath(name), text: publicText(key.publicKey) },
  };
}

/** `release.pub` of `release.key`. */
export function publicPath(name: string): string {
  return `${name.replace(/\.key$/, '')}.pub`;
}

function publicText(key: PublicKey): string {
  return `untrusted comment: minisign public key ${key.id}\n${formatPublicKey(key)}\n`;
}
