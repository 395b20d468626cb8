import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type ApiAudit,
  type AuditHead,
  type AuditRecord,
  entryIn,
  faultOf,
  lineOf,
  NO_ENTRY,
  recordIn,
} from '@libfota2/server';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import type { Client } from '../client/http.ts';
import { CommandError } from '../failure.ts';
import { clockTime, counted, printable } from '../output/words.ts';
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
    .action((file: string | undefined, { head, ...options }: VerifyOptions) =>
      file === undefined
        ? withServer(invocation, options, (client) => verified(invocation, recordsOf(client, 0), head))
        : verified(invocation, recordsIn(invocation, file), head),
    );
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

/** The log in a file. @throws CommandError `file-unreadable`, `audit-broken` */
async function* recordsIn({ world }: Invocation, file: string): AsyncGenerator<AuditRecord> {
  let number = 0;
  for await (const line of file === '-' ? linesOf(world.stdin()) : linesIn(resolve(world.cwd, file))) {
    number += 1;
    if (line === '') continue;
    const record = recordIn(line);
    if (record === undefined)
      throw new CommandError('audit-broken', `line ${number} of ${file} is no entry of an audit log`);
    yield record;
  }
}

async function* linesIn(path: string): AsyncGenerator<string> {
  try {
    const handle = await open(path);
    yield* handle.readLines({ encoding: 'utf8' });
  } catch (error) {
    throw new CommandError('file-unreadable', `${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of bytes) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest;
}

/** Goes along the chain. @throws CommandError `audit-broken`, `audit-head-missing` */
async function verified({ out }: Invocation, records: AsyncIterable<AuditRecord>, wanted?: string): Promise<void> {
  let first: AuditHead = NO_ENTRY;
  let head: AuditHead | undefined;
  let isMet = wanted === undefined || wanted === NO_ENTRY.hash;
  for await (const record of records) {
    if (head === undefined) {
      first = beginningOf(record);
      isMet ||= first.hash === wanted;
    }
    const fault = faultOf(record, head ?? first, sha256);
    if (fault !== undefined) throw new CommandError('audit-broken', fault.says);
    head = { id: record.id, hash: record.hash };
    isMet ||= record.hash === wanted;
  }
  if (!isMet) throw new CommandError('audit-head-missing', `no entry has the hash ${wanted}`);
  const { id, hash: end } = head ?? first;
  const entries = id - first.id;
  out.result({ entries, first: first.id + 1, head: { id, hash: end } }, () => {
    const which = entries === 0 ? '' : `, ${first.id + 1} to ${id}`;
    out.line(`${counted(entries, 'entry', 'entries')}${which}: none was changed, removed, moved or put in.`);
    if (entries > 0) out.line(`head  ${end}`);
    out.note('Keep the head somewhere else: with --head it shows whether the end was cut off since.');
  });
}

/** What a part of a log follows: an export may begin later. */
function beginningOf(record: AuditRecord): AuditHead {
  if (record.id <= 1) return NO_ENTRY;
  try {
    return { id: record.id - 1, hash: entryIn(record).previous };
  } catch {
    // It is no entry, which is found next.
    return NO_ENTRY;
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

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hash(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('It takes 64 hexadecimal digits, as fota audit verify prints them.');
}
