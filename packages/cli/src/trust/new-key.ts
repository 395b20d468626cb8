/** Key pairs as they come into being: two files, as minisign writes them. */
import { formatPublicKey, type PublicKey } from '@libfota2/protocol';
import type { Invocation } from '../commands/command.ts';
import type { WrittenFile } from './files.ts';
import { newPassphrase } from './passphrase.ts';
import { makeSecretKey, type SecretKey, sealed } from './secret-key.ts';

export interface NewKey {
  readonly key: SecretKey;
  readonly secret: WrittenFile;
  readonly public: WrittenFile;
}

/** Nothing is written yet. @param name path of the secret key. @throws CommandError `passphrase-…`, `interrupted` */
export async function newKey(
  invocation: Invocation,
  name: string,
  { kind, isLocked }: { readonly kind: 'release' | 'ring'; readonly isLocked: boolean },
): Promise<NewKey> {
  const key = makeSecretKey();
  const passphrase = isLocked ? await newPassphrase(invocation, name) : undefined;
  if (isLocked) invocation.out.note(`Locking ${name} takes some seconds: to guess a passphrase is to be slow.`);
  // The number is under the passphrase too: this line is what tells keys apart without it.
  const comment = `libfota2 ${isLocked ? 'encrypted' : 'open'} secret ${kind} key ${key.publicKey.id}`;
  return {
    key,
    secret: { path: name, text: await sealed(key, comment, passphrase), isSecret: true },
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
