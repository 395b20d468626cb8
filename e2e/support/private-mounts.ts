import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { tool } from '@libfota2/testkit';

/** Runs as `unshare` lets it, with a file system of its own at `$1`; `undefined` where that is not permitted. */
export function privateMounts(): readonly [program: string, ...args: string[]] | undefined {
  const unshare = tool('unshare', 'apt-get install util-linux');
  if (unshare === undefined) return undefined;
  const ways = [
    ['-m'],
    // Whoever is not root becomes root in a namespace of his own.
    ['-Urm'],
  ];
  const way = ways.find((args) => {
    const mount = ['sh', '-c', 'mount -t tmpfs -o size=64k tmpfs "$0"', tmpdir()];
    return spawnSync(unshare, [...args, ...mount]).status === 0;
  });
  if (way !== undefined) return [unshare, ...way];
  const message = 'mounting in a namespace is not permitted, so the tests with full and read-only disks cannot run';
  if (process.env['CI'] !== undefined) throw new Error(message);
  console.warn(`SKIPPED: ${message}`);
  return undefined;
}
