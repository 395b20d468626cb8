import type { ApiDelivery, ApiNewWebhook, ApiWebhook } from '@libfota2/server';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import type { BodyOf } from '../client/typed.ts';
import { EXIT } from '../failure.ts';
import { bold, green, red, span, type Text, yellow } from '../output/text.ts';
import { ago, clockTime } from '../output/words.ts';
import { examples, type Invocation, serverOptions, withServer } from './command.ts';
import { makeSure, type Sure, sureOption } from './sure.ts';

interface Filter {
  readonly type?: BodyOf<'POST', '/webhooks'>['types'];
  readonly project?: readonly string[];
}

/** `fota webhook`: who is sent what happens. */
export function addWebhook(program: Command, invocation: Invocation): void {
  const group = program.command('webhook').description('send what happens to receivers of your own, signed');
  addMaking(group, invocation);
  addShowing(group, invocation);
  addTest(group, invocation);
  addSwitches(group, invocation);
  addEnding(group, invocation);
}

function addMaking(group: Command, invocation: Invocation): void {
  const { out } = invocation;
  const add = serverOptions(group.command('add')).description(
    'send events to a URL from now on; its secret is shown once',
  );
  filterOptions(add.argument('<url>', 'https; http only to a private network'))
    .option('--private', 'the receiver lies on the machine of the server, or in its private network')
    .action((url: string, options: Whereabouts & Filter & { readonly private?: boolean }) =>
      withServer(
        invocation,
        options,
        async (client) => {
          const { type: types, project: projects, private: isPrivate } = options;
          const made = await client.send('POST', '/webhooks', {
            body: {
              url,
              types,
              projects,
              private: isPrivate,
            },
          });
          tellSecret(invocation, made);
          out.note(`Try it: fota webhook test ${made.id}`);
        },
        { mayCreate: true },
      ),
    );
  examples(
    add,
    'fota webhook add https://hooks.example.com/fota --type rollout problem',
    'fota webhook add http://192.168.1.9:8080/fota --private --project tracker',
  );

  const renew = serverOptions(group.command('secret')).description('make another secret, which is shown once');
  idArgument(renew).action((id: string, options: Whereabouts) =>
    withServer(invocation, options, async (client) => {
      tellSecret(invocation, await client.send('POST', '/webhooks/{webhook}/secret', { path: { webhook: id } }));
    }),
  );
  examples(renew, 'fota webhook secret k3Jd81aB');
}

function addShowing(group: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const list = serverOptions(group.command('list')).description('webhooks, in the order of their making');
  list.action((options: Whereabouts) =>
    withServer(invocation, options, async (client) => {
      const webhooks = await client.get('/webhooks');
      out.result(webhooks, () => {
        if (webhooks.items.length === 0) return out.line('No webhook: fota webhook add URL');
        const rows = webhooks.items.map((one) => [
          one.id,
          one.url,
          typesOf(one),
          projectsOf(one),
          stateOf(one, world.now()),
        ]);
        out.table(['ID', 'URL', 'TYPES', 'PROJECTS', 'STATE'], rows);
      });
    }),
  );
  examples(list, 'fota webhook list');

  const show = serverOptions(group.command('show')).description('one webhook, and what came of its last deliveries');
  idArgument(show).action((id: string, options: Whereabouts) =>
    withServer(invocation, options, async (client) => {
      const webhook = await client.get('/webhooks/{webhook}', { path: { webhook: id } });
      const deliveries = await client.get('/webhooks/{webhook}/deliveries', { path: { webhook: id } });
      out.result({ ...webhook, deliveries: deliveries.items }, () => {
        showWebhook(invocation, webhook);
        out.line();
        if (deliveries.items.length === 0) out.line('Nothing was sent yet.');
        for (const one of deliveries.items.toReversed()) out.line(deliveryLine(one));
      });
    }),
  );
  examples(show, 'fota webhook show k3Jd81aB', "fota webhook show k3Jd81aB --json | jq '.deliveries[0]'");
}

function addTest(group: Command, invocation: Invocation): void {
  const { out, exitWith } = invocation;
  const test = serverOptions(group.command('test')).description(
    'send an event of the type webhook.test; ends with 1 where it is not taken',
  );
  idArgument(test).action((id: string, options: Whereabouts) =>
    withServer(invocation, options, async (client) => {
      const came = await client.send('POST', '/webhooks/{webhook}/test', { path: { webhook: id } });
      out.result(came, () => out.line(deliveryLine(came)));
      if (!isTaken(came)) exitWith(EXIT.failed);
    }),
  );
  examples(test, 'fota webhook test k3Jd81aB');
}

function addSwitches(group: Command, invocation: Invocation): void {
  const enable = serverOptions(group.command('enable')).description('go on with the event that was not taken');
  idArgument(enable)
    .option('--skip', 'leave out what happened meanwhile')
    .action((id: string, options: Whereabouts & { readonly skip?: boolean }) =>
      withServer(invocation, options, async (client) => {
        const { skip = false } = options;
        shown(
          invocation,
          await client.send('POST', '/webhooks/{webhook}/enable', { path: { webhook: id }, body: { skip } }),
        );
      }),
    );
  examples(enable, 'fota webhook enable k3Jd81aB', 'fota webhook enable k3Jd81aB --skip');

  const disable = serverOptions(group.command('disable')).description('send nothing until it is enabled');
  idArgument(disable).action((id: string, options: Whereabouts) =>
    withServer(invocation, options, async (client) => {
      shown(invocation, await client.send('POST', '/webhooks/{webhook}/disable', { path: { webhook: id } }));
    }),
  );
  examples(disable, 'fota webhook disable k3Jd81aB');

  const update = serverOptions(group.command('update')).description('change where events are sent to, and which');
  filterOptions(idArgument(update))
    .option('--url <url>', 'another receiver')
    .option('--all-types', 'events of all types')
    .option('--all-projects', 'events of all projects')
    .option('--private', 'the receiver lies on the machine of the server, or in its private network')
    .option('--no-private', 'it does not')
    .action((id: string, options: Whereabouts & Change) =>
      withServer(invocation, options, async (client) => {
        const { url, type, project, allTypes, allProjects, private: isPrivate } = options;
        const change = {
          url,
          types: allTypes === true ? null : type,
          projects: allProjects === true ? null : project,
          private: isPrivate,
        };
        shown(invocation, await client.send('PATCH', '/webhooks/{webhook}', { path: { webhook: id }, body: change }));
      }),
    );
  examples(
    update,
    'fota webhook update k3Jd81aB --url https://hooks.example.com/new',
    'fota webhook update k3Jd81aB --all-types --project tracker',
  );
}

interface Change extends Filter {
  readonly url?: string;
  readonly allTypes?: boolean;
  readonly allProjects?: boolean;
  readonly private?: boolean;
}

function addEnding(group: Command, invocation: Invocation): void {
  const { out } = invocation;
  const remove = serverOptions(group.command('remove')).description('send a receiver nothing more, and forget it');
  idArgument(sureOption(remove)).action((id: string, options: Sure) =>
    withServer(invocation, options, async (client) => {
      await makeSure(invocation, options.yes, {
        question: `Send nothing more to the webhook ${id}, and forget it?`,
        undone: `the webhook ${id} is not removed`,
        whether: `the webhook ${id} is to be removed`,
      });
      await client.send('DELETE', '/webhooks/{webhook}', { path: { webhook: id } });
      out.result({ id, removed: true }, () => out.line(`The webhook ${id} is sent nothing more.`));
    }),
  );
  examples(remove, 'fota webhook remove k3Jd81aB', 'fota webhook remove k3Jd81aB --yes');
}

function idArgument(command: Command): Command {
  return command.argument('<webhook>', 'its id, as fota webhook list shows it');
}

function filterOptions(command: Command): Command {
  return command
    .option('--type <type...>', 'only of these types, such as rollout.paused, or families of types, such as rollout')
    .option('--project <name...>', 'only of these projects, and of the whole server');
}

function tellSecret({ out }: Invocation, made: ApiNewWebhook): void {
  const lost = `Nobody has seen the secret of the webhook ${made.id}. Make another: fota webhook secret ${made.id}`;
  out.result(made, () => out.line(made.secret), lost);
  out.note(`Shown once: what the webhook ${made.id} is sent is signed with it. docs/events.md says how to verify it.`);
}

function shown(invocation: Invocation, webhook: ApiWebhook): void {
  invocation.out.result(webhook, () => showWebhook(invocation, webhook));
}

function showWebhook({ out, world }: Invocation, webhook: ApiWebhook): void {
  out.facts([
    ['webhook', bold(webhook.id)],
    ['url', webhook.url],
    ['types', typesOf(webhook)],
    ['projects', projectsOf(webhook)],
    ['may be private', webhook.private ? 'yes' : 'no'],
    ['state', webhook.isOn && webhook.tries === 0 ? green('on') : yellow(stateOf(webhook, world.now()))],
    ['up to', `event ${webhook.place}`],
    ['made', ago(webhook.createdAt, world.now())],
  ]);
}

function typesOf({ types }: ApiWebhook): string {
  return types?.join(', ') ?? 'all';
}

function projectsOf({ projects }: ApiWebhook): string {
  return projects?.join(', ') ?? 'all';
}

function stateOf({ isOn, reason, tries, nextTryAt }: ApiWebhook, now: number): string {
  if (!isOn) return reason === undefined ? 'off' : `off: ${reason}`;
  return tries === 0
    ? 'on'
    : `on, tried ${tries} times in vain, again ${nextTryAt === undefined ? 'now' : ago(nextTryAt, now)}`;
}

function isTaken({ status = 0 }: ApiDelivery): boolean {
  return status >= 200 && status < 300;
}

function deliveryLine(delivery: ApiDelivery): Text {
  const { at, event, type, attempt, status, problem, ms } = delivery;
  const what = event === 0 ? type : `event ${event} ${type}${attempt === 1 ? '' : `, try ${attempt}`}`;
  const came = `${problem ?? `status ${status}`} in ${ms} ms`;
  return span(`${clockTime(at)}  `, isTaken(delivery) ? green('taken') : red('not taken'), `  ${what}  ${came}`);
}
