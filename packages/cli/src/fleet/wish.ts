/** What was asked for, put together: a file, what the options say above it, and what the command has for the rest. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type FleetSpec, type FleetWish, fleetSpec } from '@libfota2/simulator';
import { CommandError, EXIT } from '../failure.ts';
import type { World } from '../world.ts';
import type { Expectation } from './expect.ts';
import { type Place, urlParts } from './place.ts';

/** As they were typed. */
export interface FleetOptions {
  readonly url?: string;
  readonly key?: string;
  readonly project?: string;
  readonly firmware?: string;
  readonly becomes?: string;
  readonly spec?: string;
  readonly count?: number;
  readonly seed?: number;
  readonly generation?: Record<string, number>;
  readonly mode?: Record<string, number>;
  readonly idKind?: Record<string, number>;
  readonly version?: Record<string, number>;
  readonly poll?: number;
  readonly jitter?: number;
  readonly firstWithin?: number;
  readonly cut?: number;
  readonly unreachable?: number;
  readonly rate?: [number, number];
  readonly powerCycle?: number;
  readonly reboot?: number;
  readonly bootFails?: number;
  readonly flaky?: number;
  readonly loops?: number;
  readonly crashLater?: number;
  readonly silent?: number;
  readonly for?: number;
  readonly rounds?: number;
  readonly until?: string;
  readonly maxOpen?: number;
  readonly expect?: readonly Expectation[];
  readonly iOwnThisServer?: boolean;
  readonly showSpec?: boolean;
}

/** A tree of what is known so far; what is `undefined` was not said. */
interface Tree {
  readonly [name: string]: unknown;
}

/** What a file says of a fleet, `{}` without one. @throws CommandError `file-unreadable`, `usage` */
export async function specFile(path: string | undefined, world: Pick<World, 'cwd'>): Promise<Tree> {
  if (path === undefined) return {};
  const place = resolve(world.cwd, path);
  const text = await readFile(place, 'utf8').catch((error) => {
    throw new CommandError('file-unreadable', `${place} cannot be read: ${error.message}`);
  });
  const value = parsed(text);
  if (isTree(value)) return value;
  throw new CommandError('usage', `${place} is no JSON object`, { exitCode: EXIT.usage });
}

/** What the options say of a fleet. */
export function treeOf(options: FleetOptions): Tree {
  const { bootFails: fails, flaky, loops, crashLater, silent, rounds } = options;
  const boots = { fails, flaky, loops, silent, 'crashes-later': crashLater };
  const isBoots = Object.values(boots).some((share) => share !== undefined);
  return {
    count: options.count,
    seed: options.seed,
    server: options.url === undefined ? undefined : urlParts(options.url),
    projectKey: options.key,
    firmwareName: options.firmware,
    generations: options.generation,
    modes: options.mode,
    idKinds: options.idKind,
    versions: options.version,
    poll: { everyMs: options.poll, jitter: options.jitter, firstWithinMs: options.firstWithin },
    network: { cut: options.cut, unreachable: options.unreachable, bytesPerS: options.rate },
    power: { cut: options.powerCycle },
    rebootMs: options.reboot,
    boots: isBoots ? { '*': boots } : undefined,
    becomes: options.becomes,
    until: { afterMs: options.for, rounds, when: options.until },
    maxOpen: options.maxOpen,
  };
}

/** What stands, where nobody has said anything else: something to look at within a minute. */
export function defaults(said: Tree): Tree {
  const until = isTree(said['until']) ? said['until'] : {};
  const isOpen = until['afterMs'] === undefined && until['rounds'] === undefined;
  const isAimless = until['when'] === undefined && until['rounds'] === undefined;
  return {
    count: 100,
    poll: { everyMs: 5_000 },
    until: { ...(isOpen && { afterMs: 60_000 }), ...(isAimless && { when: 'confirmed' }) },
  };
}

/** `above` weighs more. Mixes are replaced, never mixed with each other. */
export function joined(below: Tree, above: Tree): Tree {
  const all = { ...below };
  for (const [name, value] of Object.entries(above)) {
    const under = below[name];
    if (value === undefined) continue;
    all[name] = GROUPS.has(name) && isTree(value) && isTree(under) ? joined(under, value) : value;
  }
  return all;
}

const GROUPS: ReadonlySet<string> = new Set(['server', 'poll', 'network', 'power', 'until']);

/** The whole fleet, for this server. @throws CommandError `usage` that says what is wrong */
export function specFor(
  tree: Tree,
  { host, port, url, projectKey, firmwareName, version, versionOf }: Place,
): FleetSpec {
  const versions = tree['versions'] ?? (version === undefined ? undefined : { [version]: 1 });
  if (versions === undefined) throw usage('nobody knows what the devices run', 'Say it with --version.');
  if (tree['becomes'] === undefined && versionOf === undefined) {
    throw usage('nobody knows what an upgrade makes of the devices', 'Say it with --becomes.');
  }
  try {
    return fleetSpec({ ...tree, server: { host, port, url }, projectKey, firmwareName, versions } as FleetWish);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw usage(`the fleet is none: ${error.message}`, 'Try: fota simulate fleet --help');
  }
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text of the tree, `undefined` for anything else. */
export function textIn(tree: Tree, name: string): string | undefined {
  const value = tree[name];
  return typeof value === 'string' ? value : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function usage(message: string, remedy: string): CommandError {
  return new CommandError('usage', message, { remedy, exitCode: EXIT.usage });
}
