import { spawnSync } from 'node:child_process';

/** What one run of a contestant cost. */
export interface Cost {
  /** User and system time of all its processes, from start to exit. */
  readonly cpuS: number;
  readonly wallS: number;
  /** Its standard output. */
  readonly said: string;
}

/**
 * Runs a contestant under bash, whose `time` counts every process of it, starts and exits included: one rule for Node,
 * curl and sha256sum alike, and finer than the clock ticks of /proc.
 */
export function run(script: string, ...args: readonly string[]): Cost {
  const timed = `TIMEFORMAT='%3U %3S %3R'; time { ${script}; }`;
  const done = spawnSync('bash', ['-ec', timed, 'bash', ...args], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const [user, system, wall] = (done.stderr ?? '').trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  if (done.status !== 0 || user === undefined || system === undefined || wall === undefined) {
    throw new Error(`${script} failed: ${done.stderr ?? ''}${done.error ?? ''}`);
  }
  return { cpuS: user + system, wallS: wall, said: done.stdout };
}

/** The middle value; of an even number of values the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}
