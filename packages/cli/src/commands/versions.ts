import type { ApiVersionHistory } from '@libfota2/server';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import { spark } from '../output/spark.ts';
import { ago, printable } from '../output/words.ts';
import { chosenProject } from './choose.ts';
import { examples, type Invocation, integer, serverOptions, withServer } from './command.ts';
import { duration } from './duration.ts';

type Options = Whereabouts & {
  readonly project?: string;
  readonly firmware?: string;
  readonly since: number;
  readonly step?: number;
  readonly csv?: boolean;
};

const MOST_HOURS = 400 * 24;
const CURVE = 30;

/** `fota versions`: which versions the devices of a project run, and how that went. */
export function addVersions(program: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const command = serverOptions(program.command('versions')).description(
    'how many devices run which version, counted each hour by the server',
  );
  command
    .option('--project <name>', 'where there are several')
    .option('--firmware <name>', 'of one firmware')
    .option('--since <time>', 'how far back, such as 12h or 90d; 400d are kept', duration, duration('30d'))
    .option('--step <hours>', 'only of every so many hours (default: about 200 in all)', integer(1, MOST_HOURS))
    .option('--csv', 'every count in a line, for spreadsheets')
    .action((options: Options) =>
      withServer(invocation, options, async (client) => {
        const { firmware, step, since } = options;
        const project = await chosenProject(client, options.project);
        const from = new Date(world.now() - since).toISOString();
        const query = { firmware, step, from };
        const history = await client.get('/projects/{project}/versions', { path: { project }, query });
        if (options.csv === true && !out.isJson) return out.raw(csvOf(project, history));
        out.result({ project, ...history }, () => {
          const last = history.hours.at(-1);
          const shown = history.series.filter(({ devices }) => devices.some((count) => count > 0));
          if (last === undefined) return out.line('Nothing was counted yet: a server that runs counts each hour.');
          if (shown.length === 0) return out.line('No device that fits.');
          const isTerminal = world.stdout.isTTY === true;
          const head = ['FIRMWARE', 'VERSION', 'DEVICES', 'SHARE', 'SEEN IN A DAY'];
          out.table(isTerminal ? [...head, 'CURVE'] : head, rowsOf(shown, isTerminal));
          out.line();
          out.line(`Counted ${ago(last, world.now())}.`);
        });
      }),
    );
  examples(
    command,
    'fota versions',
    'fota versions --project tracker --firmware gateway --since 90d',
    'fota versions --since 7d --step 1 --csv > versions.csv',
    "fota versions --json | jq '.series[] | {version, devices: .devices[-1]}'",
  );
}

type Series = ApiVersionHistory['series'];

function rowsOf(series: Series, isTerminal: boolean): string[][] {
  const wholeOf = new Map<string, number>();
  const highestOf = new Map<string, number>();
  for (const { firmwareName, devices } of series) {
    wholeOf.set(firmwareName, (wholeOf.get(firmwareName) ?? 0) + (devices.at(-1) ?? 0));
    highestOf.set(firmwareName, Math.max(highestOf.get(firmwareName) ?? 0, ...devices));
  }
  return series.map(({ firmwareName, version, devices, seen }) => {
    const now = devices.at(-1) ?? 0;
    const whole = wholeOf.get(firmwareName) ?? 0;
    const share = whole === 0 ? '' : `${((100 * now) / whole).toFixed(now === 0 || now === whole ? 0 : 1)} %`;
    const row = [firmwareName, version === '' ? '(none)' : version, String(now), share, String(seen.at(-1) ?? 0)];
    return isTerminal ? [...row, spark(devices, highestOf.get(firmwareName) ?? 0, CURVE)] : row;
  });
}

function csvOf(project: string, { hours, series }: ApiVersionHistory): string {
  const lines = hours.flatMap((hour, at) =>
    series.map(({ firmwareName, version, devices, seen }) =>
      [hour, project, firmwareName, version, devices[at] ?? 0, seen[at] ?? 0].map(cell).join(','),
    ),
  );
  return [['hour', 'project', 'firmware', 'version', 'devices', 'seen'].join(','), ...lines, ''].join('\r\n');
}

/** As RFC 4180 wants it. */
function cell(value: string | number): string {
  const text = printable(String(value));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
