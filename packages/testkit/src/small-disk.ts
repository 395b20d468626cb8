import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tool } from './tools.ts';

/** A file system of its own, which can be full. */
export interface SmallDisk {
  /** A folder of it. */
  readonly path: string;
  /** Bytes that nobody has taken. */
  free(): number;
  /** Takes what is free but for so many bytes, by default none. */
  fill(leave?: number): void;
  /** Gives back what `fill` took. */
  empty(): void;
  remove(): void;
}

const PIECE = new Uint8Array(1 << 20);

/**
 * What makes small disks on this machine. `undefined` where nobody may mount here: skip the test then; a line on the console
 * says so. Under CI that is an error, for there nobody reads it.
 */
export function smallDisks(): ((bytes: number) => SmallDisk) | undefined {
  const mount = tool('mount', 'apt-get install mount');
  const umount = tool('umount', 'apt-get install mount');
  if (mount === undefined || umount === undefined) return undefined;
  const mounted = (bytes: number): SmallDisk | undefined => {
    const path = mkdtempSync(join(tmpdir(), 'fota disk '));
    const { status } = spawnSync(mount, ['-t', 'tmpfs', '-o', `size=${bytes},mode=700`, 'tmpfs', path]);
    if (status === 0) return diskAt(path, umount);
    rmdirSync(path);
    return undefined;
  };
  const first = mounted(1 << 16);
  if (first === undefined) {
    const message = 'mounting is permitted to root alone, so the tests with full disks of servers cannot run';
    if (process.env['CI'] !== undefined) throw new Error(message);
    // biome-ignore lint/suspicious/noConsole: a skipped proof must be seen in the report
    console.warn(`SKIPPED: ${message}`);
    return undefined;
  }
  first.remove();
  return (bytes) => {
    const disk = mounted(bytes);
    if (disk === undefined) throw new Error('a small disk cannot be mounted');
    return disk;
  };
}

function diskAt(root: string, umount: string): SmallDisk {
  const filler = join(root, 'filler');
  const free = (): number => {
    const { bavail, bsize } = statfsSync(root);
    return bavail * bsize;
  };
  return {
    path: root,
    free,
    fill(leave = 0) {
      const file = openSync(filler, 'a');
      try {
        for (let left = free() - leave; left > 0; left = free() - leave) {
          writeSync(file, PIECE, 0, Math.min(left, PIECE.length));
        }
      } catch (error) {
        // Somebody else has taken the rest.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(file);
      }
    },
    empty: () => rmSync(filler, { force: true }),
    remove() {
      // Lazily: that a server has not let go of it yet is no reason for a mount to stay behind.
      spawnSync(umount, ['-l', root]);
      rmdirSync(root);
    },
  };
}
