import type { ApiNewToken, ApiToken } from '@libfota2/server';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import { ago } from '../output/words.ts';
import { examples, type Invocation, path, serverOptions, withServer } from './command.ts';

/** `fota token`: who may come in over the network. */
export function addToken(program: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const group = program.command('token').description('make, list and revoke what lets programs in over the network');

  const create = serverOptions(group.command('create')).description('make a token; it is shown once');
  create.argument('<name>', 'who it is for, such as ci').action((name: string, options: Whereabouts) =>
    withServer(
      invocation,
      options,
      async (client) => {
        const made = await client.send<ApiNewToken>('POST', '/tokens', { name });
        const lost = `The token ${made.id} was made, and nobody has seen it. End it with: fota token revoke ${made.id}`;
        out.result(made, () => out.line(made.token), lost);
        out.note(`Shown once: only its hash is kept. Use it as FOTA_TOKEN; fota token revoke ${made.id} ends it.`);
      },
      { mayCreate: true },
    ),
  );
  examples(
    create,
    'fota token create ci',
    'FOTA_TOKEN=$(fota token create laptop) fota project list --server http://…',
  );

  const list = serverOptions(group.command('list')).description('tokens that are valid, without their secrets');
  list.action((options: Whereabouts) =>
    withServer(invocation, options, async (client) => {
      const tokens = await client.get<{ readonly items: readonly ApiToken[] }>('/tokens');
      out.result(tokens, () => {
        if (tokens.items.length === 0) return out.line('No token: fota token create NAME');
        const rows = tokens.items.map(({ id, name, createdAt }) => [id, name, ago(createdAt, world.now())]);
        out.table(['ID', 'NAME', 'MADE'], rows);
      });
    }),
  );
  examples(list, 'fota token list');

  const revoke = serverOptions(group.command('revoke')).description('let nobody in with a token any more');
  revoke.argument('<token>', 'its id, as fota token list shows it').action((id: string, options: Whereabouts) =>
    withServer(invocation, options, async (client) => {
      await client.send('DELETE', path`/tokens/${id}`);
      out.result({ id, revoked: true }, () => out.line(`The token ${id} lets nobody in any more.`));
    }),
  );
  examples(revoke, 'fota token revoke k3Jd81aB');
}
