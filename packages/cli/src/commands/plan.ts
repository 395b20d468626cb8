import type { ApiPlan, ApiPlannedDevice, ApiPlanRequest } from '@libfota2/server';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import type { Client } from '../client/http.ts';
import { CommandError, EXIT } from '../failure.ts';
import { dim, green } from '../output/text.ts';
import { bytes, clockTime, counted } from '../output/words.ts';
import { type RolloutOptions, rolloutOptions, wantedBy } from '../rollouts/options.ts';
import { spanText, whyText } from '../warp/words.ts';
import { examples, type Invocation, integer, limit, serverOptions, withServer } from './command.ts';

type Options = Whereabouts &
  RolloutOptions & {
    readonly rollout?: number;
    readonly devices?: boolean;
    readonly id?: string;
    readonly wave?: number;
    readonly limit: number;
  };

const number = integer(1, Number.MAX_SAFE_INTEGER);
const PAGE = 1_000;
const CELLS = 32;

/** `fota plan`: what a rollout would do, with the devices of the server. */
export function addPlan(program: Command, invocation: Invocation): void {
  const command = serverOptions(program.command('plan')).description(
    'say what a rollout would do: which devices would get what, when, and how many bytes; changes nothing',
  );
  command.argument('[release]', 'number of the release, as fota release list shows it', number);
  rolloutOptions(command)
    .option('--rollout <rollout>', 'one that is there, instead of a release', number)
    .option('--devices', 'each device, instead of sums')
    .option('--id <prefix>', 'of the devices only those whose id begins so')
    .option('--wave <n>', 'of the devices only those of this wave', integer(1, 20))
    .option('--limit <n>', 'so many devices at most, or all', limit, 50)
    .action((release: number | undefined, options: Options) => run(invocation, release, options));
  examples(
    command,
    'fota plan 7                                  as fota rollout create 7 would do it',
    "fota plan 7 --to 'label:beta' --waves 10%,100% --max-per-hour 1GB",
    'fota plan --rollout 3',
    'fota plan --rollout 3 --devices --wave 1 --limit all --json | jq -r .items[].device',
  );
}

async function run(invocation: Invocation, release: number | undefined, options: Options): Promise<void> {
  const { world, out } = invocation;
  if ((release === undefined) === (options.rollout === undefined)) {
    throw new CommandError('usage', 'fota plan takes a release, or --rollout with a number', {
      remedy: 'Try: fota plan --help',
      exitCode: EXIT.usage,
    });
  }
  const planned: ApiPlanRequest =
    release === undefined
      ? { rollout: options.rollout ?? 0 }
      : { request: { release, ...(await wantedBy(options, world)) } };
  return withServer(invocation, options, async (client) => {
    if (options.devices === true || options.id !== undefined || options.wave !== undefined) {
      const page = await devicesOf(client, planned, options);
      out.result(page, () => showDevices(invocation, page));
      return;
    }
    const plan = await client.send('POST', '/plan', { body: planned });
    out.result(plan, () => showPlan(invocation, plan));
  });
}

async function devicesOf(
  client: Client,
  planned: ApiPlanRequest,
  { id, wave, limit: most }: Options,
): Promise<{ readonly items: readonly ApiPlannedDevice[]; readonly more: boolean }> {
  const items: ApiPlannedDevice[] = [];
  let cursor: string | undefined;
  do {
    const query = { id, wave, cursor, limit: Math.min(PAGE, most - items.length) };
    const page = await client.send('POST', '/plan/devices', { query, body: planned });
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined && items.length < most);
  return { items, more: cursor !== undefined };
}

function showDevices(
  { out }: Invocation,
  { items, more }: { readonly items: readonly ApiPlannedDevice[]; readonly more: boolean },
): void {
  if (items.length === 0) {
    out.line('No device that fits.');
    return;
  }
  out.table(
    ['DEVICE', 'VERSION', 'WAVE', 'BYTES', 'WHY NOT'],
    items.map(({ device, version, wave, bytes: size, why }) => [
      device,
      version,
      wave === undefined ? '-' : String(wave),
      size === undefined ? '-' : bytes(size),
      why === undefined ? '-' : whyText(why),
    ]),
  );
  if (more) out.note('There are more: --limit all');
}

function showPlan({ out }: Invocation, plan: ApiPlan): void {
  const { version, firmwareName, release, waves, devices, others } = plan;
  const all = others.reduce((sum, one) => sum + one.devices, devices);
  out.line(`${version} of ${firmwareName} (release ${release}) would reach ${devices} of ${counted(all, 'device')}:`);
  out.line();
  const names = waves.map(({ wave }) => `wave ${wave}`);
  const longest = Math.max(...names.map((name) => name.length));
  for (const [place, { from, devices: many, bytes: size, atLeastMs }] of waves.entries()) {
    const cells = all === 0 || many === 0 ? 0 : Math.max(1, Math.round((CELLS * many) / all));
    const when = from === undefined ? 'never: no window opens' : `from ${clockTime(from)}`;
    const lasts = atLeastMs === 0 ? '' : `, for ${spanText(atLeastMs)} at least`;
    out.line(
      (names[place] ?? '').padEnd(longest),
      '  ',
      green('█'.repeat(cells)),
      dim('░'.repeat(CELLS - cells)),
      `  ${String(many).padStart(7)}  ${bytes(size).padStart(9)}  ${when}${lasts}`,
    );
  }
  out.line();
  const [first, last] = [waves[0]?.from, waves.at(-1)];
  const end = last?.from === undefined ? undefined : Date.parse(last.from) + last.atLeastMs;
  const lasts =
    first === undefined || end === undefined ? '' : `, not before ${spanText(end - Date.parse(first))} have passed`;
  out.line(`${bytes(plan.bytes)} in all${lasts}. Nobody can say when devices ask: fota simulate rollout tries it out.`);
  if (others.length === 0) return;
  out.line();
  out.line('Nothing by it get:');
  for (const { why, devices: many } of others) out.line(`  ${String(many).padStart(7)}  `, whyText(why));
}
