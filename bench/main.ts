/** `npm run bench`: one run that measures everything docs/benchmarks.md says. */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { contest } from './contest.ts';
import { circumstances, page, plainTable, rows } from './report.ts';
import { doorSize } from './size.ts';

const USAGE = `npm run bench -- [options]

Measures CPU, memory and size of libfota2 against limits measured in the same run,
prints a table and writes docs/benchmarks.md. Ends with 1 when an aim is missed.

  --rounds N   rounds to take medians of, 1 or more (default 5)
  --mib N      MiB of the image, 1 or more (default 256)
  --json       print JSON instead, and write nothing
  --help       print this
`;

/** @returns the exit code: 1 when an aim is missed, 2 for options that cannot be used */
export async function main(args: readonly string[], root: string): Promise<number> {
  let rounds: number;
  let mib: number;
  let json: boolean;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '5' },
        mib: { type: 'string', default: '256' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    rounds = count(values.rounds, '--rounds');
    mib = count(values.mib, '--mib');
    json = values.json;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  const door = await doorSize();
  const result = await contest(mib, rounds, (round) => {
    process.stderr.write(round === 0 ? `Warming up, ${mib} MiB …\n` : `Round ${round} of ${rounds} …\n`);
  });
  const table = rows(result, door.gzipped);
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const where = circumstances(commit);
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...where, ...result, door, rows: table }, undefined, 2)}\n`);
  } else {
    process.stdout.write(`${plainTable(table)}\n`);
    await writeFile(`${root}/docs/benchmarks.md`, page(table, result, where));
  }
  return table.every(({ met }) => met) ? 0 : 1;
}

function count(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} must be a whole number, 1 or more`);
  return value;
}
