import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { CommandError } from '../failure.ts';
import type { World } from '../world.ts';

/** A list of this many bytes names more devices than a server remembers. */
const LARGEST_LIST = 256 << 20;

/** The ids of devices in a file, one a line; `-` is stdin. @throws CommandError `file-unreadable` */
export async function idsIn(file: string, world: Pick<World, 'cwd' | 'stdin'>): Promise<string[]> {
  const lines = (await contentOf(file, world, LARGEST_LIST))
    .toString()
    .replace(/^\ufeff/, '')
    .split('\n')
    .map((line) => line.trim());
  return lines.filter((id) => id !== '');
}

/** The whole of a file of so many bytes at most; `-` is stdin. @throws CommandError `file-unreadable` */
export async function contentOf(file: string, world: Pick<World, 'cwd' | 'stdin'>, largest: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    const bytes = file === '-' ? world.stdin() : createReadStream(resolve(world.cwd, file));
    for await (const part of bytes) {
      parts.push(Buffer.from(part));
      size += part.length;
      if (size > largest) throw new Error('it is too large to be a list of devices');
    }
  } catch (error) {
    const name = file === '-' ? 'stdin' : file;
    throw new CommandError('file-unreadable', `${name} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  return Buffer.concat(parts);
}
