/** `npm run bench`: one run that measures everything docs/benchmarks.md says. */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { contest } from './library/contest.ts';
import { librarySection } from './library/section.ts';
import { doorSize } from './library/size.ts';
import { slotsContest } from './library/slots.ts';
import { slotsSection } from './library/slots-section.ts';
import { circumstances, page, plainTable, type Section } from './report.ts';
import { serverContest } from './server/contest.ts';
import { measureDecisions, measureMillion } from './server/decisions.ts';
import { serverSection } from './server/section.ts';

const USAGE = `npm run bench -- [library|slots|server] [options]

Measures libfota2 and its server against limits measured in the same run, prints tables
and writes docs/benchmarks.md. With the name of one part it measures that part, and
writes nothing. Ends with 1 when an aim is missed.

  --rounds N   rounds to take medians of, 1 or more (default 5)
  --mib N      MiB of the image of library and slots, 1 or more (default 256)
  --json       print JSON instead, and write nothing
  --help       print this
`;

const PARTS = ['library', 'slots', 'server'] as const;
type Part = (typeof PARTS)[number];

interface Wanted {
  readonly parts: readonly Part[];
  readonly rounds: number;
  readonly mib: number;
  readonly json: boolean;
}

/** What a part found out: for the page, and for programs. */
interface Found {
  readonly section: Section;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** @returns the exit code: 1 when an aim is missed, 2 for options that cannot be used */
export async function main(args: readonly string[], root: string): Promise<number> {
  let wanted: Wanted | undefined;
  try {
    wanted = wantedOf(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  if (wanted === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { parts, rounds, json } = wanted;
  const found: Found[] = [];
  for (const part of parts) found.push(await MEASURES[part](wanted));
  const sections = found.map(({ section }) => section);
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const where = circumstances(commit);
  const rows = sections.flatMap((section) => section.rows);
  if (json) {
    const facts = Object.assign({}, ...found.map((one) => one.facts)) as Record<string, unknown>;
    process.stdout.write(`${JSON.stringify({ ...where, rounds, ...facts, rows }, undefined, 2)}\n`);
  } else {
    process.stdout.write(`${plainTable(rows)}\n`);
    if (parts.length === PARTS.length) await writeFile(`${root}/docs/benchmarks.md`, page(sections, rounds, where));
  }
  return rows.some(({ verdict }) => verdict === 'MISSED') ? 1 : 0;
}

const MEASURES: Readonly<Record<Part, (wanted: Wanted) => Promise<Found>>> = {
  async library({ mib, rounds }) {
    const door = await doorSize();
    const result = await contest(mib, rounds, (round) => {
      say(round === 0 ? `Library, warming up, ${mib} MiB` : `Library, round ${round} of ${rounds}`);
    });
    return { section: librarySection(result, door.gzipped), facts: { library: { ...result, door } } };
  },

  async slots({ mib, rounds }) {
    const result = await slotsContest(mib, rounds, (step) => say(`Slots, ${step}`));
    return { section: slotsSection(result), facts: { slots: result } };
  },

  async server({ rounds }) {
    say('Server, pure decisions');
    const decisions = measureDecisions();
    say('Server, a million devices');
    const million = measureMillion();
    const result = await serverContest(rounds, (step) => say(`Server, ${step}`));
    return { section: serverSection(result, decisions, million), facts: { server: { ...result, decisions, million } } };
  },
};

function say(what: string): void {
  process.stderr.write(`${what} …\n`);
}

/** `undefined` where help is wanted. */
function wantedOf(args: readonly string[]): Wanted | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      mib: { type: 'string', default: '256' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const unknown = positionals.find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) throw new Error(`"${unknown}" is no part: ${PARTS.join(', ')}`);
  const parts = positionals.length === 0 ? PARTS : PARTS.filter((part) => positionals.includes(part));
  const rounds = count(values.rounds, '--rounds');
  return { parts, rounds, mib: count(values.mib, '--mib'), json: values.json };
}

function count(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} must be a whole number, 1 or more`);
  return value;
}
