/** docs/commands.md, made of what `fota` and its admin API say of themselves. */
import { SETTINGS, type Setting } from '@libfota2/server/settings';
import type { Argument, Command, Option } from 'commander';
import { orElseOf, saysOf } from '../src/config/template.ts';
import { helpFor } from '../src/demo/options.ts';
import { allOf, pathOf } from '../src/program.ts';

/** Of the OpenAPI document what a table needs. */
export interface Api {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly summary?: string }>>>>;
}

const HEAD = `# The commands

Made from the program itself, as \`--help\` shows it; a test holds both equal (\`npm test -- reference -u\` writes it anew).
[operations.md](operations.md) tells how to run a server for good, [errors.md](errors.md) what each code of a failure means.
`;

const EXITS = `## Exit codes

| code | of all commands | of \`fota upgrade\`: the result number of libfota2 |
|---|---|---|
| 0 | done | success |
| 1 | failed | connection failed |
| 2 | called in a wrong way | URL wrong |
| 3 | \`fota agent …\`: no agent runs | server disconnected |
| 4 | | every other answer, "no upgrade" included |
| 5 | | the IoT platform needs a product key and a version of the form xxx.yyy.zzz |
| 64 | | called in a wrong way |
| 130 | interrupted | interrupted; what came is kept |
`;

/** By name what a variable does. A test holds these to those that the source reads. */
export const VARIABLES: Readonly<Record<string, string>> = {
  FOTA_SERVER: 'admin side of a running server, as `--server`',
  FOTA_TOKEN: 'lets in there, as `--token`, but in no process list',
  FOTA_DATA: 'data folder of a server on this machine, as `--data`',
  FOTA_CONFIG: 'configuration file of a server on this machine, as `fota serve --config`',
  FOTA_AGENT_CONFIG: 'configuration file of the agent, as `fota agent --config`',
  FOTA_KEY_PASSPHRASE: 'opens release keys, and locks new ones, where nobody sits at a terminal',
  FOTA_RING_PASSPHRASE: 'the same for ring keys: the machine that signs images need not know it',
  NO_COLOR: 'not empty: no colours',
};

export function reference(program: Command, api: Api): string {
  const commands = allOf(program).filter(
    // A group has no options of its own; what has both does something itself.
    (one) =>
      (one.commands.length === 0 || (one.options.length > 0 && one.parent !== null)) &&
      !one.name().startsWith('_') &&
      one.name() !== 'help',
  );
  return [HEAD, common(commands), ...commands.map(sectionOf), EXITS, variables(), routes(api)].join('\n');
}

/** Options that most commands have, told once. */
function common(commands: readonly Command[]): string {
  const [first] = commands.filter(speaksToServer);
  const rows = (first?.options ?? []).filter(isCommon).map((one) => row(one.flags, describedBy(one)));
  return [`## ${COMMON}`, '', 'Of every command that speaks to a server:', '', '| | |', '|---|---|', ...rows, ''].join(
    '\n',
  );
}

const COMMON = 'Common options';

function isCommon({ long }: Option): boolean {
  return ['--json', '--server', '--token', '--data'].includes(long ?? '');
}

function speaksToServer({ options }: Command): boolean {
  return options.some(({ long }) => long === '--server');
}

function sectionOf(command: Command): string {
  if (command.name() === 'demo') return `## fota demo\n\n\`\`\`text\n${helpFor('fota demo')}\`\`\`\n`;
  const usage = [pathOf(command), ...command.registeredArguments.map(usageOf), '[options]'].join(' ');
  const help = command.createHelp();
  const hasCommon = speaksToServer(command);
  const options = help.visibleOptions(command).filter((one) => one.long !== '--help' && !(hasCommon && isCommon(one)));
  const rows = [
    ...command.registeredArguments.map((one) => row(usageOf(one), describedBy(one))),
    ...options.map((one) => row(one.flags, describedBy(one))),
  ];
  const table = rows.length === 0 ? [] : ['| | |', '|---|---|', ...rows, ''];
  return [
    `## ${pathOf(command)}`,
    '',
    `${sentence(command.description())}`,
    '',
    `\`${usage}\`${hasCommon ? `, and the [${COMMON.toLowerCase()}](#common-options)` : ''}`,
    '',
    ...table,
  ].join('\n');
}

function usageOf(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** What it is, which words it takes, and what it is without. */
function describedBy(one: Argument | Option): string {
  const choices = one.argChoices === undefined ? '' : ` (${one.argChoices.join(', ')})`;
  const known = one.defaultValue === undefined || one.defaultValue === true;
  const orElse = known ? '' : ` (default: ${one.defaultValueDescription ?? String(one.defaultValue)})`;
  return one.description + choices + orElse;
}

function variables(): string {
  const rows = Object.entries(VARIABLES).map(([name, what]) => `| \`${name}\` | ${what} |`);
  return [
    '## Environment',
    '',
    'An option weighs more. `fota upgrade` also takes what the library takes: the `LIBFOTA2_…` of the README. Every setting',
    'of the server has a variable too: [configuration.md](configuration.md).',
    '',
    '| variable | what |',
    '|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function routes({ paths }: Api): string {
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, { summary = '' }]) => `| \`${method.toUpperCase()}\` | \`${path}\` | ${summary} |`,
    ),
  );
  return [
    '## The admin API',
    '',
    'What these commands speak, for programs of your own: JSON over HTTP, with a token as `Authorization: Bearer`, or over',
    'the socket in the data folder without. `/api/v1/openapi.json` has every field.',
    '',
    '| method | path | |',
    '|---|---|---|',
    ...rows.toSorted(byPath),
    '',
  ].join('\n');
}

function byPath(one: string, other: string): number {
  const path = (text: string): string => text.split('`')[3] ?? '';
  return path(one).localeCompare(path(other), 'en') || one.localeCompare(other, 'en');
}

/** docs/configuration.md, made of the table of settings. */
export function settingsPage(): string {
  const groups = [...new Set(SETTINGS.map(({ group }) => group))];
  const parts = groups.flatMap((group) => [
    `## ${group}`,
    '',
    '| setting | must be | default | what it does |',
    '|---|---|---|---|',
    ...SETTINGS.filter((one) => one.group === group).map(settingRow),
    '',
  ]);
  return [SETTINGS_HEAD, ...parts].join('\n');
}

function settingRow(setting: Setting): string {
  const orElse = orElseOf(setting);
  const cells = [setting.kind.wanted, orElse === '' ? '' : `\`${orElse}\``, saysOf(setting)];
  return `| \`${setting.name}\` | ${cells.map(cell).join(' | ')} |`;
}

const SETTINGS_HEAD = `# The configuration of the server

Every setting has one name and may stand in three places: as an option of \`fota serve\` (\`--max-devices 1000\`), as a variable
(\`FOTA_MAX_DEVICES=1000\`), as a line of the configuration file (\`max-devices = 1000\`). An option weighs more than a variable, a
variable more than the file. What is true or false is \`--quiet\` or \`--no-quiet\` as an option. A list is written
\`--path /a --path /b\`, \`FOTA_PATH=/a,/b\`, \`path = ["/a", "/b"]\`. A path of a file begins where the command is typed, in the
configuration file at the folder of that file.

The file is TOML. \`fota serve\` reads the one that \`--config\` or \`FOTA_CONFIG\` names, else \`fota.toml\` in the data folder, if it is
there; so do commands that work on a data folder without a server. A name that is no setting is an error, not a remark.

\`\`\`sh
fota config init /etc/fota.toml      # a file with every setting, which changes none
fota config check --config /etc/fota.toml
fota config show --config /etc/fota.toml --changed
\`\`\`

\`fota config check\` and \`fota serve\` end with 2 where something is wrong, and say file, line, name and what would be right. No
setting is a secret: passphrases are read from files.

This page is made from the program itself; a test holds both equal (\`npm test -- reference -u\` writes it anew).
`;

function row(name: string, what: string): string {
  return `| \`${cell(name)}\` | ${cell(what).replaceAll('<', '&lt;')} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
