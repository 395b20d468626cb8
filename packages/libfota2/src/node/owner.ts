import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';

const PART = /\.(\d+)-(\d+)-([0-9a-f]*)-[0-9a-f]+\.part$/;

/**
 * A new name for a part of `path` that tells who made it: process, thread, and the machine's boot. So a part that is
 * being written is told from one that a crash or a power cut left, without a lock that could outlive its owner.
 */
export function newPartName(path: string): string {
  return `${path}.${process.pid}-${threadId}-${boot()}-${randomBytes(4).toString('hex')}.part`;
}

/** Whether somebody else who lives made this part: another process, or another thread of this one. */
export function isForeign(name: string): boolean {
  const [, pid, thread, madeInBoot] = PART.exec(name) ?? [];
  if (pid === undefined || madeInBoot !== boot()) return false;
  if (Number(pid) === process.pid) return Number(thread) !== threadId;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    // Somebody else's process lives, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Eight digits that change with every start of the machine; empty where the system does not tell. */
function boot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
  } catch {
    return '';
  }
}
