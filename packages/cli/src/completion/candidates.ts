/** What may stand where the cursor is, read from the command line that the program knows anyway. */
import type { Argument, Command, Option } from 'commander';

/** Values that only a server or the disk knows. */
export type ValueKind =
  | 'project'
  | 'firmware'
  | 'device'
  | 'group'
  | 'release'
  | 'rollout'
  | 'token'
  | 'user'
  | 'file'
  | 'dir';

export interface Wish {
  /** Beginning of the word under the cursor. */
  readonly prefix: string;
  /** Known words, each with what it does. */
  readonly words: ReadonlyArray<readonly [word: string, what: string]>;
  /** What else fits. */
  readonly values: ValueKind | undefined;
  /** Options that were typed already, by their names. */
  readonly given: Readonly<Record<string, string>>;
}

/** By the name of an argument or an option what its values are. */
const KINDS: Readonly<Record<string, ValueKind>> = {
  project: 'project',
  firmware: 'firmware',
  device: 'device',
  group: 'group',
  release: 'release',
  rollout: 'rollout',
  token: 'token',
  user: 'user',
  file: 'file',
  output: 'file',
  out: 'file',
  ca: 'file',
  spec: 'file',
  data: 'dir',
  dir: 'dir',
  pub: 'file',
  ring: 'file',
};

/** By what its value is called, where its own name tells nothing: `--key <file>`. */
function kindOf(option: Option): ValueKind | undefined {
  return KINDS[option.attributeName()] ?? KINDS[/<([\w-]+)>/.exec(option.flags)?.[1] ?? ''];
}

/** @param typed the words after `fota`, the one under the cursor last */
export function wishFor(program: Command, typed: readonly string[]): Wish {
  const prefix = typed.at(-1) ?? '';
  const { command, waiting, place, given } = walk(program, typed.slice(0, -1));
  const wish = (words: Wish['words'], values?: ValueKind): Wish => ({
    prefix,
    words: words.filter(([word]) => word.startsWith(prefix)),
    values,
    given,
  });
  if (waiting !== undefined) return wish(choices(waiting), kindOf(waiting));
  if (prefix.startsWith('-')) return wish(command.createHelp().visibleOptions(command).map(optionWord));
  const below = place === 0 ? command.createHelp().visibleCommands(command) : [];
  const commands = below.map((one) => [one.name(), one.description()] as const);
  const argument = command.registeredArguments[place] ?? variadic(command);
  return wish([...commands, ...(argument === undefined ? [] : choices(argument))], KINDS[argument?.name() ?? '']);
}

/** Goes as far as the words lead: to a command, an option that waits for its value, or an argument. */
function walk(
  program: Command,
  words: readonly string[],
): { command: Command; waiting: Option | undefined; place: number; given: Record<string, string> } {
  let command = program;
  let waiting: Option | undefined;
  let place = 0;
  const given: Record<string, string> = {};
  for (const word of words) {
    const below = place === 0 ? command.commands.find((one) => one.name() === word) : undefined;
    if (waiting !== undefined) {
      given[waiting.attributeName()] = word;
      waiting = undefined;
    } else if (word.startsWith('-')) {
      const [flag, value] = word.split(/=(.*)/s, 2);
      const option = command.options.find((one) => one.short === flag || one.long === flag);
      const takesValue = option?.required === true || option?.optional === true;
      if (option !== undefined && takesValue && value !== undefined) given[option.attributeName()] = value;
      else waiting = takesValue ? option : undefined;
    } else if (below !== undefined) command = below;
    else place += 1;
  }
  return { command, waiting, place, given };
}

function choices(of: Option | Argument): Array<readonly [string, string]> {
  return (of.argChoices ?? []).map((word) => [word, ''] as const);
}

function variadic(command: Command): Argument | undefined {
  const last = command.registeredArguments.at(-1);
  return last?.variadic === true ? last : undefined;
}

function optionWord(option: Option): readonly [string, string] {
  return [option.long ?? option.flags, option.description] as const;
}
