/**
 * What the server is to be like, put together from the command line, the environment and the configuration file. An option
 * weighs more than a variable, a variable more than the file, the file more than what a setting is where nobody says.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ServerOptions } from '@libfota2/server';
import { OPTIONS, OWN, SETTINGS, type Setting } from '@libfota2/server/settings';
import type { World } from '../world.ts';
import { readConfigFile } from './file.ts';
import { failureFor, type Place, type Problem, problem } from './problem.ts';
import { byLine, invalidValue, rooted, unknownName } from './values.ts';

/** One setting as it is. */
export interface Effective {
  readonly setting: Setting;
  /** As `startServer` takes it; `undefined`: nothing. */
  readonly value: unknown;
  /** Who says so. */
  readonly from: 'option' | 'variable' | 'file' | 'default';
  readonly place: Place;
}

export interface Configuration {
  /** The file that was read; `undefined`: none. */
  readonly file: string | undefined;
  /** By name; all of them. */
  readonly settings: ReadonlyMap<string, Effective>;
  /** What stood somewhere and could not be taken. */
  readonly problems: readonly Problem[];
}

/** By name what the command line says, and the file that it names. */
export interface Given {
  readonly config?: string | undefined;
  readonly values: ReadonlyMap<string, unknown>;
}

export const FILE_NAME = 'fota.toml';
const DEFAULT_DATA = 'fota-data';

type Here = Pick<World, 'env' | 'cwd'>;

/** @throws CommandError `config-unreadable` where a file was named that cannot be read */
export function configure(given: Given, world: Here): Configuration {
  const named = given.config ?? (world.env['FOTA_CONFIG'] || undefined);
  const folder = given.values.get('data') ?? (world.env['FOTA_DATA'] || DEFAULT_DATA);
  const inFolder = resolve(world.cwd, String(folder), FILE_NAME);
  const path = named === undefined ? (existsSync(inFolder) ? inFolder : undefined) : resolve(world.cwd, named);
  const file = path === undefined ? undefined : readConfigFile(path);

  const problems: Problem[] = [...(file?.problems ?? [])];
  for (const [name, { value, line }] of file?.written ?? []) {
    const place = { file: path, line, key: name };
    if (!NAMES.has(name)) problems.push(unknownName(name, [...NAMES], place));
    const isAstray =
      name === 'data' && named === undefined && resolve(dirname(inFolder), String(value)) !== dirname(inFolder);
    if (isAstray) problems.push(problem('config-conflict', place, ASTRAY, ELSEWHERE));
  }
  const settings = SETTINGS.map((setting): Effective => {
    const { name } = setting;
    const option = given.values.get(name);
    if (option !== undefined) {
      return { setting, value: rooted(setting.kind, option, world.cwd), from: 'option', place: { key: `--${name}` } };
    }
    const variable = variableOf(name);
    const word = world.env[variable];
    const written = file?.written.get(name);
    const [from, raw, place]: [Effective['from'], unknown, Place] =
      word !== undefined && word !== ''
        ? ['variable', setting.kind.parse(word), { key: variable }]
        : written === undefined
          ? ['default', setting.orElse, {}]
          : ['file', setting.kind.read(written.value), { file: path, line: written.line, key: name }];
    if (raw === undefined && from !== 'default') {
      problems.push(invalidValue(setting.kind, place, from === 'variable' ? word : written?.value));
      return { setting, value: setting.orElse, from: 'default', place: {} };
    }
    const base = from === 'file' ? dirname(path ?? '') : world.cwd;
    return { setting, value: rooted(setting.kind, raw, base), from, place };
  });
  const known = new Map(settings.map((one) => [one.setting.name, one]));
  problems.push(...settings.flatMap((one) => lonely(one, known)));
  return { file: path, settings: known, problems: problems.toSorted(byLine) };
}

/** A setting that somebody changed, and without another one means nothing. */
function lonely(
  { setting: { name, needs, orElse }, value, place }: Effective,
  known: Configuration['settings'],
): Problem[] {
  if (needs === undefined || value === orElse || known.get(needs)?.value !== undefined) return [];
  return [
    problem('config-conflict', { key: name, ...place }, `needs ${needs}, which nobody sets`, `Set ${needs} too.`),
  ];
}

/** The same where it is without problems. @throws CommandError `config-…` */
export function configured(given: Given, world: Here): Configuration {
  const configuration = configure(given, world);
  const [first, ...more] = configuration.problems;
  if (first !== undefined) throw failureFor([first, ...more]);
  return configuration;
}

const NAMES: ReadonlySet<string> = new Set(SETTINGS.map(({ name }) => name));
const ASTRAY = 'names another data folder, in a file that was found because it lies in one';
const ELSEWHERE = 'Leave it out, or name the file with --config or FOTA_CONFIG.';

/** The variable of a setting. */
function variableOf(name: string): string {
  return `FOTA_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** Variables that begin as ours and mean nothing: mistyped, perhaps. */
export function strangeVariables(env: Here['env']): string[] {
  const known = new Set([
    ...SETTINGS.map(({ name }) => variableOf(name)),
    'FOTA_CONFIG',
    'FOTA_AGENT_CONFIG',
    'FOTA_SERVER',
    'FOTA_TOKEN',
  ]);
  return Object.keys(env).filter((name) => name.startsWith('FOTA_') && !known.has(name));
}

/** The data folder, absolute. */
export function dataOf({ settings }: Configuration): string {
  return String(settings.get(OPTIONS.dataDir.name)?.value);
}

/** What only the command itself has to know. */
export function isOn({ settings }: Configuration, { name }: Setting<boolean>): boolean {
  return settings.get(name)?.value === true;
}

/** What `startServer` takes, of a configuration without problems. */
export function optionsOf(configuration: Configuration): ServerOptions {
  const options: Record<string, unknown> = {};
  for (const [path, { name }] of Object.entries<Setting>(OPTIONS)) {
    const steps = path.split('.');
    const last = steps.pop() ?? '';
    let part = options;
    for (const step of steps) {
      part[step] ??= {};
      part = part[step] as Record<string, unknown>;
    }
    part[last] = configuration.settings.get(name)?.value;
  }
  // What there is only with a certificate.
  for (const part of [options, options['admin'] as Record<string, unknown>]) {
    if ((part['tls'] as { readonly cert?: unknown }).cert === undefined) delete part['tls'];
  }
  if (!isOn(configuration, OWN.admin)) delete options['admin'];
  // The table has each of them with its own type.
  return options as unknown as ServerOptions;
}
