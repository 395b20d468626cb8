/** Where results, remarks and errors go: for people in lines and colours, with --json for programs. */
import pc from 'picocolors';
import { type Failure, failureOf } from '../failure.ts';
import type { Output, World } from '../world.ts';
import { createProgress, type Progress } from './progress.ts';
import { table } from './words.ts';

export type Colors = ReturnType<typeof pc.createColors>;

export interface Out {
  readonly isJson: boolean;
  readonly colors: Colors;
  /** Aborted when nobody reads stdout any more. */
  readonly gone: AbortSignal;
  /** The result of the command: one JSON document, or what `show` prints for people. */
  result(value: unknown, show: () => void): void;
  /** One of many results: a line of JSON, or a line for people. */
  event(value: unknown, line: string): void;
  /** A line for people on stdout; nothing with --json. */
  line(text?: string): void;
  /** Columns for people on stdout; nothing with --json. */
  table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): void;
  /** Names and values below each other, those without a value left out. */
  facts(facts: ReadonlyArray<readonly [name: string, value: string | undefined]>): void;
  /** A remark beside the result: on stderr; nothing with --json. */
  note(text: string): void;
  /** How far something is: a bar where stderr is a terminal, elsewhere lines, if any; nothing with --json. */
  progress(what: string, elsewhere?: 'lines' | 'none'): Progress;
  /** A failure: `{"error":{code,message,remedy}}` on stdout with --json, else lines on stderr. */
  failure(error: unknown): void;
}

export function createOut(world: Pick<World, 'stdout' | 'stderr' | 'env'>, isJson: boolean): Out {
  const { stdout, stderr, env } = world;
  const gone = new AbortController();
  // A reader that leaves (`fota log | head`) is no failure, and nobody is left to be told of one on stderr either.
  stdout.on('error', () => gone.abort());
  stderr.on('error', () => undefined);
  const print = (text: string): void => {
    if (!gone.signal.aborted && stdout.writable) stdout.write(`${text}\n`);
  };
  const complain = (text: string): void => {
    if (stderr.writable) stderr.write(`${text}\n`);
  };
  const colors = pc.createColors(hasColors(stdout, env));
  const line = (text = ''): void => {
    if (!isJson) print(text);
  };
  return {
    isJson,
    colors,
    gone: gone.signal,
    result(value, show) {
      if (isJson) print(JSON.stringify(value, undefined, 2));
      else show();
    },
    event: (value, text) => print(isJson ? JSON.stringify(value) : text),
    line,
    table(head, rows) {
      const [first = '', ...rest] = table(head, rows);
      line(colors.dim(first));
      for (const row of rest) line(row);
    },
    facts(facts) {
      const known = facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
      const longest = Math.max(...known.map(([name]) => name.length));
      const under = `\n${' '.repeat(longest + 2)}`;
      for (const [name, value] of known) {
        line(`${colors.dim(name.padEnd(longest))}  ${value.replaceAll('\n', under)}`);
      }
    },
    note(text) {
      if (!isJson) complain(text);
    },
    progress: (what, elsewhere = 'lines') =>
      createProgress(stderr, what, isJson ? 'none' : stderr.isTTY === true ? 'bar' : elsewhere),
    failure(error) {
      const failure = failureOf(error);
      if (isJson) print(JSON.stringify({ error: partsOf(failure) }));
      else for (const text of words(failure, pc.createColors(hasColors(stderr, env)))) complain(text);
    },
  };
}

/** Only a terminal gets colours, and only where NO_COLOR is not set. */
export function hasColors(stream: Output, env: World['env']): boolean {
  return stream.isTTY === true && (env['NO_COLOR'] ?? '') === '';
}

function partsOf({ code, message, remedy }: Failure): Failure {
  return { code, message, remedy };
}

function words({ code, message, remedy }: Failure, colors: Colors): string[] {
  const [first, ...rest] = [`${colors.red('error:')} ${message}`, remedy].filter((text) => text !== '');
  return [first ?? '', ...rest, colors.dim(`code: ${code}`)];
}
