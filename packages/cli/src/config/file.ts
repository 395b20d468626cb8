/** A configuration file: TOML, one setting a line, perhaps in tables. */
import { readFileSync, statSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { CommandError } from '../failure.ts';
import { type Problem, problem } from './problem.ts';

/** What the file says of one setting. */
export interface Written {
  readonly value: unknown;
  /** Where it begins, the first being 1; `undefined` where the file is too long to say. */
  readonly line: number | undefined;
}

export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  /** By name; in a table `table.name`, where tables are looked into. */
  readonly written: ReadonlyMap<string, Written>;
  readonly problems: readonly Problem[];
}

const LARGEST = 1 << 16;
/** Looking for lines costs a parsing for each. */
const MOST_LINES = 1_000;

/** @throws CommandError `config-unreadable` */
export function readConfigFile(path: string, form: 'flat' | 'tables' = 'flat'): ConfigFile {
  const source = textOf(path);
  const settingsIn = (table: object): readonly (readonly [string, unknown])[] =>
    form === 'flat' ? Object.entries(table) : Object.entries(table).flatMap(inTable);
  try {
    const settings = settingsIn(parse(source, { unsafeKeyBehaviour: 'throw' }));
    const lines = linesOf(source, settings.length, settingsIn);
    const written = settings.map(([name, value]) => [name, { value, line: lines.get(name) }] as const);
    return { path, written: new Map(written), problems: [] };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The first line says what is wrong; the rest draws it.
    const [what = ''] = error.message.split('\n');
    const wrong = problem(
      'config-syntax',
      { file: path, line: error.line },
      what.replace(/^Invalid TOML document: /, ''),
    );
    return { path, written: new Map(), problems: [wrong] };
  }
}

function textOf(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > LARGEST) throw new Error(`it has ${size} bytes, and ${LARGEST} are the most that are read`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = (error as Error).message;
    throw new CommandError('config-unreadable', `${path} cannot be read: ${reason}`, { cause: error });
  }
}

/** The settings of a table by their whole names; what is no table is itself. */
function inTable([name, value]: readonly [string, unknown]): readonly (readonly [string, unknown])[] {
  const isTable = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
  return isTable ? Object.entries(value).map(([key, one]) => [`${name}.${key}`, one] as const) : [[name, value]];
}

/** Where each name begins: the parser is shown ever more of the file until it knows the name. */
function linesOf(
  source: string,
  count: number,
  settingsIn: (table: object) => readonly (readonly [string, unknown])[],
): Map<string, number> {
  const found = new Map<string, number>();
  const lines = source.split('\n');
  if (lines.length > MOST_LINES) return found;
  let begin = 1;
  for (let end = 1; end <= lines.length && found.size < count; end += 1) {
    const known = parsed(lines.slice(0, end).join('\n'));
    // In the midst of a value that has several lines.
    if (known === undefined) continue;
    for (const [name] of settingsIn(known)) if (!found.has(name)) found.set(name, begin);
    begin = end + 1;
  }
  return found;
}

function parsed(source: string): object | undefined {
  try {
    return parse(source);
  } catch {
    return undefined;
  }
}
