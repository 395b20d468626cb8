/** `fota device export` and `import`: devices as a table for spreadsheets, and what operators say of them back from one. */
import { once } from 'node:events';
import { open, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import type { Client } from '../client/http.ts';
import type { QueryOf } from '../client/typed.ts';
import { ApiError, CommandError, EXIT } from '../failure.ts';
import { counted } from '../output/words.ts';
import { chosenProject } from './choose.ts';
import { choice, examples, type Invocation, serverOptions, withServer } from './command.ts';
import { contentOf } from './id-list.ts';
import { asking, projectFor } from './query.ts';
import { makeSure } from './sure.ts';

type Export = Whereabouts & {
  readonly project?: string;
  readonly firmware?: string;
  readonly access?: QueryOf<'/devices/export'>['access'];
  readonly out?: string;
  readonly excel?: boolean;
};

type Import = Whereabouts & { readonly project?: string; readonly dryRun?: boolean; readonly yes?: boolean };

type Outcome = Awaited<ReturnType<Client['sendTable']>>;
type Change = Outcome['sample'][number];

/** Bytes of a table that the server takes. */
const LARGEST_TABLE = 64 << 20;

export function addTables(group: Command, invocation: Invocation): void {
  addExport(group, invocation);
  addImport(group, invocation);
}

function addExport(group: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const command = serverOptions(group.command('export')).description(
    'write devices as CSV, one line a firmware; docs/devices-csv.md tells the columns',
  );
  command
    .argument('[query]', 'those that fit, such as "version < 2.0 and label:beta"; docs/queries.md tells more')
    .option('--project <name>', 'of one project')
    .option('--firmware <name>', 'with one firmware')
    .addOption(choice('--access <access>', 'by the word on them', 'blocked', 'allowed', 'default'))
    .option('--out <file>', 'into a new file (default: stdout)')
    .option('--excel', 'with a mark by which Excel sees that it is UTF-8')
    .action((text: string | undefined, options: Export) => {
      if (options.out === undefined && out.isJson) throw usage(command, 'a table is no JSON: give --out');
      return withServer(invocation, options, async (client) => {
        const { firmware, access, excel } = options;
        const project = await projectFor(client, text, options.project);
        const query = { project, query: text, firmware, access };
        const mark = excel === true ? 'true' : undefined;
        const table = () => asking(out, text, client.open('/devices/export', { ...query, mark }, {}, 'text/csv'));
        if (options.out === undefined) return print(invocation, await table());
        const file = resolve(world.cwd, options.out);
        // What is wrong with the query, or with the file, is told before anything is made.
        const { devices } = await asking(out, text, client.get('/devices/count', { query }));
        await checkFree(file);
        const bytes = await write(invocation, file, await table(), devices);
        out.result({ file, devices, bytes }, () => out.line(`${file} has ${counted(devices, 'device')}.`));
      });
    });
  examples(
    command,
    'fota device export > devices.csv',
    "fota device export 'label:beta' --project tracker --out beta.csv",
    'fota device export --excel --out devices.csv',
  );
}

function addImport(group: Command, invocation: Invocation): void {
  const { out, world, exitWith } = invocation;
  const command = serverOptions(group.command('import')).description(
    'say of devices what a CSV file says: access, labels, note, pin; all its lines or none',
  );
  command
    .argument('<file>', 'as an export, with id and what is to be changed; - reads stdin')
    .option('--project <name>', 'where there are several')
    .option('--dry-run', 'only say what would be changed')
    .option('--yes', 'do not ask; needed where nobody sits at a terminal')
    .action(async (file: string, options: Import) => {
      const table = await contentOf(file, world, LARGEST_TABLE);
      await withServer(invocation, options, async (client) => {
        const project = await chosenProject(client, options.project);
        const looked = await sent(invocation, client, project, table, true);
        const isDry = options.dryRun === true;
        if (isDry || looked.changed === 0) {
          return out.result({ project, ...looked }, () => {
            showSample(invocation, looked);
            showUnknown(invocation, looked);
            out.line(`${sentence(project, looked, isDry ? 'would change' : 'change')}. Nothing was changed.`);
          });
        }
        if (options.yes !== true) for (const line of sampleOf(looked)) out.note(line);
        await makeSure(invocation, options.yes, {
          question: `Change ${counted(looked.changed, 'device')} of ${project}${newOnes(looked)}?`,
          undone: 'nothing was changed',
          whether: `to change ${counted(looked.changed, 'device')} of ${project}`,
        });
        const done = await sent(invocation, client, project, table, false);
        out.result({ project, ...done }, () => {
          showUnknown(invocation, done);
          out.line(`${sentence(project, done, 'changed')}.`);
        });
      }).catch((error: unknown) => {
        if (!(error instanceof ApiError) || error.code !== 'table-invalid') throw error;
        for (const line of problemsOf(error)) out.note(line);
        out.failure(error);
        exitWith(EXIT.failed);
      });
    });
  examples(
    command,
    'fota device import devices.csv --dry-run',
    'fota device import devices.csv --project tracker --yes',
    "fota device export 'label:old' | sed s/old/older/ | fota device import - --yes",
  );
}

/** Sends the table; how far that is, is shown. */
async function sent(
  { out }: Invocation,
  client: Client,
  project: string,
  table: Uint8Array,
  dryRun: boolean,
): Promise<Outcome> {
  const progress = out.progress(dryRun ? 'check' : 'import', 'none');
  try {
    return await client.sendTable(project, table, dryRun, (done) => progress.at(done, table.length));
  } finally {
    progress.end();
  }
}

async function print({ out, world }: Invocation, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for await (const part of bytes) {
    if (out.gone.aborted) return;
    out.raw(decoder.decode(part, { stream: true }));
    // Who reads slowly is waited for.
    if (world.stdout.writableNeedDrain) await once(world.stdout, 'drain', { signal: out.gone }).catch(() => undefined);
  }
}

/** The file appears under its name whole, or not at all. Resolves to its size. */
async function write(
  { out }: Invocation,
  file: string,
  bytes: AsyncIterable<Uint8Array>,
  devices: number,
): Promise<number> {
  const part = `${file}.part`;
  const progress = out.progress('devices', 'lines', String);
  try {
    const target = await open(part, 'w', 0o600);
    let [size, lines] = [0, 0];
    try {
      for await (const some of bytes) {
        await target.appendFile(some);
        size += some.length;
        for (const byte of some) if (byte === 0x0a) lines += 1;
        progress.at(Math.min(lines, devices), devices);
      }
      await target.sync();
    } finally {
      progress.end();
      await target.close();
    }
    await rename(part, file);
    return size;
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined || error instanceof CommandError) throw error;
    throw new CommandError('file-unwritable', `${file} cannot be written: ${message}`, { cause: error });
  }
}

/** @throws CommandError `file-exists` */
async function checkFree(file: string): Promise<void> {
  const isThere = (await stat(file).catch(() => undefined)) !== undefined;
  if (isThere) throw new CommandError('file-exists', `${file} is there already`);
}

function sentence(project: string, { lines, devices, changed, added }: Outcome, did: string): string {
  const all = `${counted(lines, 'line')} on ${counted(devices, 'device')} of ${project}`;
  if (changed === 0) return `${all}: all of it is so already`;
  const verb = did === 'changed' ? 'changed' : did;
  return `${all} ${verb} ${changed}${added === 0 ? '' : `, ${added} of them new`}`;
}

function newOnes({ added }: Outcome): string {
  return added === 0 ? '' : ` (${added} of them new)`;
}

function showSample({ out }: Invocation, outcome: Outcome): void {
  for (const line of sampleOf(outcome)) out.line(line);
}

function showUnknown({ out }: Invocation, { unknown }: Outcome): void {
  if (unknown > 0) out.note(`${counted(unknown, 'device')} of which nothing is known, nor said, stay unknown.`);
}

function sampleOf({ sample, changed }: Outcome): string[] {
  const rest = changed > sample.length ? [`  … and ${changed - sample.length} more`] : [];
  return [...sample.map(changeLine), ...rest];
}

function changeLine({ id, isNew, before, after }: Change): string {
  const [was, is] = [wordsOf(before), wordsOf(after)];
  const parts = Object.entries(is).flatMap(([name, value]) => {
    const old = was[name as keyof typeof was];
    return old === value ? [] : [`${name} ${old} → ${value}`];
  });
  return `  ${id}${isNew ? ' (new)' : ''}  ${parts.join('; ')}`;
}

function wordsOf({ access, labels, note, pin }: Change['after']): Record<'access' | 'labels' | 'note' | 'pin', string> {
  return {
    access,
    labels: labels.join(' ') || '-',
    note: note === undefined ? '-' : JSON.stringify(note.length > 40 ? `${note.slice(0, 40)}…` : note),
    pin: pin === undefined ? '-' : `${pin.version}${pin.mayDowngrade ? ' downgrade' : ''}`,
  };
}

/** What the server says of the lines. */
function problemsOf({ problem }: ApiError): string[] {
  const { problems, wrong } = problem as { readonly problems?: unknown; readonly wrong?: unknown };
  const known = (Array.isArray(problems) ? problems : []) as ReadonlyArray<Readonly<Record<string, unknown>>>;
  const lines = known.map(({ line, column, message }) =>
    [`line ${String(line)}`, column, message].filter((part) => part !== undefined).join('  '),
  );
  const rest = Number(wrong) - known.length;
  return rest > 0 ? [...lines, `… and ${rest} more`] : lines;
}

function usage(command: Command, message: string): CommandError {
  return new CommandError('usage', message, {
    remedy: `Try: fota device ${command.name()} --help`,
    exitCode: EXIT.usage,
  });
}
