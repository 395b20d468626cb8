import type { ApiMe } from '@libfota2/server';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import { bold } from '../output/text.ts';
import { examples, type Invocation, serverOptions, withServer } from './command.ts';
import { placesOf } from './grant.ts';

const KINDS: Readonly<Record<ApiMe['kind'], string>> = {
  local: 'whoever may open the socket in the data folder',
  token: 'a token',
  user: 'a user',
};

/** `fota whoami`: as whom one comes in, and what that one may do. */
export function addWhoami(program: Command, invocation: Invocation): void {
  const { out } = invocation;
  const command = serverOptions(program.command('whoami')).description('as whom you come in, and what you may do');
  command.action((options: Whereabouts) =>
    withServer(invocation, options, async (client) => {
      const me = await client.get('/me');
      out.result(me, () =>
        out.facts([
          ['name', bold(me.name)],
          ['is', KINDS[me.kind] ?? me.kind],
          ['role', me.role],
          ['projects', placesOf(me)],
          ['at', client.name],
        ]),
      );
    }),
  );
  examples(command, 'fota whoami', 'FOTA_TOKEN=fota_… fota whoami --server http://fota.example:8267');
}
