/** Where results, remarks and errors go: for people in lines and colours, with --json for programs. */
import pc from 'picocolors';
import { ApiError, CommandError, type Failure, failureOf } from '../failure.ts';
import type { Output, World } from '../world.ts';
import { factLines } from './facts.ts';
import { createLive, type Live } from './live.ts';
import { createProgress, type Progress } from './progress.ts';
import { dim, painted, red, span, type Text } from './text.ts';
import { bytes, jsonText, printable, table } from './words.ts';

/** All that is shown comes through here, and nothing but our own colours can steer the terminal (text.ts). */
export interface Out {
  readonly isJson: boolean;
  /** Aborted when nobody reads stdout any more, or it cannot be written. */
  readonly gone: AbortSignal;
  /** The result of the command: one JSON document, or what `show` prints for people. `lost`: what to do if it cannot be written. */
  result(value: unknown, show: () => void, lost?: string): void;
  /** One of many results: a line of JSON, or a line for people. */
  event(value: unknown, line: Text): void;
  /** A line for people on stdout, put together of these; nothing with --json. */
  line(...parts: readonly Text[]): void;
  /** Columns for people on stdout; nothing with --json. */
  table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): void;
  /** Names and values below each other, those without a value left out. A plain value may have several lines. */
  facts(facts: ReadonlyArray<readonly [name: string, value: Text | undefined]>): void;
  /** Words with tabs between them, for the scripts of shells. */
  tabbed(...words: readonly string[]): void;
  /** A text of ours, as it is. */
  raw(text: string): void;
  /** A remark beside the result: on stderr; nothing with --json. */
  note(text: string): void;
  /** Asks the person at the terminal; `undefined` where nobody sits there, or a program does. */
  confirm(question: string, signal: AbortSignal): Promise<boolean | undefined>;
  /** What the person at the terminal types without anybody seeing it; `undefined` where nobody sits there, or a program does. */
  askUnseen(question: string, signal: AbortSignal): Promise<string | undefined>;
  /** How far something is: a bar where stderr is a terminal, elsewhere lines, if any; nothing with --json. */
  progress(what: string, elsewhere?: 'lines' | 'none', amount?: (count: number) => string): Progress;
  /** How something goes: lines that change where stderr is a terminal, elsewhere a line now and then; nothing with --json. */
  live(): Live;
  /** A failure: `{"error":{code,message,remedy}}`, with `problems` of a table, on stdout with --json, else lines on stderr. */
  failure(error: unknown): void;
  /** Resolves once all is written: `false` where it could not be, which was told on stderr. */
  written(): Promise<boolean>;
}

export function createOut(
  world: Pick<World, 'stdout' | 'stderr' | 'env' | 'ask' | 'askUnseen' | 'now'>,
  isJson: boolean,
): Out {
  const { stdout, stderr, env } = world;
  const gone = new AbortController();
  const colors = pc.createColors(hasColors(stdout, env));
  let problem: NodeJS.ErrnoException | undefined;
  let ifLost: string | undefined;
  let hasWritten = false;
  const broken = (error: Error | null | undefined): void => {
    if (error) problem ??= error;
    if (error) gone.abort();
  };
  stdout.on('error', broken);
  // Nobody is left to be told of it.
  stderr.on('error', () => undefined);
  const write = (text: string): void => {
    if (gone.signal.aborted || !stdout.writable) return;
    hasWritten = true;
    try {
      stdout.write(text, broken);
    } catch (error) {
      // Node 20 throws where stdout is a file.
      broken(error as Error);
    }
  };
  const complain = (text: string): void => {
    if (stderr.writable) stderr.write(`${text}\n`);
  };
  const line = (...parts: readonly Text[]): void => {
    if (!isJson) write(`${painted(span(...parts), colors)}\n`);
  };
  const tell = (error: unknown): void => {
    const onStderr = pc.createColors(hasColors(stderr, env));
    for (const text of linesOf(error)) complain(painted(text, onStderr));
  };
  return {
    isJson,
    gone: gone.signal,
    result(value, show, lost) {
      ifLost = lost;
      if (isJson) write(`${jsonText(value, 2)}\n`);
      else show();
    },
    event: (value, text) => write(`${isJson ? jsonText(value) : painted(text, colors)}\n`),
    line,
    table(head, rows) {
      const [first = '', ...rest] = table(
        head,
        rows.map((row) => row.map(printable)),
      );
      line(dim(first));
      for (const row of rest) line(row);
    },
    facts(facts) {
      if (!isJson) for (const one of factLines(facts)) line(one);
    },
    tabbed: (...words) => write(`${words.map(printable).join('\t')}\n`),
    raw: write,
    note(text) {
      if (!isJson) complain(printable(text));
    },
    async confirm(question, signal) {
      if (isJson) return undefined;
      const answer = await world.ask(`${printable(question)} [y/N] `, signal);
      return answer === undefined ? undefined : /^y(es)?$/i.test(answer.trim());
    },
    askUnseen: async (question, signal) => (isJson ? undefined : world.askUnseen(printable(question), signal)),
    progress: (what, elsewhere = 'lines', amount = bytes) =>
      createProgress(stderr, what, isJson ? 'none' : stderr.isTTY === true ? 'bar' : elsewhere, amount),
    live: () =>
      createLive(stderr, {
        kind: isJson ? 'none' : stderr.isTTY === true ? 'lines' : 'log',
        colors: pc.createColors(hasColors(stderr, env)),
        now: world.now,
      }),
    failure(error) {
      if (isJson && problem === undefined) write(`${jsonText({ error: partsOf(error) })}\n`);
      else tell(error);
    },
    async written() {
      // What was written before is told before.
      if (problem === undefined && hasWritten) await new Promise<void>((resolve) => stdout.write('', () => resolve()));
      if (problem === undefined) return true;
      // A reader that leaves (`fota log | head`) is no failure, unless it left without what nobody can get again.
      if (problem.code === 'EPIPE' && ifLost === undefined) return true;
      const message = `stdout cannot be written: ${problem.message}`;
      tell(new CommandError('output-failed', message, ifLost === undefined ? {} : { remedy: ifLost }));
      return false;
    },
  };
}

/** Only a terminal gets colours, and only where NO_COLOR is not set. */
export function hasColors(stream: Output, env: World['env']): boolean {
  return stream.isTTY === true && (env['NO_COLOR'] ?? '') === '';
}

/** Of a table that is refused also what is wrong with which lines. */
function partsOf(error: unknown): Failure & { readonly problems?: unknown } {
  const { code, message, remedy } = failureOf(error);
  const problems = error instanceof ApiError ? error.problem['problems'] : undefined;
  return { code, message, remedy, ...(Array.isArray(problems) && { problems }) };
}

function linesOf(error: unknown): Text[] {
  const { code, message, remedy } = failureOf(error);
  // Several lines are only ours: a server could pretend a remedy.
  const [first = '', ...rest] = error instanceof ApiError ? [message] : message.split('\n');
  return [span(red('error:'), ' ', first), ...rest, ...(remedy === '' ? [] : [remedy]), dim(`code: ${code}`)];
}
