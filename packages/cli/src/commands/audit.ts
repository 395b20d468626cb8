import type { ApiAudit, AuditRecord } from '@libfota2/server';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import type { Client } from '../client/http.ts';
import { CommandError } from '../failure.ts';
import { clockTime, printable } from '../output/words.ts';
import { examples, type Invocation, integer, limit, nothing, serverOptions, withServer } from './command.ts';

type ListOptions = Whereabouts & {
  readonly project?: string;
  readonly action?: string;
  readonly by?: string;
  readonly limit: number;
};
type VerifyOptions = Whereabouts & { readonly head?: string };
type ExportOptions = Whereabouts & { readonly after: number };

const PAGE = 1_000;

/** `fota audit`: who changed what, and whether that record of it was changed. */
export function addAudit(program: Command, invocation: Invocation): void {
  const { out } = invocation;
  const group = program
    .command('audit')
    .description('who changed what, or was kept from it; whether that was tampered with');

  const list = serverOptions(group.command('list')).description(
    'who changed what, or was kept from it; the newest last',
  );
  list
    .option('--project <name>', 'of one project')
    .option('--action <action>', 'of one kind, as release.withdraw')
    .option('--by <name>', 'by those of one name; or token: or user: and an id')
    .option('--limit <n>', 'the newest so many, or all', limit, 50)
    .action(({ project, action, by, limit: most, ...options }: ListOptions) =>
      withServer(invocation, options, async (client) => {
        const query = { project, action, by };
        const page = await client.list('/audit', { query }, most);
        const items = page.items.toReversed();
        out.result({ items, more: page.more }, () => {
          if (items.length === 0) out.line(nothing(query, 'Nobody has changed anything yet.'));
          for (const entry of items) out.line(lineFor(entry));
          if (page.more) out.note('There are more: --limit all');
        });
      }),
    );
  examples(
    list,
    'fota audit list',
    'fota audit list --project tracker --action release.withdraw',
    "fota audit list --by ci --limit all --json | jq '.items[].target'",
  );

  const verify = serverOptions(group.command('verify')).description(
    'check that no entry was changed, removed, moved or put in; exit code 1 where one was',
  );
  verify
    .argument('[file]', 'an export, or - for stdin; default: the log of the server')
    .addOption(
      new Option(
        '--head <hash>',
        'of a verification before: also find a log that was cut off or written anew',
      ).argParser(hash),
    )
    .action(async (file: string | undefined, { head, ...options }: VerifyOptions) => {
      const { recordsIn, verified } = await import('../audit/chain.ts');
      await (file === undefined
        ? withServer(invocation, options, (client) => verified(invocation, recordsOf(client, 0), head))
        : verified(invocation, recordsIn(invocation, file), head));
    });
  examples(
    verify,
    'fota audit verify',
    'fota audit verify --head 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'fota audit verify audit.jsonl',
  );

  const dump = serverOptions(group.command('export')).description(
    'print every entry as a line of JSON, the oldest first, with the hash that verify checks',
  );
  dump
    .option('--after <id>', 'only entries after this one', integer(0, Number.MAX_SAFE_INTEGER), 0)
    .action(({ after, ...options }: ExportOptions) =>
      withServer(invocation, options, async (client) => {
        const { lineOf, recordIn } = await import('@libfota2/server');
        for await (const record of recordsOf(client, after)) {
          const line = lineOf(record);
          // What is no entry might as well steer the terminal.
          if (recordIn(line) === undefined || printable(line) !== line) {
            throw new CommandError('audit-broken', `${client.name} gave something that is no entry of an audit log`);
          }
          out.raw(`${line}\n`);
          // What nobody has read yet does not pile up here.
          if (record.id % PAGE === 0 && !(await out.written())) return;
        }
      }),
    );
  examples(dump, 'fota audit export > audit.jsonl', 'fota audit export --after 120000 >> audit.jsonl');
}

/** The log of a server, a page at a time. */
async function* recordsOf(client: Client, after: number): AsyncGenerator<AuditRecord> {
  for (let last = after; ; ) {
    const page = await client.get('/audit/records', { query: { after: last, limit: PAGE } });
    yield* page.items;
    const end = page.items.at(-1);
    if (end === undefined || page.cursor === undefined) return;
    last = end.id;
  }
}

function lineFor(entry: ApiAudit): string {
  const who = entry.name === undefined ? 'somebody' : `${entry.name} (${entry.role})`;
  const what = [entry.project, entry.target ?? entry.made].filter((text) => text !== undefined).join(' ');
  const more = entry.details.map(({ name, value }) => `${name}=${value}`).join(' ');
  const times = entry.count > 1 ? `${entry.count} times` : '';
  const parts = [clockTime(entry.at), who, entry.action ?? 'came in', what, more, endOf(entry), times];
  return parts.filter(Boolean).join('  ');
}

function endOf({ isRefused, code, from }: ApiAudit): string {
  if (isRefused) return `refused: ${code}${from === undefined ? '' : ` from ${from}`}`;
  if (code === undefined) return 'has not ended: under way, or the server was killed';
  return code === 'ok' ? '' : `failed: ${code}`;
}

function hash(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('It takes 64 hexadecimal digits, as fota audit verify prints them.');
}
