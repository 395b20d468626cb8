/** What the agent is to be like, as its file says it. */
import { dirname, resolve } from 'node:path';
import { readConfigFile, type Written } from '../config/file.ts';
import { failureFor, type Place, type Problem, problem } from '../config/problem.ts';
import { byLine, invalidValue, rooted, unknownName } from '../config/values.ts';
import type { World } from '../world.ts';
import { contradictions, type Rule } from './rules.ts';
import { AGENT_SETTINGS, type AgentSettingName, type AgentValues } from './settings.ts';

export interface AgentConfig {
  /** Absolute. */
  readonly file: string;
  /** The folder that holds it: where commands run, and paths begin. */
  readonly folder: string;
  readonly values: AgentValues;
}

export const AGENT_FILE = '/etc/fota/agent.toml';
const CHECK = 'Correct it; fota agent config --check says whether all is right, fota agent config prints an example.';
const NAMES = Object.keys(AGENT_SETTINGS) as AgentSettingName[];

/** The file that holds, whether it is there or not. */
export function agentFile(given: string | undefined, { env, cwd }: Pick<World, 'env' | 'cwd'>): string {
  return resolve(cwd, given ?? (env['FOTA_AGENT_CONFIG'] || AGENT_FILE));
}

/** All that is wrong is told at once. @throws CommandError `config-unreadable` */
export function checkAgentFile(path: string): AgentConfig & { readonly problems: readonly Problem[] } {
  const { written, problems: malformed } = readConfigFile(path, 'tables');
  const folder = dirname(path);
  const placeOf = (name: string): Place => ({ file: path, line: written.get(name)?.line, key: name });
  const problems: Problem[] = [...malformed];
  const values: Record<string, unknown> = {};
  for (const name of written.keys()) {
    if (!Object.hasOwn(AGENT_SETTINGS, name)) problems.push(unknownName(name, NAMES, placeOf(name), CHECK));
  }
  for (const name of NAMES) values[name] = settled(name, written.get(name), folder, () => placeOf(name), problems);
  const config = { file: path, folder, values: values as unknown as AgentValues };
  if (problems.length > 0) return { ...config, problems: problems.toSorted(byLine) };
  const isSaid = (name: AgentSettingName): boolean => written.has(name);
  const told = ({ name, is, says, remedy = CHECK }: Rule): Problem =>
    problem(`config-${is}`, placeOf(name), says, remedy);
  return { ...config, problems: contradictions(config.values, isSaid).map(told).toSorted(byLine) };
}

/** @throws CommandError `config-…` */
export function readAgentFile(path: string): AgentConfig {
  const { problems, ...config } = checkAgentFile(path);
  const [first, ...more] = problems;
  if (first !== undefined) throw failureFor([first, ...more]);
  return config;
}

/** The folder of the place alone: how an agent is can be seen also where its configuration is wrong by now. @throws CommandError `config-…` */
export function placeIn(path: string): string {
  return checkAgentFile(path).values['place.dir'] ?? placeDir(readAgentFile(path));
}

/** The folder of the place; the rules of the configuration see to it that it is named. */
export function placeDir({ values }: Pick<AgentConfig, 'values'>): string {
  return values['place.dir'] ?? '';
}

function settled(
  name: AgentSettingName,
  written: Written | undefined,
  folder: string,
  place: () => Place,
  problems: Problem[],
): unknown {
  const { kind, orElse } = AGENT_SETTINGS[name];
  if (written === undefined) return orElse;
  const value: unknown = kind.read(written.value);
  if (value === undefined) problems.push(invalidValue(kind, place(), written.value, CHECK));
  return rooted(kind, value, folder);
}
