/** What all commands have in common: their options, their help, and what they get to work with. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Connection, connect, type Needs, type Whereabouts } from '../client/connect.ts';
import type { Client, Query } from '../client/http.ts';
import type { Out } from '../output/out.ts';
import type { World } from '../world.ts';

/** One call of the command. */
export interface Invocation {
  readonly world: World;
  readonly out: Out;
  /** Aborted by Ctrl-C and its like. Who takes it promises to end soon; who does not is ended by the signal itself. */
  signal(): AbortSignal;
  /** From now on SIGHUP does this, instead of ending the command. */
  onHangup(work: () => void): void;
  /** Another exit code than 0. */
  exitWith(code: number): void;
}

/** Adds `--json`. */
export function jsonOption(command: Command): Command {
  return command.option('--json', 'print JSON for programs');
}

/** Adds `--data`. */
export function dataOption(command: Command): Command {
  return command.addOption(
    new Option('--data <dir>', 'data folder of a server on this machine (env FOTA_DATA; default: fota-data)'),
  );
}

/** Adds the options that say where the server is. */
export function serverOptions(command: Command): Command {
  const named = jsonOption(command)
    .addOption(new Option('--server <url>', 'admin side of a running server (env FOTA_SERVER)'))
    .addOption(
      new Option('--token <token>', 'lets in at --server (better: env FOTA_TOKEN, which no process list shows)'),
    );
  return dataOption(named);
}

/** Examples, below the options. */
export function examples(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

/** Finds a server, lets `work` speak to it, and takes leave. */
export async function withServer<T>(
  { world, signal }: Invocation,
  given: Whereabouts,
  work: (client: Client, connection: Connection) => Promise<T>,
  needs: Needs = {},
): Promise<T> {
  const connection = await connect(given, world, signal(), needs);
  try {
    return await work(connection.client, connection);
  } finally {
    await connection.close();
  }
}

/** Reads an option that is a number from `lowest` to `highest`. */
export function integer(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= lowest && number <= highest) return number;
    throw new InvalidArgumentError(`It takes a number from ${lowest} to ${highest}.`);
  };
}

/** Reads `--limit`: a number, or `all`. */
export function limit(text: string): number {
  return text === 'all' ? Number.POSITIVE_INFINITY : integer(1, Number.MAX_SAFE_INTEGER)(text);
}

/** An option that takes one of few words. */
export function choice(flags: string, description: string, ...words: readonly string[]): Option {
  return new Option(flags, description).choices(words);
}

/** What an empty list says: another thing where only some were asked for. */
export function nothing(query: Query, inAll: string): string {
  return Object.values(query).every((value) => value === undefined) ? inAll : 'Nothing that fits.';
}
