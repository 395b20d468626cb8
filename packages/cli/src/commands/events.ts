import type { ApiEvent } from '@libfota2/server';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import { framesOf } from '../client/event-stream.ts';
import type { Client, Query } from '../client/http.ts';
import type { QueryOf } from '../client/typed.ts';
import { clockTime } from '../output/words.ts';
import { examples, type Invocation, limit, nothing, serverOptions, withServer } from './command.ts';
import { following } from './following.ts';

type Options = Whereabouts & {
  readonly project?: string;
  readonly type?: QueryOf<'/events'>['type'];
  readonly limit: number;
  readonly follow?: boolean;
};

/** `fota events`: what happened, and what happens. */
export function addEvents(program: Command, invocation: Invocation): void {
  const { out } = invocation;
  const command = serverOptions(program.command('events')).description(
    'what happened to releases, rollouts, devices and the server; the newest last',
  );
  command
    .option('--project <name>', 'of one project, and of the whole server')
    .option('--type <type...>', 'of these types, such as rollout.paused, or families of types, such as rollout')
    .option('--limit <n>', 'the newest so many, or all', limit, 50)
    .option('-f, --follow', 'go on with what happens from now on, until Ctrl-C; with --json a line of JSON each')
    .action((options: Options) =>
      withServer(
        invocation,
        options,
        async (client) => {
          const query = { project: options.project === undefined ? undefined : [options.project], type: options.type };
          const page = await client.list('/events', { query }, options.limit);
          const events = page.items.toReversed();
          if (options.follow === true) return follow(invocation, client, query, events);
          out.result({ items: events, more: page.more }, () => {
            if (events.length === 0) out.line(nothing(query, 'Nothing has happened yet.'));
            for (const event of events) out.line(lineOf(event));
          });
        },
        { running: options.follow === true },
      ),
    );
  examples(
    command,
    'fota events',
    'fota events --follow --type rollout problem',
    'fota events --project tracker --type attempt.failed --limit all',
    'fota events --follow --json | jq \'select(.type == "rollout.paused")\'',
  );
}

async function follow(invocation: Invocation, client: Client, query: Query, first: readonly ApiEvent[]): Promise<void> {
  const { out } = invocation;
  for (const event of first) out.event(event, lineOf(event));
  // Where nothing has happened yet, all that comes is new.
  let place = String(first.at(-1)?.id ?? 0);
  await following(invocation, async ({ isUp, complain, ended }) => {
    for await (const { id, event, data } of framesOf(await client.open('/events', query, { 'last-event-id': place }))) {
      isUp();
      place = id;
      if (event === 'reset') complain(`Some events are missing here: ${lost(data)}.`);
      else if (data !== undefined) tell(out, data);
      if (ended.aborted) return;
    }
  });
}

function tell(out: Invocation['out'], data: string): void {
  const event = JSON.parse(data) as ApiEvent;
  out.event(event, lineOf(event));
}

function lost(data = '{}'): string {
  const { reason } = JSON.parse(data) as { readonly reason?: string };
  return reason ?? 'the server does not say why';
}

function lineOf({ at, type, project, data }: ApiEvent): string {
  return [clockTime(at), type.padEnd(19), project, tale(data)].filter((part) => part !== undefined).join('  ');
}

function tale({
  device,
  firmwareName,
  version,
  release,
  rollout,
  wave,
  access,
  count,
  code,
  reason,
}: ApiEvent['data']) {
  const parts = [
    device,
    count === undefined ? undefined : `${count} of them`,
    firmwareName,
    version,
    release === undefined ? undefined : `release ${release}`,
    rollout === undefined ? undefined : `rollout ${rollout}`,
    wave === undefined ? undefined : `wave ${wave}`,
    access,
    code,
  ];
  const said = parts.filter((part) => part !== undefined).join(' ');
  return [said, reason].filter(Boolean).join(': ');
}
