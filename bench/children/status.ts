import { readFileSync } from 'node:fs';

/**
 * Prints one line of JSON for the bench: what was found out, and the most memory this process ever held (VmHWM).
 * Not `resourceUsage().maxRSS`, which on Linux begins at what the parent held when it forked.
 */
export function report(facts: Readonly<Record<string, unknown>> = {}): void {
  const peakKiB = Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  console.log(JSON.stringify({ ...facts, peakMiB: peakKiB / 1024 }));
}
