import { relative } from 'node:path';
import { parseArgs } from 'node:util';

/** What the demo was asked to do. */
export interface DemoOptions {
  readonly data: string | undefined;
  readonly host: string;
  /** `undefined`: the first free one from {@link DEFAULT_PORT} on. */
  readonly port: number | undefined;
  readonly once: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

export const DEFAULT_PORT: number = 8266;

/** What `--help` prints where a person types `command` before options. */
export function helpFor(command: string): string {
  const bare = command.replace(/ --$/, '');
  const usage = bare === command ? `${bare} [OPTIONS]` : `${bare} [-- OPTIONS]`;
  return `${bare}: an upgrade server, and a sample device that upgrades itself

Usage
  ${usage}

Options
  --data DIR    where the server keeps its database and packages, and the device
                its files; later starts go on with it. Default: .data/demo
  --port N      port of the server, 0 for any free one. Default: the first free
                one from ${DEFAULT_PORT} on
  --host HOST   address of the server. Default 127.0.0.1, this machine only;
                0.0.0.0 lets devices on your network in
  --once        end when the device is upgraded instead of staying up
  --json        print a line of JSON for each step, for programs
  --help        this text

Examples
  ${bare}
  ${command} --host 0.0.0.0 --port 9000
  ${command} --once --data /tmp/try

Exit codes
  0  ended as asked     1  could not start, or the sample failed     2  unknown option
`;
}

/** Reads the command line; a text says what is wrong with it. */
export function parseOptions(args: readonly string[]): DemoOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        data: { type: 'string' },
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string' },
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(/^\d+$/.test(values.port ?? '') && port <= 65_535)) {
      return `--port takes a number from 0 to 65535, not "${values.port}"`;
    }
    if (values.data === '' || values.host === '') return `--${values.data === '' ? 'data' : 'host'} takes a value`;
    return { ...values, data: values.data, port };
  } catch (error) {
    return (error as Error).message.split('. ', 1)[0] ?? '';
  }
}

/** Where the user typed; npm itself works in the workspace's root. */
export function here(): string {
  return process.env['INIT_CWD'] ?? process.cwd();
}

/** The path as a person here would write it. */
export function nearest(path: string): string {
  const short = relative(here(), path);
  return short.startsWith('..') ? path : short || '.';
}
