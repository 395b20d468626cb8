/** The settings as options of a command. */
import { SETTINGS, type Setting } from '@libfota2/server/settings';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Given } from './configuration.ts';

/** Adds `--config` and an option for each setting. */
export function settingOptions(command: Command): Command {
  command.addOption(
    new Option('--config <file>', 'settings, a line each (env FOTA_CONFIG; default: fota.toml in the data folder)'),
  );
  let group: string | undefined;
  for (const setting of SETTINGS) {
    if (setting.group !== group) command.optionsGroup(`${setting.group}:`);
    group = setting.group;
    for (const option of optionsFor(setting)) command.addOption(option);
  }
  return command;
}

/** What the command line says of them. */
export function givenBy(command: Command): Given {
  const options: Readonly<Record<string, unknown>> = command.opts();
  const values = SETTINGS.flatMap(({ name }) => {
    const attribute = new Option(`--${name}`).attributeName();
    return command.getOptionValueSource(attribute) === 'cli' ? [[name, options[attribute]] as const] : [];
  });
  return { config: options['config'] as string | undefined, values: new Map(values) };
}

function optionsFor({ name, kind, orElse, says }: Setting): Option[] {
  if (kind.words === 'none') {
    // One of the two is what people look for; the other one is for what the file says.
    const no = new Option(`--no-${name}`, says).hideHelp(orElse !== true);
    return [new Option(`--${name}`, says).hideHelp(orElse === true), no];
  }
  const standsFor = kind.words === 'many' ? `<${kind.stands}...>` : `<${kind.stands}>`;
  const orElseText = orElse === undefined ? '' : ` (default: ${wordFor(kind.print(orElse))})`;
  const option = new Option(`--${name} ${standsFor}`, says + orElseText);
  return [
    option.argParser((word: string, before: unknown) => {
      const value = kind.parse(word);
      if (value === undefined) throw new InvalidArgumentError(`It takes ${kind.wanted}.`);
      return Array.isArray(value) && Array.isArray(before) ? [...before, ...value] : value;
    }),
  ];
}

/** A TOML value as a word: without quotes and brackets. */
function wordFor(toml: string): string {
  return toml.replace(/^\[|\]$/g, '').replaceAll('"', '');
}
