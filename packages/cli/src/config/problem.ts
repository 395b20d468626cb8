/** What is wrong with a configuration, wherever it was written. */
import { COMMAND_ERRORS, CommandError, EXIT } from '../failure.ts';

export type ProblemCode = 'config-syntax' | 'config-unknown' | 'config-invalid' | 'config-missing' | 'config-conflict';

/** Where a value stands. */
export interface Place {
  /** Of the file, absolute; `undefined` of an option or a variable. */
  readonly file?: string | undefined;
  /** The first is 1. */
  readonly line?: number | undefined;
  /** As it is written there: a name in the file, `--port`, `FOTA_PORT`. */
  readonly key?: string | undefined;
}

/** Something that is wrong, and where. */
export interface Finding extends Place {
  /** Of docs/errors.md. */
  readonly code: string;
  /** What is wrong, without its place. */
  readonly message: string;
  readonly remedy: string;
}

export interface Problem extends Finding {
  readonly code: ProblemCode;
}

export function problem(code: ProblemCode, place: Place, message: string, remedy?: string): Problem {
  return { code, ...place, message, remedy: remedy ?? COMMAND_ERRORS[code].remedy };
}

/** `/etc/fota.toml:3: port`; empty for no place. */
export function placeOf({ file, line, key }: Place): string {
  const where = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}`;
  return [where, key].filter((part) => part !== undefined && part !== '').join(': ');
}

/** `/etc/fota.toml:3: port must be …`. */
export function sentenceOf(one: Finding): string {
  return `${placeOf(one)}${one.key === undefined ? ':' : ''} ${one.message}`;
}

/** All of them as one failure: whoever mends a file wants to mend all of it. */
export function failureFor(problems: readonly [Problem, ...Problem[]]): CommandError {
  const [{ code, remedy }] = problems;
  const lines = problems.map(sentenceOf);
  return new CommandError(code, lines.join('\n'), { remedy, exitCode: EXIT.usage });
}
