import type { ApiRelease } from '@libfota2/server';
import type { Command } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import type { QueryOf } from '../client/typed.ts';
import type { Out } from '../output/out.ts';
import { bold, span } from '../output/text.ts';
import { ago, bytes } from '../output/words.ts';
import { endOf, type Fact, signatureFacts } from '../trust/shown.ts';
import { choice, examples, type Invocation, integer, limit, nothing, serverOptions, withServer } from './command.ts';
import { makeSure, type Sure, sureOption } from './sure.ts';

type Options = Whereabouts & {
  readonly project?: string;
  readonly firmware?: string;
  readonly state?: QueryOf<'/releases'>['state'];
  readonly limit: number;
};

/** `fota release`: what devices hear of, and what they hear of no more. */
export function addRelease(program: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const group = program.command('release').description('show, publish and withdraw releases, make them floors');

  const list = serverOptions(group.command('list')).description('releases, the newest first');
  list
    .option('--project <name>', 'of one project')
    .option('--firmware <name>', 'of one firmware')
    .addOption(choice('--state <state>', 'in one state', 'draft', 'published', 'withdrawn'))
    .option('--limit <n>', 'so many at most, or all', limit, 50)
    .action((options: Options) =>
      withServer(invocation, options, async (client) => {
        const { project, firmware, state } = options;
        const query = { project, firmware, state };
        const page = await client.list('/releases', { query }, options.limit);
        out.result(page, () => {
          if (page.items.length === 0) return out.line(nothing(query, 'No release: fota publish FILE'));
          out.table(
            ['ID', 'PROJECT', 'FIRMWARE', 'VERSION', 'ON THE WIRE', 'STATE', 'PACKAGES', 'MADE'],
            page.items.map((release) => row(release, world.now())),
          );
          if (page.more) out.note('There are more: --limit all');
        });
      }),
    );
  examples(
    list,
    'fota release list',
    'fota release list --project tracker --state published',
    "fota release list --json | jq '.items[0].version'",
  );

  const show = serverOptions(group.command('show')).description('one release with its packages and notes');
  show
    .argument('<release>', 'number of the release, as fota release list shows it', id)
    .action((number: number, options: Options) =>
      withServer(invocation, options, async (client) => {
        shown(invocation, await client.get('/releases/{release}', { path: { release: number } }));
      }),
    );
  examples(show, 'fota release show 7');

  const publish = serverOptions(group.command('publish')).description('let devices hear of a draft');
  publish.argument('<release>', 'number of a draft', id).action((number: number, options: Options) =>
    withServer(invocation, options, async (client) => {
      shown(invocation, await client.send('POST', '/releases/{release}/publish', { path: { release: number } }));
    }),
  );
  examples(publish, 'fota release publish 7');

  const withdraw = serverOptions(group.command('withdraw')).description(
    'let devices hear of a release no more, for good',
  );
  sureOption(withdraw)
    .argument('<release>', 'number of the release', id)
    .action((number: number, options: Sure) =>
      withServer(invocation, options, async (client) => {
        const { version, firmwareName, state } = await client.get('/releases/{release}', { path: { release: number } });
        await makeSure(invocation, options.yes, {
          question: `Withdraw release ${number} (${version} of ${firmwareName}, ${state}) for good?`,
          undone: `release ${number} is not withdrawn`,
          whether: `release ${number} is to be withdrawn`,
        });
        shown(invocation, await client.send('POST', '/releases/{release}/withdraw', { path: { release: number } }));
        out.note('Devices that are being sent it may finish; nobody is offered it any more.');
      }),
    );
  examples(withdraw, 'fota release withdraw 7', 'fota release withdraw 7 --yes');

  const floor = serverOptions(group.command('floor')).description('make devices below a release pass through it');
  floor
    .argument('<release>', 'number of the release', id)
    .option('--off', 'they need not any more')
    .action((number: number, options: Whereabouts & { readonly off?: boolean }) =>
      withServer(invocation, options, async (client) => {
        const wanted = { isFloor: options.off !== true };
        shown(
          invocation,
          await client.send('POST', '/releases/{release}/floor', { path: { release: number }, body: wanted }),
        );
      }),
    );
  examples(
    floor,
    'fota release floor 7          devices below it are offered it before anything above it',
    'fota release floor 7 --off',
  );
}

const id = integer(1, Number.MAX_SAFE_INTEGER);
/** As the server tells it ahead. */
const SOON_MS = 14 * 86_400_000;

function shown({ out, world }: Invocation, release: ApiRelease): void {
  out.result(release, () => showRelease(out, release, world.now()));
}

function row(release: ApiRelease, now: number): string[] {
  return [
    String(release.id),
    release.project,
    release.firmwareName,
    release.version,
    release.wireVersion,
    [release.state, release.isFloor ? 'floor' : undefined, endText(release, now)].filter(Boolean).join(', '),
    release.packages.map(({ source, size }) => `${source === 'any' ? '' : `${source}: `}${bytes(size)}`).join(', '),
    ago(release.createdAt, now),
  ];
}

/** That a published release is not taken for much longer, or any more, by what is signed. */
function endText({ state, packages }: ApiRelease, now: number): string | undefined {
  const ends = packages.flatMap(({ signature }) => (signature === undefined ? [] : (endOf(signature) ?? [])));
  const end = Math.min(...ends) * 1_000;
  if (state !== 'published' || end > now + SOON_MS) return undefined;
  return `${end < now ? 'ended' : 'ends'} ${ago(new Date(end).toISOString(), now)}`;
}

/** A release as people see it, here and after `fota publish`. */
export function showRelease(out: Out, release: ApiRelease, now: number): void {
  out.facts([
    ['release', bold(String(release.id))],
    ['project', release.project],
    ['firmware', release.firmwareName],
    ['version', span(bold(release.version), release.core === undefined ? '' : `  (core ${release.core})`)],
    ['on the wire', release.wireVersion],
    ['state', release.state],
    ['floor', release.isFloor ? 'devices below it must pass through it' : undefined],
    ...release.packages.flatMap((each): Fact[] => [
      [
        'package',
        `${bytes(each.size)} for ${each.source === 'any' ? 'every core' : `core ${each.source}`}, ${each.format}, ` +
          `${each.fileName || 'without a file name'}, sha256 ${each.sha256}`,
      ],
      ...(each.signature === undefined ? [] : signatureFacts(each.signature, now)),
    ]),
    ['notes', release.notes === '' ? undefined : release.notes],
    ['made', ago(release.createdAt, now)],
    ['published', release.publishedAt && ago(release.publishedAt, now)],
    ['withdrawn', release.withdrawnAt && ago(release.withdrawnAt, now)],
  ]);
}
