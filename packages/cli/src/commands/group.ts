import type { ApiGroup } from '@libfota2/server';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import type { Client } from '../client/http.ts';
import { CommandError, EXIT } from '../failure.ts';
import { bold } from '../output/text.ts';
import { ago, counted } from '../output/words.ts';
import { chosenProject } from './choose.ts';
import { examples, type Invocation, serverOptions, withServer } from './command.ts';
import { asking } from './query.ts';
import { makeSure, type Sure, sureOption } from './sure.ts';

type Options = Whereabouts & { readonly project?: string; readonly note?: string; readonly query?: string };

/** `fota group`: queries on devices that have a name. */
export function addGroup(program: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const group = program.command('group').description('give queries on devices a name');
  const command = (name: string, description: string): Command =>
    serverOptions(group.command(name)).description(description).option('--project <name>', 'where there are several');

  const create = command('create', 'name those devices that a query fits, at any time');
  create
    .argument('<name>', 'what people call it: 1 to 64 characters, Chinese ones too')
    .argument('<query>', 'who is in it, such as "label:beta and seen > 7d ago"; docs/queries.md tells more')
    .option('--note <text>', 'for people')
    .action((name: string, query: string, options: Options) =>
      withServer(invocation, options, async (client) => {
        const project = await chosenProject(client, options.project);
        const body = { name, query, note: options.note };
        const made = client.send('POST', '/projects/{project}/groups', { path: { project }, body });
        await shown(invocation, client, await asking(out, query, made));
      }),
    );
  examples(
    create,
    "fota group create testers 'label:beta and seen > 7d ago' --note 'those who asked for it'",
    "fota group create 北京 'label:beijing and not group:testers'",
  );

  const list = command('list', 'all groups of a project');
  list.action((options: Options) =>
    withServer(invocation, options, async (client) => {
      const project = await chosenProject(client, options.project);
      const page = await client.get('/projects/{project}/groups', { path: { project } });
      out.result(page, () => {
        if (page.items.length === 0) return out.line('No group yet: fota group create NAME QUERY');
        const rows = page.items.map(({ name, query, changedAt }) => [name, query, ago(changedAt, world.now())]);
        out.table(['GROUP', 'QUERY', 'CHANGED'], rows);
      });
    }),
  );
  examples(list, 'fota group list --project tracker');

  const show = command('show', 'one group, and how many devices are in it');
  show.argument('<group>', 'its name').action((name: string, options: Options) =>
    withServer(invocation, options, async (client) => {
      const project = await chosenProject(client, options.project);
      await shown(
        invocation,
        client,
        await client.get('/projects/{project}/groups/{group}', { path: { project, group: name } }),
      );
    }),
  );
  examples(show, 'fota group show testers', "fota device list 'group:testers'");

  const change = command('change', 'change the query or the note of a group');
  change
    .argument('<group>', 'its name')
    .option('--query <query>', 'who is in it from now on')
    .option('--note <text>', 'for people; empty: none')
    .action((name: string, { query, note, ...options }: Options) => {
      if (query === undefined && note === undefined) {
        throw new CommandError('usage', 'nothing is to be changed: give --query or --note', {
          remedy: 'Try: fota group change --help',
          exitCode: EXIT.usage,
        });
      }
      return withServer(invocation, options, async (client) => {
        const project = await chosenProject(client, options.project);
        const changed = client.send('PATCH', '/projects/{project}/groups/{group}', {
          path: { project, group: name },
          body: { query, note },
        });
        await shown(invocation, client, await asking(out, query, changed));
      });
    });
  examples(change, "fota group change testers --query 'label:beta or label:alpha'");

  const remove = command('remove', 'remove a group that nothing needs; its devices stay');
  sureOption(remove)
    .argument('<group>', 'its name')
    .action((name: string, options: Options & Sure) =>
      withServer(invocation, options, async (client) => {
        const project = await chosenProject(client, options.project);
        await makeSure(invocation, options.yes, {
          question: `Remove the group ${name} of ${project}?`,
          undone: `the group ${name} is not removed`,
          whether: `the group ${name} of ${project} is to be removed`,
        });
        await client.send('DELETE', '/projects/{project}/groups/{group}', { path: { project, group: name } });
        out.result({ project, name, removed: true }, () => out.line(`The group ${name} of ${project} is gone.`));
      }),
    );
  examples(remove, 'fota group remove testers', 'fota group remove testers --yes');
}

async function shown({ out, world }: Invocation, client: Client, group: ApiGroup): Promise<void> {
  const { project, name, query, note, changedAt } = group;
  const { devices } = await client.get('/devices/count', { query: { project, query: quotedGroup(name) } });
  out.result({ ...group, devices }, () =>
    out.facts([
      ['group', bold(name)],
      ['project', project],
      ['query', query],
      ['note', note],
      ['devices', `${counted(devices, 'device')} now`],
      ['changed', ago(changedAt, world.now())],
    ]),
  );
}

function quotedGroup(name: string): string {
  return `group:"${name.replaceAll(/["\\]/g, '\\$&')}"`;
}
