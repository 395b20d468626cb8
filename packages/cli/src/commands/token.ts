import { type Command, Option } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import { ago } from '../output/words.ts';
import { examples, type Invocation, serverOptions, withServer } from './command.ts';
import { duration } from './duration.ts';
import { type GrantOptions, grantOptions, placesOf } from './grant.ts';
import { makeSure, type Sure, sureOption } from './sure.ts';

type Options = Whereabouts & GrantOptions & { readonly expires?: number };

/** `fota token`: who may come in over the network. */
export function addToken(program: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const group = program.command('token').description('make, list and revoke what lets programs in over the network');

  const create = serverOptions(group.command('create')).description('make a token; it is shown once');
  grantOptions(create.argument('<name>', 'who it is for, such as ci'));
  create.addOption(
    new Option('--expires <span>', 'ends after 30m, 12h, 90d or 4w; default: never').argParser(duration),
  );
  create.action((name: string, { role, project, expires, ...options }: Options) =>
    withServer(
      invocation,
      options,
      async (client) => {
        const expiresAt = expires === undefined ? undefined : new Date(world.now() + expires).toISOString();
        const wanted = { name, role, projects: project, expiresAt };
        const made = await client.send('POST', '/tokens', { body: wanted });
        const lost = `The token ${made.id} was made, and nobody has seen it. End it with: fota token revoke ${made.id}`;
        out.result(made, () => out.line(made.token), lost);
        out.note(`Shown once: only its hash is kept. Use it as FOTA_TOKEN; fota token revoke ${made.id} ends it.`);
      },
      { mayCreate: true },
    ),
  );
  examples(
    create,
    'fota token create ci --role publisher --project tracker --expires 90d',
    'FOTA_TOKEN=$(fota token create laptop --role admin) fota project list --server http://…',
  );

  const list = serverOptions(group.command('list')).description('tokens that are not revoked, without their secrets');
  list.action((options: Whereabouts) =>
    withServer(invocation, options, async (client) => {
      const tokens = await client.get('/tokens');
      out.result(tokens, () => {
        if (tokens.items.length === 0) return out.line('No token: fota token create NAME --role ROLE');
        const now = world.now();
        const rows = tokens.items.map((token) => [
          token.id,
          token.name,
          token.role,
          placesOf(token),
          ago(token.createdAt, now),
          token.lastUsedAt === undefined ? 'never' : ago(token.lastUsedAt, now),
          ending(token.expiresAt, now),
        ]);
        out.table(['ID', 'NAME', 'ROLE', 'PROJECTS', 'MADE', 'LAST USED', 'ENDS'], rows);
      });
    }),
  );
  examples(list, 'fota token list');

  const revoke = serverOptions(group.command('revoke')).description('let nobody in with a token any more');
  sureOption(revoke)
    .argument('<token>', 'its id, as fota token list shows it')
    .action((id: string, options: Sure) =>
      withServer(invocation, options, async (client) => {
        await makeSure(invocation, options.yes, {
          question: `Let nobody in with the token ${id} any more?`,
          undone: `the token ${id} is not revoked`,
          whether: `the token ${id} is to be revoked`,
        });
        await client.send('DELETE', '/tokens/{token}', { path: { token: id } });
        out.result({ id, revoked: true }, () => out.line(`The token ${id} lets nobody in any more.`));
      }),
    );
  examples(revoke, 'fota token revoke k3Jd81aB', 'fota token revoke k3Jd81aB --yes');
}

function ending(at: string | undefined, now: number): string {
  if (at === undefined) return 'never';
  return Date.parse(at) <= now ? 'expired' : at.slice(0, 10);
}
