/** What an operator does with a rollout that is under way. */
import type { ApiRollout } from '@libfota2/server';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import { counted } from '../output/words.ts';
import { rolloutLine } from '../rollouts/show.ts';
import { examples, type Invocation, integer, serverOptions, withServer } from './command.ts';
import { makeSure, sureOption } from './sure.ts';

type Options = Whereabouts & { readonly why?: string; readonly release?: number; readonly yes?: boolean };

const id = integer(1, Number.MAX_SAFE_INTEGER);

export function addSteps(group: Command, invocation: Invocation): void {
  const { out } = invocation;
  const step = (name: string, description: string): Command =>
    serverOptions(group.command(name)).description(description).argument('<rollout>', 'its number', id);
  const tell = (rollout: ApiRollout): void => {
    out.result(rollout, () => {
      out.line(rolloutLine(rollout));
      out.line(rollout.next.says);
    });
  };

  const pause = step('pause', 'offer nothing more until it is resumed; what is being sent goes on');
  pause.option('--why <text>', 'for people').action((number: number, { why, ...options }: Options) =>
    withServer(invocation, options, async (client) => {
      tell(await client.send('POST', '/rollouts/{rollout}/pause', { path: { rollout: number }, body: { why } }));
    }),
  );
  examples(pause, 'fota rollout pause 3 --why "support reports flat batteries"');

  const resume = step('resume', 'go on; what went wrong until now counts no more');
  resume.action((number: number, options: Options) =>
    withServer(invocation, options, async (client) => {
      tell(await client.send('POST', '/rollouts/{rollout}/resume', { path: { rollout: number } }));
    }),
  );
  examples(resume, 'fota rollout resume 3');

  const skip = step('skip', 'open the next wave now, whatever the open one has shown');
  sureOption(skip).action((number: number, { yes, ...options }: Options) =>
    withServer(invocation, options, async (client) => {
      const { wave, waves, ...rollout } = await client.get('/rollouts/{rollout}', { path: { rollout: number } });
      await makeSure(invocation, yes, {
        question: `Open wave ${wave + 1} of ${waves.length} of rollout ${number} (${named(rollout)}) now, whatever was shown?`,
        undone: `rollout ${number} is as it was`,
        whether: `rollout ${number} is to skip a wave`,
      });
      tell(await client.send('POST', '/rollouts/{rollout}/skip', { path: { rollout: number } }));
    }),
  );
  examples(skip, 'fota rollout skip 3', 'fota rollout skip 3 --yes');

  const abort = step('abort', 'never offer anything by it again; devices keep what they have');
  sureOption(abort)
    .option('--why <text>', 'for people')
    .action((number: number, { why, yes, ...options }: Options) =>
      withServer(invocation, options, async (client) => {
        const rollout = await client.get('/rollouts/{rollout}', { path: { rollout: number } });
        await makeSure(invocation, yes, {
          question: `Abort rollout ${number} (${named(rollout)}, ${rollout.state}) for good?`,
          undone: `rollout ${number} is not aborted`,
          whether: `rollout ${number} is to be aborted`,
        });
        tell(await client.send('POST', '/rollouts/{rollout}/abort', { path: { rollout: number }, body: { why } }));
      }),
    );
  examples(abort, 'fota rollout abort 3', 'fota rollout abort 3 --yes --why "1.4.1 is better"');

  const retry = step('retry', 'let the devices that failed, rolled back or fell silent try again');
  retry.action((number: number, options: Options) =>
    withServer(invocation, options, async (client) => {
      const retried = await client.send('POST', '/rollouts/{rollout}/retry', { path: { rollout: number } });
      out.result(retried, () => {
        const { devices, rollout } = retried;
        out.line(`${counted(devices, 'device')} may try again: each is offered the release when it asks.`);
        out.line(rollout.next.says);
      });
    }),
  );
  examples(retry, 'fota rollout retry 3');

  const rollback = step('rollback', 'abort it, and take its devices back to another release, all at once');
  sureOption(rollback)
    .option('--release <release>', 'to which (default: the highest below that was not aborted)', id)
    .action((number: number, { release: to, yes, ...options }: Options) =>
      withServer(invocation, options, async (client) => {
        const rollout = await client.get('/rollouts/{rollout}', { path: { rollout: number } });
        const where = to === undefined ? 'the release before' : `release ${to}`;
        await makeSure(invocation, yes, {
          question: `Abort rollout ${number}, and take every device that runs ${named(rollout)} back to ${where}?`,
          undone: `rollout ${number} is not rolled back`,
          whether: `rollout ${number} is to be rolled back`,
        });
        const made = await client.send('POST', '/rollouts/{rollout}/rollback', {
          path: { rollout: number },
          body: { to },
        });
        out.result(made, () => {
          out.line(`Rollout ${number} is aborted; rollout ${made.id} takes its devices to ${named(made)}.`);
          out.line(`Watch it: fota rollout show ${made.id} --watch`);
        });
      }),
    );
  examples(rollback, 'fota rollout rollback 3', 'fota rollout rollback 3 --release 5 --yes');
}

function named({ version, firmwareName }: Pick<ApiRollout, 'version' | 'firmwareName'>): string {
  return `${version} of ${firmwareName}`;
}
