/** Names of files as somebody typed them. Where the text of a key was typed instead, nothing shows a character of it. */
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { CommandError, EXIT } from '../failure.ts';
import type { World } from '../world.ts';

/** How each secret key of minisign begins, open and locked, and how a whole key file does in base64. */
const SECRET = /RWQAAEIy|RWRTY0Iy|dW50cnVzdGVkIGNvbW1lbnQ6/;
const PUBLIC = /^RW[A-Za-z\d+/]{54}$/;
/** Longer than a public key: no file is called like that. */
const LONG_LINE = /(?:^|[\\\s])RW[A-Za-z\d+/=]{60}/;
/** Characters of a path in a sentence. */
const SHOWN = 300;

/** Whether it is the line of a public key, which may be given in place of a file. */
export function isPublicLine(text: string): boolean {
  return PUBLIC.test(text);
}

/** The file that an argument names. @throws CommandError `usage` where the argument is what would be in the file */
export function pathOf({ cwd }: Pick<World, 'cwd'>, given: string): string {
  if (looksLikeKey(given)) throw keyGiven(EXIT.usage);
  return resolve(cwd, given);
}

/**
 * Before anything is done with the arguments of any command: `--key "$KEY"` would have the key printed by whoever cannot open
 * a file of that name, into the log of a CI. @throws CommandError `usage`
 */
export function refuseSecrets(args: readonly string[]): void {
  if (!args.some((arg) => SECRET.test(arg) && !isPublicLine(arg))) return;
  throw keyGiven(args.includes('upgrade') ? EXIT.upgradeUsage : EXIT.usage);
}

/** A path for a sentence: in bounds, and no key. */
export function shown(path: string): string {
  if (looksLikeKey(path)) return 'what was given for a file';
  return path.length > SHOWN ? `${path.slice(0, SHOWN)}…` : path;
}

/** Why the disk refused. Node's own words end with the path, which stands in our sentence already. */
export function reasonOf(error: unknown): string {
  const { message } = error as Error;
  return message.replace(/, \w+ '[\s\S]*$/, '');
}

/**
 * Refuses to write a file twice, or over one that is read: the later would take the place of a key that the earlier counts on.
 * Links and the case of letters do not hide it. @throws CommandError `usage`
 */
export async function refuseSame(written: readonly string[], read: readonly string[] = []): Promise<void> {
  const seen = new Set<string>();
  for (const path of read) seen.add(await identityOf(path));
  const readOnly = new Set(seen);
  for (const path of written) {
    const identity = await identityOf(path);
    if (seen.has(identity)) {
      const twice = readOnly.has(identity) ? 'is read, and would be written over' : 'would be written twice';
      throw new CommandError('usage', `${shown(path)} ${twice}: a key could be lost`, {
        remedy: 'Give each file a name of its own.',
        exitCode: EXIT.usage,
      });
    }
    seen.add(identity);
  }
}

async function identityOf(path: string): Promise<string> {
  const there = await stat(path, { bigint: true }).catch(() => undefined);
  if (there !== undefined) return `${there.dev}:${there.ino}`;
  const folder = await realpath(dirname(path)).catch(() => dirname(path));
  return join(folder, basename(path)).toLowerCase();
}

function looksLikeKey(given: string): boolean {
  if (isPublicLine(given)) return false;
  return /[\r\n]/.test(given) || given.includes('untrusted comment:') || SECRET.test(given) || LONG_LINE.test(given);
}

function keyGiven(exitCode: number): CommandError {
  return new CommandError('usage', 'this is a key, not a file; nothing of it was read or shown', {
    remedy:
      'Pipe it, and say --key - (or --ring-key -): printf %s "$KEY" | fota sign FILE --key -. Who can list processes may have seen it.',
    exitCode,
  });
}
