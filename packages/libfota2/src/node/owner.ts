import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const PART = /\.(\d+)-([0-9a-z]+)-([0-9a-f]*)-[0-9a-f]+\.part$/;

/**
 * A new name for a part of `path` that tells who made it: process, its start, the machine's boot. So a part of a process
 * that lives is told from one that a crash or a power cut left, without a lock that could outlive its owner.
 */
export function newPartName(path: string): string {
  return `${path}.${process.pid}-${startOfProcess()}-${boot()}-${randomBytes(4).toString('hex')}.part`;
}

/** Whether a living process made this part: any but this one (`elsewhere`), or any at all (`anywhere`). */
export function isInUse(name: string, where: 'elsewhere' | 'anywhere'): boolean {
  const [, pid = '', start, madeInBoot] = PART.exec(name) ?? [];
  if (pid === '' || madeInBoot !== boot()) return false;
  if (Number(pid) === process.pid) return where === 'anywhere' && start === startOfProcess();
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    // Somebody else's process lives, too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function startOfProcess(): string {
  return Math.round(performance.timeOrigin).toString(36);
}

/** Eight digits that change with every start of the machine; empty where the system does not tell. */
function boot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
  } catch {
    return '';
  }
}
