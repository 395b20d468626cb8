import type { ApiStop } from '@libfota2/server';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import { CommandError, EXIT } from '../failure.ts';
import { bold, green, red } from '../output/text.ts';
import { examples, type Invocation, serverOptions, withServer } from './command.ts';

type Options = Whereabouts & { readonly why?: string; readonly off?: boolean };

/** `fota stop`: the brake for everything. */
export function addStop(program: Command, invocation: Invocation): void {
  const { out } = invocation;
  const command = serverOptions(program.command('stop')).description(
    'stop all upgrades of all projects at once, until fota stop --off',
  );
  command
    .option('--why <text>', 'for people, who see it wherever the stop shows')
    .option('--off', 'let upgrades go on; rollouts are as they were')
    .action(({ why, off = false, ...options }: Options) => {
      if (off && why !== undefined) {
        throw new CommandError('usage', '--off takes no --why', { exitCode: EXIT.usage });
      }
      return withServer(invocation, options, async (client) => {
        const stop = await client.send('PUT', '/stop', { body: { isOn: !off, why } });
        out.result(stop, () => {
          if (!stop.isOn) return out.line(green('Upgrades go on.'));
          out.line(stopText(stop));
          out.line('Nobody is offered anything, and nobody resumes; what is being sent now may end.');
          out.line('Let them go on: fota stop --off');
        });
      });
    });
  examples(command, 'fota stop --why "1.4.0 drains batteries"', 'fota stop --off');
}

/** The stop, loudly. */
export function stopText({ why }: Pick<ApiStop, 'why'>): ReturnType<typeof red> {
  return red(bold(`ALL UPGRADES ARE STOPPED${why === '' ? '' : `: ${why}`}`));
}
