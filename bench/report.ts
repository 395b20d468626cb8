import { availableParallelism, release } from 'node:os';

/** One thing that is measured, against its limit. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  /** What it is held against; empty where there is no such thing. */
  readonly limit: string;
  /** Measured over limit. */
  readonly ratio: number | undefined;
  readonly aim: string;
  readonly verdict: 'met' | 'MISSED' | 'reference' | 'not measured';
}

/** A part of the page: its table, and what there is to say to it. */
export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
  /** Markdown, below the table. */
  readonly text: string;
}

/** Where and when it was measured. */
export interface Circumstances {
  readonly commit: string;
  readonly date: string;
  readonly node: string;
  readonly system: string;
}

export function circumstances(commit: string): Circumstances {
  return {
    commit,
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    system: `${process.platform} ${release().split('-')[0]}, ${process.arch}, ${availableParallelism()} cores`,
  };
}

/** What is aimed at: a ratio that is not to be passed, from below or from above. */
export interface Aim {
  readonly text: string;
  readonly most?: number;
  readonly least?: number;
}

export function row(
  what: string,
  measured: string,
  limit: string,
  ratio: number | undefined,
  aim: Aim | undefined,
): Row {
  const { text = '', most = Number.POSITIVE_INFINITY, least = 0 } = aim ?? {};
  const isMet = ratio !== undefined && ratio >= least && ratio <= most;
  return {
    what,
    measured,
    limit,
    ratio,
    aim: text,
    verdict: aim === undefined ? 'reference' : isMet ? 'met' : 'MISSED',
  };
}

const HEADINGS = ['what', 'measured', 'limit', 'ratio', 'aim', ''];

function cells({ what, measured, limit, ratio, aim, verdict }: Row): string[] {
  return [what, measured, limit, ratio === undefined ? '' : `${ratio.toFixed(2)} ×`, aim, verdict];
}

/** The tables for a terminal or a pipe: columns of spaces, no colour. */
export function plainTable(rows: readonly Row[]): string {
  const lines = [HEADINGS, ...rows.map(cells)];
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

/** A table of Markdown. */
export function markdownTable(lines: readonly (readonly string[])[]): string {
  const [headings = [], ...body] = lines;
  return [headings, headings.map(() => '---'), ...body].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** docs/benchmarks.md. */
export function page(sections: readonly Section[], rounds: number, where: Circumstances): string {
  const parts = sections.map(
    ({ title, rows, text }) => `## ${title}\n\n${markdownTable([HEADINGS, ...rows.map(cells)])}\n\n${text.trim()}`,
  );
  return `# Benchmarks

Written by \`npm run bench\`; do not edit. Every ratio is against a limit measured in the same run, over loopback, every
server in a process of its own.

- Commit \`${where.commit}\`, ${where.date}, Node ${where.node}, ${where.system}.
- Medians of ${rounds} rounds after some that warm up; the contestants take turns within a round.

${parts.join('\n\n')}

## How to run it again

\`\`\`sh
npm run bench                              # prints the tables and rewrites this page, in six minutes
npm run bench -- server                    # measures one part, library, slots or server, and leaves this page alone
npm run bench -- --rounds 9 --mib 64       # more rounds, a smaller image for library and slots
npm run bench -- --json                    # prints JSON, leaves this page alone
\`\`\`

It needs Linux, bash, curl and sha256sum, and for the server wrk (\`apt-get install wrk nginx-light\`). Where wrk is missing
the server is not measured, where nginx is missing what is held against it is not.
`;
}
