/** What runs, as the configuration says to find it out. */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type AgentConfig, placeDir } from './config.ts';
import { runHook } from './hook.ts';
import type { CommandWords } from './kinds.ts';

const COMMAND_MS = 10_000;
const DEFAULT_FILE = 'package.json';
/** What a server takes. */
const LONGEST = 64;

/** Of an application of which nothing was started yet: below all that there is, so that the first version is offered. */
const NOTHING = '0.0.0';

/**
 * Finds out what runs; `undefined` where nobody knows.
 * @param onOdd hears why nobody knows, once for each reason
 */
export function versionBy(config: AgentConfig, onOdd: (message: string) => void): () => Promise<string | undefined> {
  const { version, 'version-file': file = DEFAULT_FILE, 'version-command': command } = config.values;
  if (version !== undefined) return async () => version;
  const isApplication = config.values['place.kind'] === 'application';
  const folder = isApplication ? join(placeDir(config), 'current') : config.folder;
  const find = command === undefined ? () => versionOf(resolve(folder, file)) : () => printedBy(command, folder);
  let told: string | undefined;
  return async () => {
    if (isApplication && !(await isThere(folder))) return NOTHING;
    const found = await find();
    if ('why' in found && found.why !== told) onOdd(found.why);
    told = 'why' in found ? found.why : undefined;
    return 'why' in found ? undefined : found.version;
  };
}

type Found = { readonly version: string } | { readonly why: string };

async function printedBy(command: CommandWords, folder: string): Promise<Found> {
  const { code, line } = await runHook(command, { cwd: folder, withinMs: COMMAND_MS });
  if (code !== 0) return { why: `version-command does not tell what runs: ${line || `it ended with ${code}`}` };
  const version = versionIn(line);
  return version === undefined ? { why: `version-command prints no version: ${line}` } : { version };
}

async function versionOf(path: string): Promise<Found> {
  try {
    const version = versionIn(await readFile(path, 'utf8'));
    return version === undefined ? { why: `${path} names no version` } : { version };
  } catch (error) {
    return { why: `${path} cannot be read: ${(error as Error).message}` };
  }
}

/** Of JSON with `version`, or of a text its first line; `undefined` where that is none. */
export function versionIn(text: string): string | undefined {
  const named = text.trimStart().startsWith('{') ? inJson(text) : text.trim().split('\n', 1)[0]?.trim();
  return named !== undefined && named !== '' && named.length <= LONGEST ? named : undefined;
}

function inJson(text: string): string | undefined {
  try {
    const { version } = JSON.parse(text) as { readonly version?: unknown };
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}

async function isThere(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    () => false,
  );
}
