/** Passphrases of secret keys: typed unseen, or from a variable of their kind; never from arguments, which others can list. */
import { basename } from 'node:path';
import type { Invocation } from '../commands/command.ts';
import { CommandError } from '../failure.ts';

/**
 * What a key signs: images, or the next key ring. Each kind has a variable of its own: the one that a CI must know would else
 * open the key that can replace all others.
 */
export type KeyKind = 'release' | 'ring';

/** The passphrase of a key that there is. @throws CommandError `passphrase-needed`, `interrupted` */
export async function passphraseOf(invocation: Invocation, file: string, kind: KeyKind): Promise<string> {
  return fromVariable(invocation, kind) ?? (await asked(invocation, `Passphrase of ${file}: `, kind));
}

/** The passphrase that a new key gets, typed twice. @throws CommandError `passphrase-needed`, `interrupted` */
export async function newPassphrase(invocation: Invocation, file: string, kind: KeyKind): Promise<string> {
  const given = fromVariable(invocation, kind);
  if (given !== undefined) return given;
  const first = await asked(invocation, `New passphrase for ${basename(file)}: `, kind);
  if (first === '') throw new CommandError('passphrase-needed', 'the passphrase is empty');
  if ((await asked(invocation, 'Once more: ', kind)) === first) return first;
  throw new CommandError('passphrase-needed', 'the two passphrases differ');
}

async function asked({ out, signal }: Invocation, question: string, kind: KeyKind): Promise<string> {
  const answer = await out.askUnseen(question, signal());
  if (answer !== undefined) return answer;
  throw new CommandError('passphrase-needed', `nobody can be asked here for the passphrase of the ${kind} key`, {
    remedy: `Give it in the variable ${VARIABLES[kind]}, or type it at a terminal; for a new key also: --no-passphrase.`,
  });
}

const VARIABLES: Readonly<Record<KeyKind, string>> = { release: 'FOTA_KEY_PASSPHRASE', ring: 'FOTA_RING_PASSPHRASE' };

function fromVariable({ world: { env } }: Invocation, kind: KeyKind): string | undefined {
  return (kind === 'ring' ? env['FOTA_RING_PASSPHRASE'] : env['FOTA_KEY_PASSPHRASE']) || undefined;
}
