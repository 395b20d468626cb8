import { fileURLToPath } from 'node:url';
import { run } from '../measure.ts';

/** A load: as many requests as are answered in its time, each over a connection of its own. */
export interface Load {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
  /** The numbers of the devices that ask, in turns. */
  readonly devices: { readonly first: number; readonly count: number };
  /** Devices to pass over at first. */
  readonly skip: number;
}

/** What became of it. */
export interface Taken {
  readonly requests: number;
  /** Answers of 400 and above; they count as requests. */
  readonly refused: number;
  /** Connections that could not be made, broke or were silent. */
  readonly broken: number;
  /** Heads included. */
  readonly bytes: number;
  readonly seconds: number;
  /** CPU of wrk. */
  readonly cpuS: number;
}

/** What stands for the device's id in the URL of a load. */
export const ID = 'ID';

const SCRIPT = fileURLToPath(new URL('../../server/devices.lua', import.meta.url));

/**
 * Puts a load on a server with wrk, in one thread: the other core is the server's. It connects anew after each answer,
 * for the server asks it to.
 */
export function putLoad(wrk: string, load: Load): Taken {
  const { url, headers, connections, seconds, devices, skip } = load;
  const [before = '', after = ''] = `${url.pathname}${url.search}`.split(ID);
  const headerArguments = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const options = [
    '-t',
    1,
    '-c',
    connections,
    '-d',
    `${seconds}s`,
    '--timeout',
    '30s',
    ...headerArguments,
    '-s',
    SCRIPT,
  ];
  const script = [before, after, devices.first, devices.count, skip];
  const { said, cpuS } = run('"$@"', ...[wrk, ...options, url.origin, '--', ...script].map(String));
  return { ...(JSON.parse(said.trim().split('\n').at(-1) ?? '') as Omit<Taken, 'cpuS'>), cpuS };
}
