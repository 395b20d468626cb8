import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { BackupManifest } from '@libfota2/server';
import type { Command } from 'commander';
import { dataFolder, type Whereabouts } from '../client/connect.ts';
import type { Download } from '../client/http.ts';
import { CommandError } from '../failure.ts';
import type { Out } from '../output/out.ts';
import { bytes, counted } from '../output/words.ts';
import { dataOption, examples, type Invocation, integer, jsonOption, serverOptions, withServer } from './command.ts';

type Options = Whereabouts & { readonly to?: string; readonly keep?: number };

/** What backups are called, unless somebody calls them otherwise. */
const NAMED = /^fota-\d{8}T\d{6}Z\.tar$/;

/** `fota backup` and `fota restore`: all that the server knows, in one file. */
export function addBackup(program: Command, invocation: Invocation): void {
  const group = program
    .command('backup')
    .description('put all that the server knows into one file, and check such files');
  addCreate(group, invocation);
  addVerify(group, invocation);
  addRestore(program, invocation);
}

function addCreate(group: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const command = serverOptions(group.command('create', { isDefault: true })).description(
    'make a backup while the server goes on; holds hashes of tokens: keep it to yourself',
  );
  command
    .option('--to <path>', 'the file, or a folder for one with the time in its name (default: here)')
    .option('--keep <n>', 'of backups with the time in their name, keep the newest so many there', integer(1, 10_000))
    .action((options: Options) =>
      withServer(invocation, options, async (client) => {
        const download = await client.download('/backup');
        const file = await target(resolve(world.cwd, options.to ?? '.'), download.name);
        const manifest = await write(out, file, download);
        const removed = options.keep === undefined ? [] : await prune(dirname(file), options.keep);
        out.result({ file, ...summary(manifest), bytes: download.size, removed }, () => {
          tell(out, `${file} is whole`, manifest);
          for (const old of removed) out.line(`removed  ${old}`);
        });
      }),
    );
  examples(
    command,
    'fota backup',
    'fota backup --to /var/backups/fota --keep 14',
    'fota backup create --to before-update.tar',
  );
}

function addVerify(group: Command, { out, world }: Invocation): void {
  const command = jsonOption(group.command('verify')).description(
    'read a backup to its end, and say whether it is whole',
  );
  command.argument('<file>', 'the backup').action(async (name: string) => {
    const { verifyBackup } = await import('@libfota2/server');
    const file = resolve(world.cwd, name);
    const progress = out.progress('verify');
    const manifest = await verifyBackup(file, progress.at).finally(progress.end);
    out.result({ file, ...summary(manifest) }, () => tell(out, `${file} is whole`, manifest));
  });
  examples(command, 'fota backup verify fota-20261125T193000Z.tar');
}

function addRestore(program: Command, { out, world }: Invocation): void {
  const command = dataOption(jsonOption(program.command('restore'))).description(
    'make a data folder of a backup; never writes over anything',
  );
  command.argument('<file>', 'the backup').action(async (name: string, options: Whereabouts) => {
    const { restoreBackup } = await import('@libfota2/server');
    const [file, dataDir] = [resolve(world.cwd, name), dataFolder(options, world)];
    const progress = out.progress('restore');
    const manifest = await restoreBackup(file, dataDir, progress.at).finally(progress.end);
    out.result({ dataDir, ...summary(manifest) }, () => {
      tell(out, `${dataDir} holds what ${file} held`, manifest);
      out.line('Start it with: fota serve --data', ` ${dataDir}`);
    });
  });
  examples(command, 'fota restore fota-20261125T193000Z.tar --data /srv/fota');
}

/** @throws CommandError `file-exists` */
async function target(to: string, name: string): Promise<string> {
  const found = await stat(to).catch(() => undefined);
  const file = found?.isDirectory() === true ? join(to, name) : to;
  const isThere = file === to ? found !== undefined : (await stat(file).catch(() => undefined)) !== undefined;
  if (isThere) throw new CommandError('file-exists', `${file} is there already`);
  return file;
}

/** The file appears under its name whole, read again and durable, or not at all. */
async function write(out: Out, file: string, { size, body }: Download): Promise<BackupManifest> {
  const { FotaServerError, verifyBackup } = await import('@libfota2/server');
  const part = `${file}.part`;
  try {
    await taken(out, part, size, body);
    const progress = out.progress('verify');
    const manifest = await verifyBackup(part, progress.at).finally(progress.end);
    await rename(part, file);
    await sync(dirname(file));
    return manifest;
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new FotaServerError('disk-full', `${file}: ${message}`, error);
    if (syscall === undefined || error instanceof CommandError) throw error;
    throw new CommandError('file-unwritable', `${file} cannot be written: ${message}`, { cause: error });
  }
}

async function taken(out: Out, part: string, size: number, body: AsyncIterable<Uint8Array>): Promise<void> {
  await rm(part, { force: true });
  const target = await open(part, 'wx', 0o600);
  const progress = out.progress('backup');
  try {
    let done = 0;
    for await (const chunk of body) {
      await target.appendFile(chunk);
      done += chunk.length;
      progress.at(done, size);
    }
    await target.sync();
  } finally {
    progress.end();
    await target.close();
  }
}

async function sync(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** Takes the oldest away. Their names order as their times do. */
async function prune(folder: string, keep: number): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => NAMED.test(name)).toSorted();
  const old = names.slice(0, Math.max(0, names.length - keep)).map((name) => join(folder, name));
  for (const one of old) await rm(one);
  return old;
}

function summary({ createdAt, program, schema, files, missing }: BackupManifest): object {
  const packages = files.slice(1);
  return { createdAt, program, schema, database: files[0]?.size, packages: packages.length, missing };
}

function tell(out: Out, what: string, { createdAt, program, schema, files, missing }: BackupManifest): void {
  const [database, ...packages] = files;
  const size = packages.reduce((sum, one) => sum + one.size, 0);
  out.line(`${what}.`);
  out.facts([
    ['made', `${createdAt} by version ${program}`],
    ['database', `${bytes(database?.size ?? 0)}, schema ${schema}`],
    ['packages', `${counted(packages.length, 'package')}, ${bytes(size)}`],
    ['missing', missing.length === 0 ? undefined : `${missing.join('\n')}\nthey were damaged or gone on the server`],
  ]);
}
