import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { dataFolder, type Whereabouts } from '../client/connect.ts';
import { wrongCertificates } from '../config/certificates.ts';
import { configure, configured, type Effective, FILE_NAME, strangeVariables } from '../config/configuration.ts';
import { givenBy, settingOptions } from '../config/flags.ts';
import { placeOf, sentenceOf } from '../config/problem.ts';
import { configText } from '../config/template.ts';
import { CommandError, EXIT } from '../failure.ts';
import { red, yellow } from '../output/text.ts';
import { counted } from '../output/words.ts';
import { dataOption, examples, type Invocation, jsonOption } from './command.ts';

/** `fota config`: what the server is to be like, before it is. */
export function addConfig(program: Command, invocation: Invocation): void {
  const group = program.command('config').description('check, show and begin the configuration of the server');
  addCheck(group, invocation);
  addShow(group, invocation);
  addInit(group, invocation);
}

function addCheck(group: Command, { out, world, exitWith }: Invocation): void {
  const command = settingOptions(jsonOption(group.command('check')));
  command.description('say whether fota serve would take its configuration, and what is wrong with it');
  command.action(async () => {
    const configuration = configure(givenBy(command), world);
    const { file, problems: wrong } = configuration;
    const problems = wrong.length > 0 ? wrong : await wrongCertificates(configuration);
    const unknownVariables = strangeVariables(world.env);
    out.result({ ok: problems.length === 0, file: file ?? null, problems, unknownVariables }, () => {
      for (const one of problems) {
        out.line(red('wrong'), `  ${sentenceOf(one)}`);
        out.line(`       ${one.remedy} (${one.code})`);
      }
      for (const name of unknownVariables) out.line(yellow('warn'), `   ${name} is the variable of no setting`);
      out.line(
        problems.length > 0 ? `${counted(problems.length, 'mistake')}.` : `Right: ${file ?? 'there is no file'}.`,
      );
    });
    if (problems.length > 0) exitWith(EXIT.usage);
  });
  examples(
    command,
    'fota config check',
    'fota config check --config /etc/fota.toml && systemctl restart fota',
    'fota config check --json | jq -r \'.problems[] | "\\(.file):\\(.line) \\(.message)"\'',
  );
}

function addShow(group: Command, { out, world }: Invocation): void {
  const command = settingOptions(jsonOption(group.command('show')));
  command.description('show every setting as fota serve would have it, and who says so');
  command.option('--changed', 'only what somebody has set');
  command.action(() => {
    const { file, settings } = configured(givenBy(command), world);
    const { changed } = command.opts<{ readonly changed?: boolean }>();
    const shown = [...settings.values()].filter(({ from }) => changed !== true || from !== 'default');
    const items = shown.map(({ setting, value, from, place }) => ({
      name: setting.name,
      value: value ?? null,
      from,
      where: placeOf(place),
    }));
    out.result({ file: file ?? null, items }, () => {
      if (shown.length === 0) return out.line('Nothing is set: all is as it is by default.');
      const rows = shown.map((one) => [one.setting.name, valueText(one), placeOf(one.place) || 'default']);
      out.table(['SETTING', 'VALUE', 'FROM'], rows);
    });
  });
  examples(
    command,
    'fota config show',
    'fota config show --changed',
    'fota config show --config /etc/fota.toml --json',
  );
}

function addInit(group: Command, { out, world }: Invocation): void {
  const command = dataOption(jsonOption(group.command('init'))).description(
    'write a file that has every setting, and changes none',
  );
  command
    .argument('[file]', `where; it must not be there yet (default: ${FILE_NAME} in the data folder)`)
    .action(async (given: string | undefined, options: Whereabouts) => {
      const file = given === undefined ? join(dataFolder(options, world), FILE_NAME) : resolve(world.cwd, given);
      await write(file, given === undefined);
      out.result({ file }, () => out.line(`${file} has every setting. Change it, then: fota config check`));
    });
  examples(command, 'fota config init', 'fota config init /etc/fota.toml');
}

async function write(file: string, mayMakeFolder: boolean): Promise<void> {
  try {
    // What will hold the database is nobody else's to read.
    if (mayMakeFolder) await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, configText(), { flag: 'wx' });
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    if (isThere) throw new CommandError('file-exists', `${file} is there already`, { cause: error });
    throw new CommandError('file-unwritable', `${file} cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function valueText({ setting, value }: Effective): string {
  return value === undefined ? '' : setting.kind.print(value);
}
