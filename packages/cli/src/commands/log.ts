import type { ApiLogEntry } from '@libfota2/server';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import type { Client, Query } from '../client/http.ts';
import { type QueryOf, wordsOf } from '../client/typed.ts';
import { bytes, clockTime } from '../output/words.ts';
import { choice, examples, type Invocation, limit, nothing, serverOptions, withServer } from './command.ts';
import { following } from './following.ts';

type Options = Whereabouts & {
  readonly project?: string;
  readonly firmware?: string;
  readonly device?: string;
  readonly event?: QueryOf<'/log'>['event'];
  readonly limit: number;
  readonly follow?: boolean;
};

const EVENTS = wordsOf<ApiLogEntry['event']>({
  offered: true,
  resumed: true,
  sent: true,
  broken: true,
  held: true,
  checked: true,
  reported: true,
  refused: true,
  confirmed: true,
  failed: true,
  'rolled-back': true,
  silent: true,
  unreadable: true,
});

/** `fota log`: what devices asked for and got. */
export function addLog(program: Command, invocation: Invocation): void {
  const { out } = invocation;
  const command = serverOptions(program.command('log')).description('what devices asked for and got; the newest last');
  command
    .option('--project <name>', 'of one project')
    .option('--firmware <name>', 'of one firmware')
    .option('--device <id>', 'of one device')
    .addOption(choice('--event <event>', 'of one kind', ...EVENTS))
    .option('--limit <n>', 'the newest so many, or all', limit, 50)
    .option('-f, --follow', 'go on with what happens from now on, until Ctrl-C; with --json a line of JSON each')
    .action((options: Options) =>
      withServer(
        invocation,
        options,
        async (client) => {
          const { project, firmware, device, event } = options;
          const query = { project, firmware, device, event };
          const page = await client.list('/log', { query }, options.limit);
          const entries = page.items.toReversed();
          if (options.follow === true) return follow(invocation, client, query, entries);
          out.result({ items: entries, more: page.more }, () => {
            if (entries.length === 0) out.line(nothing(query, 'Nothing has happened yet.'));
            for (const entry of entries) out.line(lineOf(entry));
          });
        },
        { running: options.follow === true },
      ),
    );
  examples(
    command,
    'fota log',
    'fota log --follow --project tracker',
    'fota log --device 861234567890123 --limit all',
    "fota log --event broken --json | jq '.items | length'",
  );
}

async function follow(
  invocation: Invocation,
  client: Client,
  query: Query,
  first: readonly ApiLogEntry[],
): Promise<void> {
  let last = 0;
  const tell = (entries: readonly ApiLogEntry[]): void => {
    for (const entry of entries) {
      invocation.out.event(entry, lineOf(entry));
      last = Math.max(last, entry.id);
    }
  };
  tell(first);
  await following(invocation, async ({ isUp }) => {
    const { items } = await client.list('/log', { query: { ...query, after: last } }, Number.POSITIVE_INFINITY);
    isUp();
    tell(items.toReversed());
  });
}

function lineOf(entry: ApiLogEntry): string {
  const who = entry.deviceId || 'a device without id';
  const firmware = [entry.project, entry.firmwareName, entry.version].filter((text) => text !== '');
  return [clockTime(entry.at), entry.event.padEnd(10), who, firmware.join(' '), tale(entry)].filter(Boolean).join('  ');
}

function tale(entry: ApiLogEntry): string {
  const release = entry.releaseVersion === undefined ? '' : `release ${entry.release} (${entry.releaseVersion})`;
  const told: Readonly<Record<string, string>> = {
    resumed: `${release} from byte ${entry.bytes ?? 0} on`,
    sent: `${release}, ${bytes(entry.bytes ?? 0)}`,
    broken: `${release}, cut off after ${bytes(entry.bytes ?? 0)}`,
    refused: `${entry.code} ${entry.rule ?? ''}`,
    unreadable: String(entry.code),
  };
  return `→ ${told[entry.event] ?? release}${entry.detail === undefined ? '' : `: ${entry.detail}`}`;
}
