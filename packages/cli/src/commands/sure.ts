/** How it is made sure that somebody means it: of whatever takes something away for good, or reaches many devices at once. */
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import { CommandError, EXIT } from '../failure.ts';
import type { Invocation } from './command.ts';

export type Sure = Whereabouts & { readonly yes?: boolean };

/** Adds `--yes`. A brake (`fota stop`, `fota rollout pause`) has none: it never asks. */
export function sureOption(command: Command): Command {
  return command.option('--yes', 'do not ask; needed where nobody sits at a terminal');
}

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
