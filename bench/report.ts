import { availableParallelism, release } from 'node:os';
import type { Contest } from './contest.ts';
import { DOOR_LIMIT_BYTES } from './size.ts';

/** One thing that is measured, against its limit. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  readonly limit: string;
  /** Measured over limit. */
  readonly ratio: number;
  readonly aim: string;
  readonly met: boolean;
}

/** Where and when it was measured. */
export interface Circumstances {
  readonly commit: string;
  readonly date: string;
  readonly node: string;
  readonly system: string;
}

const PEAK_LIMIT_MIB = 48;
const CPU_RATIO = 2;

export function circumstances(commit: string): Circumstances {
  return {
    commit,
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    system: `${process.platform} ${release().split('-')[0]}, ${process.arch}, ${availableParallelism()} cores`,
  };
}

/** The table: everything Node does is measured above a Node that does nothing. */
export function rows({ mib, scores }: Contest, doorBytes: number): Row[] {
  const { idle, curl, loop, upgrade } = scores;
  const curlMs = (1000 * curl.cpuS) / mib;
  const cpu = (what: string, cpuS: number, aim: number | undefined): Row => {
    const ms = (1000 * (cpuS - idle.cpuS)) / mib;
    return row(what, ms, curlMs, (n) => `${n.toFixed(2)} ms/MiB`, aim === undefined ? undefined : [`≤ ${aim} ×`, aim]);
  };
  const peak = (what: string, peakMiB = Number.NaN, isAimed: boolean): Row =>
    row(
      what,
      peakMiB - (idle.peakMiB ?? Number.NaN),
      PEAK_LIMIT_MIB,
      (n) => `${n.toFixed(1)} MiB`,
      isAimed ? [`≤ ${PEAK_LIMIT_MIB} MiB`, 1] : undefined,
    );
  const kib = (n: number): string => `${(n / 1024).toFixed(2)} KiB`;
  return [
    cpu('CPU of one upgrade', upgrade.cpuS, CPU_RATIO),
    cpu('CPU of a bare Node loop', loop.cpuS, undefined),
    peak('Peak memory of one upgrade', upgrade.peakMiB, true),
    peak('Peak memory of a bare Node loop', loop.peakMiB, false),
    row('Door, minified and gzipped', doorBytes, DOOR_LIMIT_BYTES, kib, [`≤ ${kib(DOOR_LIMIT_BYTES)}`, 1]),
  ];
}

function row(
  what: string,
  measured: number,
  limit: number,
  print: (value: number) => string,
  aim: readonly [text: string, ratio: number] | undefined,
): Row {
  const ratio = measured / limit;
  const met = aim === undefined || ratio <= aim[1];
  return { what, measured: print(measured), limit: print(limit), ratio, aim: aim?.[0] ?? '', met };
}

const HEADINGS = ['what', 'measured', 'limit', 'ratio', 'aim', ''];

function cells({ what, measured, limit, ratio, aim, met }: Row): string[] {
  return [what, measured, limit, `${ratio.toFixed(2)} ×`, aim, aim === '' ? 'reference' : met ? 'met' : 'MISSED'];
}

/** The table for a terminal or a pipe: columns of spaces, no colour. */
export function plainTable(table: readonly Row[]): string {
  const lines = [HEADINGS, ...table.map(cells)];
  const widths = HEADINGS.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** docs/benchmarks.md. */
export function page(table: readonly Row[], result: Contest, where: Circumstances): string {
  const markdown = [HEADINGS, HEADINGS.map(() => '---'), ...table.map(cells)]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n');
  const { mib, rounds, server, scores } = result;
  const wall = (['curl', 'loop', 'upgrade'] as const)
    .map((name) => `${name} ${scores[name].wallS.toFixed(2)} s`)
    .join(', ');
  return `# Benchmarks

Written by \`npm run bench\`; do not edit. Every ratio is against a limit measured in the same run, with the same image
(${mib} MiB of random bytes), from the same server (${server}, in a process of its own, over loopback).

- Commit \`${where.commit}\`, ${where.date}, Node ${where.node}, ${where.system}.
- Medians of ${rounds} rounds after one that warms up; the contestants take turns within a round.

${markdown}

Wall time, for the record: ${wall}.

## What the limits are

- **CPU**: user and system time of \`curl -s -o file URL && sync file && sha256sum file\`: download, durable write, digest,
  in C. An upgrade is a child process that calls \`upgrade()\` once; the CPU of a Node that starts and does nothing is taken
  off. Where \`sha256sum\` makes no use of the processor's SHA instructions, as Debian's, Node's hash is several times
  faster, which is how a ratio below 1 comes about. Both are timed by bash, process start and exit included.
- **Bare Node loop**: a child that hashes and writes what \`node:http\` brings, with no check, retry, resume or note. It is
  no limit but tells what Node itself costs.
- **Peak memory**: the highest resident size (VmHWM, the mapped pages of the Node binary included) of the child, above that
  of a Node that starts and does nothing. The limit of ${PEAK_LIMIT_MIB} MiB is meant for an image of 256 MiB.
- **Door**: \`libfota2\` with everything behind it in one file, minified by the bundler of this workspace, \`gzip -9\`. A
  test (\`bench/size.test.ts\`) holds it in \`npm test\`.

## How to run it again

\`\`\`sh
npm run bench                              # prints the table and rewrites this page
npm run bench -- --rounds 9 --mib 64       # more rounds, a smaller image
npm run bench -- --json                    # prints JSON, leaves this page alone
\`\`\`

It needs Linux, bash, curl and sha256sum; nginx is used where it is installed.
`;
}
