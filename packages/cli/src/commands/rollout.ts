import type { ApiAttempt, ApiRollout } from '@libfota2/server';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import { type QueryOf, wordsOf } from '../client/typed.ts';
import { waitText } from '../output/waits.ts';
import { ago } from '../output/words.ts';
import { isUntouched } from '../rollouts/bar.ts';
import { type RolloutOptions, rolloutOptions, wantedBy } from '../rollouts/options.ts';
import { progressLines, ruleLines } from '../rollouts/show.ts';
import { watchRollout } from '../rollouts/watch.ts';
import { choice, examples, type Invocation, integer, limit, nothing, serverOptions, withServer } from './command.ts';
import { addSteps } from './rollout-steps.ts';

type ListOptions = Whereabouts & {
  readonly project?: string;
  readonly release?: number;
  readonly state?: QueryOf<'/rollouts'>['state'];
  readonly limit: number;
};
type AttemptOptions = Whereabouts & {
  readonly standing?: QueryOf<'/rollouts/{rollout}/attempts'>['standing'];
  readonly device?: string;
  readonly limit: number;
};

const STATES = wordsOf<ApiRollout['state']>({
  scheduled: true,
  running: true,
  paused: true,
  complete: true,
  aborted: true,
});
const STANDINGS = wordsOf<ApiAttempt['standing']>({
  'under-way': true,
  confirmed: true,
  failed: true,
  'rolled-back': true,
  silent: true,
  superseded: true,
});
const id = integer(1, Number.MAX_SAFE_INTEGER);

/** `fota rollout`: a release reaches devices in waves, and stops by itself when it does not go well. */
export function addRollout(program: Command, invocation: Invocation): void {
  const group = program.command('rollout').description('bring a release to devices in waves; watch, pause and undo it');
  addCreate(group, invocation);
  addList(group, invocation);

  const show = serverOptions(group.command('show')).description('how far a rollout is, why, and what comes next');
  show
    .argument('<rollout>', 'its number', id)
    .option('-w, --watch', 'go on showing it until it is complete, or aborted (exit code 1), or Ctrl-C')
    .action((number: number, options: Whereabouts & { readonly watch?: boolean }) =>
      withServer(
        invocation,
        options,
        async (client) => {
          const get = (): Promise<ApiRollout> => client.get('/rollouts/{rollout}', { path: { rollout: number } });
          if (options.watch === true) return watchRollout(invocation, get);
          showRollout(invocation, await get());
        },
        { running: options.watch === true },
      ),
    );
  examples(
    show,
    'fota rollout show 3',
    'fota rollout show 3 --watch',
    'fota rollout show 3 --json | jq .counts.confirmed',
  );

  addSteps(group, invocation);
  addAttempts(group, invocation);
  group.addHelpText('after', REST);
}

const REST = `
Nothing counts as success but a device that asks again with the new version.`;

function addCreate(group: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const create = serverOptions(group.command('create')).description(
    'roll a release out; a draft is published with it, and says nothing to any other device',
  );
  rolloutOptions(create.argument('<release>', 'number of the release, as fota release list shows it', id));
  create.action((release: number, options: Whereabouts & RolloutOptions) =>
    withServer(invocation, options, async (client) => {
      const wanted = await wantedBy(options, world);
      const made = await client.send('POST', '/rollouts', { body: { release, ...wanted } });
      out.result(made, () => showMade(invocation, made));
    }),
  );
  examples(
    create,
    'fota rollout create 7                                 to all, 5 % first, then 25 %, then 100 %',
    "fota rollout create 7 --to 'label:beta and version < 2.0' --waves 100% --soak 0s",
    'fota rollout create 7 --waves @lab.txt,5%,100% --soak 12h --confirm 90%',
    "fota rollout create 7 --window 'mon-fri 22:00-06:00' --time-zone Asia/Shanghai --max-per-hour 1GB",
  );
}

/** What was made, in sentences, here and after `fota publish`. */
export function showMade({ out }: Invocation, made: ApiRollout): void {
  const { id: number, version, release, firmwareName, next } = made;
  out.line(`Rollout ${number} brings ${version} of ${firmwareName} (release ${release}) to devices.`);
  for (const line of ruleLines(made)) out.line(line);
  out.line();
  out.line(next.says);
  out.line(`Watch it: fota rollout show ${number} --watch`);
}

function showRollout({ out, world }: Invocation, rollout: ApiRollout): void {
  out.result(rollout, () => {
    for (const line of progressLines(rollout, world.now())) out.line(line);
    out.line();
    for (const line of ruleLines(rollout)) out.line(line);
  });
}

function addList(group: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const list = serverOptions(group.command('list')).description('rollouts, the newest first');
  list
    .option('--project <name>', 'of one project')
    .option('--release <release>', 'of one release', id)
    .addOption(choice('--state <state>', 'in one state', ...STATES))
    .option('--limit <n>', 'so many at most, or all', limit, 50)
    .action((options: ListOptions) =>
      withServer(invocation, options, async (client) => {
        const { project, release, state } = options;
        const query = { project, release, state };
        const page = await client.list('/rollouts', { query }, options.limit);
        out.result(page, () => {
          if (page.items.length === 0) return out.line(nothing(query, 'No rollout: fota rollout create RELEASE'));
          out.table(
            ['ID', 'PROJECT', 'FIRMWARE', 'VERSION', 'STATE', 'WAVE', 'CONFIRMED', 'UNDER WAY', 'BAD', 'MADE'],
            page.items.map((rollout) => row(rollout, world.now())),
          );
          if (page.more) out.note('There are more: --limit all');
        });
      }),
    );
  examples(list, 'fota rollout list', 'fota rollout list --state paused --json | jq .items[].why');
}

function row(rollout: ApiRollout, now: number): string[] {
  const { counts, wave, waves } = rollout;
  const isUnknown = isUntouched(counts);
  return [
    String(rollout.id),
    rollout.project,
    rollout.firmwareName,
    rollout.version,
    rollout.state,
    `${wave} of ${waves.length}`,
    isUnknown ? '-' : String(counts.confirmed),
    isUnknown ? '-' : String(counts.underWay),
    isUnknown ? '-' : String(counts.failed + counts.rolledBack + counts.silent),
    ago(rollout.createdAt, now),
  ];
}

function addAttempts(group: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const attempts = serverOptions(group.command('attempts')).description('how far each device of a rollout has come');
  attempts
    .argument('<rollout>', 'its number', id)
    .addOption(choice('--standing <standing>', 'that stand so', ...STANDINGS))
    .option('--device <id>', 'of one device')
    .option('--limit <n>', 'so many at most, or all', limit, 50)
    .action((number: number, options: AttemptOptions) =>
      withServer(invocation, options, async (client) => {
        const { standing, device } = options;
        const query = { standing, device };
        const page = await client.list(
          '/rollouts/{rollout}/attempts',
          { path: { rollout: number }, query },
          options.limit,
        );
        out.result(page, () => {
          if (page.items.length === 0) return out.line(nothing(query, 'No device was offered the release by it yet.'));
          out.table(
            ['DEVICE', 'WAVE', 'FROM', 'STATE', 'IN VAIN', 'LAST CHANGE', 'WHY'],
            page.items.map((attempt) => attemptRow(attempt, world.now())),
          );
          if (page.more) out.note('There are more: --limit all');
        });
      }),
    );
  examples(
    attempts,
    'fota rollout attempts 3 --standing failed',
    'fota rollout attempts 3 --standing silent --limit all --json | jq -r .items[].device',
  );
}

function attemptRow(
  { device, wave, from, state, failures, changedAt, code, detail, deferral }: ApiAttempt,
  now: number,
): string[] {
  const ended = code === undefined ? detail : `${code} ${detail}`.trimEnd();
  const why = deferral === undefined ? ended : waitText(deferral, now);
  return [device, String(wave ?? '-'), from, state, String(failures), ago(changedAt, now), why || '-'];
}
