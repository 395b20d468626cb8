/** What a setting may be, and how it is written: as a word on the command line or in a variable, in TOML, to `startServer`. */

/** One kind of value. */
export interface Kind<T> {
  /** What it must be, after those words. */
  readonly wanted: string;
  /** What stands for the value in a help text, such as `n`. Empty: an option that takes none. */
  readonly stands: string;
  /** How many words an option takes: `many` may be repeated, and stands with commas in a variable. */
  readonly words: 'none' | 'one' | 'many';
  /** Whether it names a file or folder, which begins where its author was. */
  readonly isPath: boolean;
  /** Reads the word of an option or a variable; `undefined`: it is none. */
  parse(text: string): T | undefined;
  /** Reads what a TOML parser made of it. */
  read(value: unknown): T | undefined;
  /** Whether it is what `startServer` takes. */
  is(value: unknown): value is T;
  /** Writes it in TOML, as a person would. */
  print(value: T): string;
}

type Part<T> = Pick<Kind<T>, 'wanted' | 'stands' | 'parse' | 'is' | 'print'> & Partial<Kind<T>>;

/** Most are one word, and what TOML knows as a text is read like that word. */
function kind<T>(part: Part<T>): Kind<T> {
  const read = (value: unknown): T | undefined => (typeof value === 'string' ? part.parse(value) : undefined);
  return { words: 'one', isPath: false, read, ...part };
}

/** A whole number. */
export function count(lowest: number, highest: number): Kind<number> {
  const is = within(lowest, highest);
  return kind({
    wanted: `a whole number from ${lowest} to ${highest}`,
    stands: 'n',
    is,
    parse: (text) => (/^\d+$/.test(text) ? only(is, Number(text)) : undefined),
    read: (value) => only(is, value),
    print: String,
  });
}

const BYTES = [
  ['TiB', 1024 ** 4],
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const;

/** A number of bytes: `67108864` or `64MiB`. */
export function bytes(lowest: number, highest: number): Kind<number> {
  const is = within(lowest, highest);
  const parse = (text: string): number | undefined => only(is, scaled(text, BYTES, 1));
  return kind({
    wanted: `a number of bytes from ${shortest(lowest, BYTES)} to ${shortest(highest, BYTES)}, such as 65536 or 64MiB`,
    stands: 'bytes',
    is,
    parse,
    read: (value) => (typeof value === 'string' ? parse(value) : only(is, value)),
    print: (value) => quotedUnless(/^\d+$/, shortest(value, BYTES)),
  });
}

const TIMES = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** A time, in milliseconds: written as a number of seconds, or with its unit as `250ms` or `5min`. */
export function duration(lowestMs: number, highestMs: number): Kind<number> {
  const is = within(lowestMs, highestMs);
  const parse = (text: string): number | undefined => only(is, scaled(text, TIMES, 1_000));
  return kind({
    wanted: `a time from ${shortest(lowestMs, TIMES)} to ${shortest(highestMs, TIMES)}: seconds, or with ms, s, min, h or d`,
    stands: 'time',
    is,
    parse,
    read: (value) =>
      typeof value === 'string' ? parse(value) : typeof value === 'number' ? parse(String(value)) : undefined,
    print: (value) => JSON.stringify(shortest(value, TIMES)),
  });
}

/** A text that is not empty and fits. `stands`: for what, such as `host`. */
export function text(
  stands: string,
  wanted: string,
  fits: RegExp | ((text: string) => boolean) = /^[^\0]+$/,
): Kind<string> {
  const is = (value: unknown): value is string =>
    typeof value === 'string' && (fits instanceof RegExp ? fits.test(value) : fits(value));
  return kind({ wanted, stands, is, parse: (word) => only(is, word), print: quoted });
}

/** The path of a file or a folder. */
export function path(stands: 'file' | 'dir'): Kind<string> {
  return { ...text(stands, `the path of a ${stands === 'file' ? 'file' : 'folder'}`), isPath: true };
}

/** Yes or no; an option of the command line stands for yes, or behind `--no-` for no. */
export const flag: Kind<boolean> = kind({
  wanted: 'true or false',
  stands: '',
  words: 'none',
  is: (value): value is boolean => typeof value === 'boolean',
  parse: (text) => (/^(?:true|yes|on|1)$/i.test(text) ? true : /^(?:false|no|off|0)$/i.test(text) ? false : undefined),
  read: (value) => (typeof value === 'boolean' ? value : undefined),
  print: String,
});

/** Any number of them, none included. */
export function list<T>(of: Kind<T>): Kind<readonly T[]> {
  const all = (values: readonly (T | undefined)[]): readonly T[] | undefined => {
    const known = values.filter((value) => value !== undefined);
    return known.length === values.length ? known : undefined;
  };
  const parse = (text: string): readonly T[] | undefined =>
    all(text.split(',').flatMap((word) => (word.trim() === '' ? [] : [of.parse(word.trim())])));
  return kind({
    wanted: `a list, each of it ${of.wanted}`,
    stands: of.stands,
    words: 'many',
    isPath: of.isPath,
    is: (value): value is readonly T[] => Array.isArray(value) && value.every((one) => of.is(one)),
    parse,
    read: (value) => (Array.isArray(value) ? all(value.map((one) => of.read(one))) : undefined),
    print: (values) => `[${values.map((one) => of.print(one)).join(', ')}]`,
  });
}

function within(lowest: number, highest: number): (value: unknown) => value is number {
  return (value): value is number => Number.isInteger(value) && Number(value) >= lowest && Number(value) <= highest;
}

function only<T>(is: (value: unknown) => value is T, value: unknown): T | undefined {
  return is(value) ? value : undefined;
}

type Units = ReadonlyArray<readonly [unit: string, size: number]>;

/** `1.5h`; a number without a unit counts in `bare`. */
function scaled(text: string, units: Units, bare: number): number | undefined {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?) ?([a-zA-Z]*)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const size = unit === '' ? bare : units.find(([name]) => name.toLowerCase() === unit.toLowerCase())?.[1];
  // What a unit cannot be divided into is no value, but 0.1 s is 100 ms whatever binary fractions make of it.
  return size === undefined ? undefined : Number((Number(digits) * size).toFixed(6));
}

/** With the largest unit that it is a whole number of. */
function shortest(value: number, units: Units): string {
  const [unit, size] = (value === 0 ? undefined : units.find(([, each]) => value % each === 0)) ?? ['', 1];
  return `${value / size}${unit}`;
}

function quotedUnless(pattern: RegExp, text: string): string {
  return pattern.test(text) ? text : JSON.stringify(text);
}

/** A TOML string: its escapes are those of JSON, and DEL has one too. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}
