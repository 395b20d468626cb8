/** Passphrases of secret keys: typed unseen, or from a variable; never from arguments, which others can list. */
import { basename } from 'node:path';
import type { Invocation } from '../commands/command.ts';
import { CommandError } from '../failure.ts';

/** The passphrase of a key that there is. @throws CommandError `passphrase-needed`, `interrupted` */
export async function passphraseOf(invocation: Invocation, file: string): Promise<string> {
  return fromVariable(invocation) ?? (await asked(invocation, `Passphrase of ${file}: `));
}

/** The passphrase that a new key gets, typed twice. @throws CommandError `passphrase-needed`, `interrupted` */
export async function newPassphrase(invocation: Invocation, file: string): Promise<string> {
  const given = fromVariable(invocation);
  if (given !== undefined) return given;
  const first = await asked(invocation, `New passphrase for ${basename(file)}: `);
  if (first === '') throw new CommandError('passphrase-needed', 'the passphrase is empty');
  if ((await asked(invocation, 'Once more: ')) === first) return first;
  throw new CommandError('passphrase-needed', 'the two passphrases differ');
}

async function asked({ out, signal }: Invocation, question: string): Promise<string> {
  const answer = await out.askUnseen(question, signal());
  if (answer !== undefined) return answer;
  throw new CommandError('passphrase-needed', 'nobody can be asked here for the passphrase');
}

function fromVariable({ world: { env } }: Invocation): string | undefined {
  return env['FOTA_KEY_PASSPHRASE'] || undefined;
}
