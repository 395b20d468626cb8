import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Finds a program that a test needs but the workspace does not bring. `undefined` when it is missing: skip the test then;
 * a line on the console says so and how to get it. Under CI a missing program is an error, for there nobody reads it.
 *
 *     const nginx = tool('nginx', 'apt-get install nginx');
 *     it.skipIf(nginx === undefined)('upgrades from nginx', …);
 *
 * @param name as in `nginx`, without a folder
 * @param howToInstall for people
 */
export function tool(name: string, howToInstall: string): string | undefined {
  const endings = process.platform === 'win32' ? (process.env['PATHEXT'] ?? '.EXE').split(';') : [''];
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = folders.flatMap((folder) => endings.map((ending) => join(folder, name + ending))).find(isExecutable);
  if (found !== undefined) return found;
  const message = `${name} is not installed, so its tests cannot run: ${howToInstall}`;
  if (process.env['CI'] !== undefined) throw new Error(message);
  // biome-ignore lint/suspicious/noConsole: a skipped proof must be seen in the report
  console.warn(`SKIPPED: ${message}`);
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
