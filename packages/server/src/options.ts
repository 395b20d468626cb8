import { FotaServerError } from './domain/errors.ts';
import type { Limits } from './http/listener.ts';
import type { CheckIn } from './ports.ts';

/** What `startServer` takes. */
export interface ServerOptions {
  /** The folder of the database and the packages; made where it does not exist. One server at a time works on it. */
  readonly dataDir: string;
  /** The address to listen on. Default `127.0.0.1`: this machine only. `0.0.0.0` lets the network in. */
  readonly host?: string | undefined;
  /** 0 to 65535. Default 0: any free port. */
  readonly port?: number | undefined;
  /** Milliseconds that answers under way have to end once the server closes. Default 10 000. */
  readonly graceMs?: number | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** Told of each question and its answer once they are remembered; must not throw. */
  readonly onCheckIn?: ((checkIn: CheckIn) => void) | undefined;
  /** Told of what went wrong while a device was answered. Default: a warning of the process. */
  readonly onProblem?: ((problem: unknown) => void) | undefined;
}

export type Settings = { readonly [Name in keyof Required<ServerOptions>]: NonNullable<ServerOptions[Name]> } & {
  readonly limits: Limits;
};

/** The options with their defaults. @throws FotaServerError `option-invalid` */
export function settingsOf(options: ServerOptions): Settings {
  const {
    headBytes = 8_192,
    bodyBytes = 65_536,
    headTimeoutMs = 20_000,
    idleTimeoutMs = 120_000,
  } = options.limits ?? {};
  const { dataDir, host = '127.0.0.1', port = 0, graceMs = 10_000 } = options;
  if (typeof dataDir !== 'string' || dataDir === '') throw invalid('dataDir', 'the path of a folder', dataDir);
  if (host === '') throw invalid('host', 'an address or a name', host);
  const numbers = { port, graceMs, headBytes, bodyBytes, headTimeoutMs, idleTimeoutMs };
  for (const [name, value] of Object.entries(numbers)) {
    const highest = name === 'port' ? 65_535 : 2 ** 31 - 1;
    if (!Number.isInteger(value) || value < 0 || value > highest)
      throw invalid(name, `an integer from 0 to ${highest}`, value);
  }
  return {
    dataDir,
    host,
    port,
    graceMs,
    limits: { headBytes, bodyBytes, headTimeoutMs, idleTimeoutMs },
    onCheckIn: options.onCheckIn ?? (() => undefined),
    onProblem: options.onProblem ?? ((problem) => process.emitWarning(String(problem))),
  };
}

function invalid(name: string, wanted: string, value: unknown): FotaServerError {
  return new FotaServerError('option-invalid', `${name} must be ${wanted}, not ${JSON.stringify(value)}`);
}
