import { CommandError, EXIT } from '../failure.ts';
import type { Invocation } from './command.ts';

/**
 * Asks the person at the terminal, unless `isSure`. `undone`: what to say where the answer is not yes, `whether`: what
 * nobody can be asked. @throws CommandError `usage` where nobody can be asked, `interrupted` where the answer is not yes
 */
export async function makeSure(
  { out, signal }: Invocation,
  isSure: boolean | undefined,
  { question, undone, whether }: { readonly question: string; readonly undone: string; readonly whether: string },
): Promise<void> {
  if (isSure === true) return;
  const answer = await out.confirm(question, signal());
  if (answer === true) return;
  if (answer === false) throw new CommandError('interrupted', undone, { remedy: '' });
  throw new CommandError('usage', `nobody can be asked here whether ${whether}`, {
    remedy: 'Add --yes where that is certain.',
    exitCode: EXIT.usage,
  });
}
