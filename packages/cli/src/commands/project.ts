import type { ApiProject } from '@libfota2/server';
import { type Command, Option } from 'commander';
import { deviceUrlTold } from '../client/addresses.ts';
import { namedServer, type Whereabouts } from '../client/connect.ts';
import type { BodyOf } from '../client/typed.ts';
import { CommandError, EXIT } from '../failure.ts';
import type { Out } from '../output/out.ts';
import { bold } from '../output/text.ts';
import { ago, counted, quoted } from '../output/words.ts';
import { choice, examples, type Invocation, limit, serverOptions, withServer } from './command.ts';
import { addProjectTrust } from './project-trust.ts';
import { makeSure, type Sure, sureOption } from './sure.ts';

type Options = Whereabouts & {
  readonly key?: string;
  readonly registration?: BodyOf<'POST', '/projects'>['registration'];
  readonly refusals?: BodyOf<'POST', '/projects'>['refusals'];
  readonly limit: number;
};

/** `fota project`: what owns firmware names and releases, and its keys. */
export function addProject(program: Command, invocation: Invocation): void {
  const { out } = invocation;
  const group = program.command('project').description('make and show projects, change their keys');

  const create = serverOptions(group.command('create')).description(
    'make a project, with the key that its devices send',
  );
  create
    .argument('<name>', 'what people call it: 1 to 64 characters, Chinese ones too')
    .option('--key <key>', 'a key of your own, 32 letters and digits, such as the one your devices send already')
    .addOption(registration())
    .addOption(refusals())
    .action((name: string, { key, registration, refusals }: Options) =>
      withServer(
        invocation,
        create.opts(),
        async (client) => {
          const project = await client.send('POST', '/projects', { body: { name, key, registration, refusals } });
          const status = await client.get('/status');
          const url = deviceUrlTold(status, namedServer(create.opts(), invocation.world));
          out.result(
            project,
            () => {
              showProject(out, project, invocation.world.now());
              out.line();
              out.line(`Next: fota publish FILE --project ${quoted(name)}`);
              out.line('Devices ask with:');
              out.line(`  libfota2.request(callback, {url = "${url}?",`);
              out.line(`    project_key = "${project.key}"})`);
            },
            `The project was made all the same: fota project show ${quoted(name)} tells its key.`,
          );
        },
        { mayCreate: true },
      ),
    );
  examples(
    create,
    'fota project create tracker                  a key is made for it',
    'fota project create 智能电表 --registration closed',
    'fota project create old --key 0123456789abcdefABCDEF0123456789',
  );

  const list = serverOptions(group.command('list')).description('all projects');
  const most = new Option('--limit <n>', 'so many at most, or all').argParser(limit);
  list.addOption(most.default(Number.POSITIVE_INFINITY, 'all')).action((options: Options) =>
    withServer(invocation, options, async (client) => {
      const page = await client.list('/projects', {}, options.limit);
      out.result(page, () => {
        if (page.items.length === 0) return out.line('No project yet: fota project create NAME');
        const rows = page.items.map((project) => [
          project.name,
          project.key,
          project.registration,
          ago(project.createdAt, invocation.world.now()),
        ]);
        out.table(['PROJECT', 'KEY', 'REGISTRATION', 'MADE'], rows);
      });
    }),
  );
  examples(list, 'fota project list', "fota project list --json | jq -r '.items[].name'");

  const show = serverOptions(group.command('show')).description('one project with all its keys');
  show.argument('<project>', 'its name').action((name: string, options: Options) =>
    withServer(invocation, options, async (client) => {
      shown(invocation, await client.get('/projects/{project}', { path: { project: name } }));
    }),
  );
  examples(show, 'fota project show tracker');

  const set = serverOptions(group.command('set')).description('change who is registered, and what refusals carry');
  set
    .argument('<project>', 'its name')
    .addOption(registration())
    .addOption(refusals())
    .action((name: string, options: Options) => {
      const { registration, refusals } = options;
      if (registration === undefined && refusals === undefined) {
        throw new CommandError('usage', 'nothing is to be changed: give --registration or --refusals', {
          remedy: 'Try: fota project set --help',
          exitCode: EXIT.usage,
        });
      }
      return withServer(invocation, options, async (client) => {
        shown(
          invocation,
          await client.send('PATCH', '/projects/{project}', {
            path: { project: name },
            body: { registration, refusals },
          }),
        );
      });
    });
  examples(
    set,
    'fota project set tracker --registration closed     from now on only devices that are known or allowed',
    'fota project set tracker --refusals empty',
  );

  addProjectTrust(group, invocation);

  const key = group.command('key').description('change the key that devices send');
  const rotate = serverOptions(key.command('rotate')).description('make a new key; former ones are accepted on');
  rotate
    .argument('<project>', 'its name')
    .option('--key <key>', 'a key of your own, 32 letters and digits')
    .action((name: string, options: Options) =>
      withServer(invocation, options, async (client) => {
        const project = await client.send('POST', '/projects/{project}/keys', {
          path: { project: name },
          body: { key: options.key },
        });
        shown(invocation, project);
        out.note('Devices with a former key are served on. Once none asks with it: fota project key revoke');
      }),
    );
  examples(rotate, 'fota project key rotate tracker');

  const revoke = serverOptions(key.command('revoke')).description('accept a former key no more');
  sureOption(revoke)
    .argument('<project>', 'its name')
    .argument('<key>', 'a former key, as fota project show lists them')
    .action((name: string, former: string, options: Options & Sure) =>
      withServer(invocation, options, async (client) => {
        await makeSure(invocation, options.yes, {
          question: `Answer no device any more that asks for ${name} with this former key?`,
          undone: 'the key is not revoked',
          whether: `a key of ${name} is to be revoked`,
        });
        shown(
          invocation,
          await client.send('DELETE', '/projects/{project}/keys/{key}', { path: { project: name, key: former } }),
        );
      }),
    );
  examples(revoke, 'fota project key revoke tracker 0123456789abcdefABCDEF0123456789');
}

function registration(): Option {
  const what = 'open: a device is registered when it first asks; closed: only allowed ones';
  return choice('--registration <who>', what, 'open', 'closed');
}

function refusals(): Option {
  const what = 'json: as the IoT platform; empty: for devices that would keep the text as image';
  return choice('--refusals <what>', what, 'json', 'empty');
}

function shown({ out, world }: Invocation, project: ApiProject): void {
  out.result(project, () => showProject(out, project, world.now()));
}

function showProject(out: Out, project: ApiProject, now: number): void {
  const { formerKeys, keyRing, registration, refusals } = project;
  out.facts([
    ['project', bold(project.name)],
    ['key', project.key],
    [counted(formerKeys.length, 'former key'), formerKeys.length === 0 ? undefined : formerKeys.join('\n')],
    [
      'registration',
      registration === 'open' ? 'open: a device is registered when it first asks' : 'closed: only allowed devices',
    ],
    [
      'key ring',
      keyRing === null ? 'none: what is published need not be signed' : `${keyRing}: nothing unsigned is published`,
    ],
    ['refusals', refusals === 'json' ? 'json, as the IoT platform sends them' : 'empty'],
    ['made', ago(project.createdAt, now)],
  ]);
}
