import { readFileSync } from 'node:fs';

/**
 * The most memory this process ever held (VmHWM). Not `resourceUsage().maxRSS`, which on Linux begins at what the parent
 * held when it forked.
 */
export function peakBytes(): number {
  return 1024 * Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

/** Prints one line of JSON for the bench: what was found out, and the most memory this process ever held. */
export function report(facts: Readonly<Record<string, unknown>> = {}): void {
  console.log(JSON.stringify({ ...facts, peakMiB: peakBytes() / 1024 ** 2 }));
}
