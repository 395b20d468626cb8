import { type Aim, markdownTable, type Row, row, type Section } from '../report.ts';
import { DEVICES, type Result, type Score, type ServerContest } from './contest.ts';
import type { Decisions, Million } from './decisions.ts';
import { type Discipline, disciplines, type Rival } from './disciplines.ts';

/** Bytes that a server with {@link DEVICES} devices may ever have held. */
const MEMORY_LIMIT_MIB = 512;

const LIMITS: Readonly<Record<Rival, string>> = { memory: 'bare Node', file: 'bare Node', nginx: 'nginx' };

/** `contest` is `undefined` where wrk is missing. */
export function serverSection(contest: ServerContest | undefined, decisions: Decisions, million: Million): Section {
  const pure = [
    decision('Decisions, pure, no news', decisions.noNewsNs),
    decision('Decisions, pure, with news', decisions.newsNs),
    patience('Plan of a rollout, 1 000 000 devices', million.planMs),
    patience('Advance of a wave, 1 000 000 devices', million.advanceMs),
  ];
  if (contest === undefined) {
    const missing = disciplines(1).flatMap((one) =>
      one.rivals.map(([rival, aim]) => notMeasured(one, rival, aim, 'wrk')),
    );
    return { title: 'The server', rows: [...missing, ...pure], text: TEXT };
  }
  const rows = [...contest.results.flatMap(rowsOf), ...pure, ...memoryRows(contest.memory)];
  return { title: 'The server', rows, text: `${record(contest.results)}${TEXT}` };
}

function rowsOf({ discipline, server, rivals }: Result): Row[] {
  return discipline.rivals.map(([name, least]) => {
    const rival = rivals.find((one) => one.name === name);
    if (rival === undefined) return notMeasured(discipline, name, least, 'nginx-light');
    const told = `${rate(discipline, rival.score)} ${LIMITS[name]}`;
    return row(discipline.what, rate(discipline, server), told, rival.ratio, aimOf(least));
  });
}

function notMeasured({ what }: Discipline, name: Rival, least: number | undefined, install: string): Row {
  const aim = aimOf(least)?.text ?? '';
  const measured = `not measured: install ${install}`;
  return { what, measured, limit: LIMITS[name], ratio: undefined, aim, verdict: 'not measured' };
}

function aimOf(least: number | undefined): Aim | undefined {
  return least === undefined ? undefined : { text: `≥ ${least} ×`, least };
}

function rate({ counts }: Discipline, { perS }: Score): string {
  return counts === 'bytes' ? `${Math.round(perS / 1024 ** 2)} MiB/s` : `${Math.round(perS)}/s`;
}

function decision(what: string, ns: number): Row {
  return row(what, `${(1000 / ns).toFixed(2)} M/s (${Math.round(ns)} ns)`, '', undefined, undefined);
}

/** Milliseconds that an operator waits for at most. */
const PATIENCE_MS = 2_000;

function patience(what: string, ms: number): Row {
  const aim = { text: '≤ 2 s', most: 1 };
  return row(what, `${(ms / 1_000).toFixed(2)} s`, '2 s', ms / PATIENCE_MS, aim);
}

function memoryRows({ used, started, empty }: ServerContest['memory']): Row[] {
  const mib = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
  const peakMiB = used.peakBytes / 1024 ** 2;
  const each = (started.heapBytes - empty.heapBytes) / started.devices;
  const limit = `${MEMORY_LIMIT_MIB} MiB`;
  return [
    row(`Peak memory with ${DEVICES} devices, after all this`, mib(used.peakBytes), limit, peakMiB / MEMORY_LIMIT_MIB, {
      text: `≤ ${limit}`,
      most: 1,
    }),
    row(
      `Memory when started with them`,
      mib(started.rssBytes),
      `${mib(empty.rssBytes)} with none`,
      started.rssBytes / empty.rssBytes,
      undefined,
    ),
    row('Heap of one device', `${Math.round(each)} bytes`, '', undefined, undefined),
  ];
}

/** What a reader needs to judge the table: CPU tells more than time where the load generator was the slower one. */
function record(results: readonly Result[]): string {
  const line = (what: string, name: string, { cpuMs, loadShare }: Score): string[] => [
    what,
    name,
    `${cpuMs.toFixed(cpuMs < 10 ? 3 : 0)} ms`,
    `${Math.round(100 * loadShare)} %`,
  ];
  const lines = results.flatMap(({ discipline: { what }, server, rivals }) => [
    line(what, 'the server', server),
    ...rivals.map(({ name, score }) => line('', LIMITS[name], score)),
  ]);
  return `For the record, what a request cost the one who answered it, and how busy the load generator was meanwhile (with 100 %
it, and not the server, is what was measured):

${markdownTable([['what', 'who', 'CPU of a request', 'load generator'], ...lines])}
`;
}

const TEXT = `
- **Everybody** closes the connection after each answer, as the server does and devices expect. The load is put on by wrk,
  one thread, for a second at a time, with the same requests for all: each is another device's. An answer with another
  status or length, or none, fails the run. Ratios are medians of what each round says.
- **The server** is \`startServer({ dataDir })\`: SQLite and disk, everything at its default. A device that has news is
  promised its package once that is durable (\`synchronous = FULL\`), and so is a first contact before it is answered.
- **Bare Node** is \`node:http\` that answers what the server answered, head and body, from memory and to everybody; for
  64 MiB, more than the server's cache takes, it is \`createReadStream(file).pipe(response)\`.
- **nginx** has one worker, \`sendfile\`, \`keepalive_timeout 0\` and no log; it decides and remembers nothing.
- **Check-ins with no news**: 1000 devices that are known and run the newest. **Past 20 rollouts**: 1000 devices below twenty
  releases, each of which is rolled out to others: every rollout is looked at, half of them by a query. **With news**: thousands of known devices, none
  more often than the server allows. **Ranges**: 1000 devices go on with the same package, with \`If-Range\`. **Downloads**:
  each by another device.
- **Plan**: each of a million devices is asked what it would get, by the decision that it gets. **Advance**: a million devices are looked
  through for one that could come in by a wave of none. CPU of the domain alone, in memory.
- **Decisions**: \`decide\` alone, for a plan of 20 firmwares with 5 releases each.
- **Memory**: all devices made themselves known by check-ins over HTTP. The peak is the highest resident size (VmHWM) of the
  server that did everything above, packages in its cache included. What one device takes of the heap is measured after
  a garbage collection, above a server on an empty folder.
`;
