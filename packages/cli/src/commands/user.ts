import type { ApiUser } from '@libfota2/server';
import { type Command, Option } from 'commander';
import type { Whereabouts } from '../client/connect.ts';
import { CommandError, EXIT } from '../failure.ts';
import { bold } from '../output/text.ts';
import { ago } from '../output/words.ts';
import { choice, examples, type Invocation, serverOptions, withServer } from './command.ts';
import { type GrantOptions, grantOptions, placesOf, ROLES } from './grant.ts';
import { makeSure, type Sure, sureOption } from './sure.ts';

type Options = Whereabouts & { readonly passwordStdin?: boolean };
type RoleOptions = Whereabouts &
  Partial<GrantOptions> & {
    readonly allProjects?: boolean;
  };

/** Bytes of what is piped in as a password. */
const LONGEST_PASSWORD = 4_096;

/** `fota user`: people who may come in over the network. */
export function addUser(program: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const group = program.command('user').description('people who may come in over the network, and what they may do');
  const one = (name: string, about: string): Command =>
    serverOptions(group.command(name)).description(about).argument('<user>', 'the name');

  const add = passwordOption(
    grantOptions(serverOptions(group.command('add')).description('let somebody in').argument('<name>', 'a new name')),
  );
  add.action(async (name: string, { role, project, passwordStdin, ...options }: Options & GrantOptions) => {
    const password = await passwordFor(invocation, name, passwordStdin);
    await withServer(
      invocation,
      options,
      async (client) => {
        const wanted = { name, password, role, projects: project };
        shown(invocation, await client.send('POST', '/users', { body: wanted }));
      },
      { mayCreate: true },
    );
  });
  examples(
    add,
    'fota user add ada --role operator --project tracker station',
    'pass fota/ada | fota user add ada --role viewer --password-stdin',
  );

  const list = serverOptions(group.command('list')).description('who there is');
  list.action((options: Whereabouts) =>
    withServer(invocation, options, async (client) => {
      const users = await client.get('/users');
      out.result(users, () => {
        if (users.items.length === 0) return out.line('No user: fota user add NAME --role ROLE');
        const now = world.now();
        out.table(
          ['NAME', 'ROLE', 'PROJECTS', 'MADE', 'PASSWORD SET', 'MAY COME IN'],
          users.items.map((user) => [
            user.name,
            user.role,
            placesOf(user),
            ago(user.createdAt, now),
            ago(user.passwordAt, now),
            user.isDisabled ? 'no' : 'yes',
          ]),
        );
      });
    }),
  );
  examples(list, 'fota user list');

  const show = one('show', 'what one may do');
  show.action((name: string, options: Whereabouts) =>
    withServer(invocation, options, async (client) =>
      shown(invocation, await client.get('/users/{user}', { path: { user: name } })),
    ),
  );
  examples(show, 'fota user show ada');

  const role = one('role', 'change what somebody may do, and where; ends their sessions')
    .addOption(choice('--role <role>', 'each may do what those before it may', ...ROLES))
    .option('--project <name...>', 'only in these projects')
    .addOption(new Option('--all-projects', 'in all projects').conflicts('project'));
  role.action((name: string, { role: wanted, project, allProjects, ...options }: RoleOptions) => {
    const projects = allProjects === true ? ('all' as const) : project;
    if (wanted === undefined && projects === undefined) {
      throw new CommandError('usage', 'nothing is to be changed', {
        remedy: 'Say it with --role, --project or --all-projects.',
        exitCode: EXIT.usage,
      });
    }
    const change = { role: wanted, projects };
    return withServer(invocation, options, async (client) =>
      shown(invocation, await client.send('PATCH', '/users/{user}', { path: { user: name }, body: change })),
    );
  });
  examples(
    role,
    'fota user role ada --role admin',
    'fota user role ada --project tracker',
    'fota user role ada --all-projects',
  );

  const password = passwordOption(one('password', 'set another password; ends their sessions'));
  password.action(async (name: string, { passwordStdin, ...options }: Options) => {
    const next = await passwordFor(invocation, name, passwordStdin);
    await withServer(invocation, options, async (client) => {
      const user = await client.send('PUT', '/users/{user}/password', {
        path: { user: name },
        body: { password: next },
      });
      out.result(user, () => out.line(`${user.name} has another password; their sessions have ended.`));
    });
  });
  examples(password, 'fota user password ada', 'pass fota/ada | fota user password ada --password-stdin');

  for (const [verb, isDisabled, about] of [
    ['disable', true, 'keep somebody out, without removing them; ends their sessions'],
    ['enable', false, 'let somebody in again'],
  ] as const) {
    const command = one(verb, about);
    command.action((name: string, options: Whereabouts) =>
      withServer(invocation, options, async (client) =>
        shown(invocation, await client.send('PATCH', '/users/{user}', { path: { user: name }, body: { isDisabled } })),
      ),
    );
    examples(command, `fota user ${verb} ada`);
  }

  const remove = one('remove', 'remove somebody, and end their sessions');
  sureOption(remove).action((name: string, options: Sure) =>
    withServer(invocation, options, async (client) => {
      await makeSure(invocation, options.yes, {
        question: `Remove the user ${name}, and end their sessions?`,
        undone: `${name} is not removed`,
        whether: `the user ${name} is to be removed`,
      });
      await client.send('DELETE', '/users/{user}', { path: { user: name } });
      out.result({ name, removed: true }, () => out.line(`${name} is removed.`));
    }),
  );
  examples(remove, 'fota user remove ada', 'fota user remove ada --yes');
}

/** Never an argument: those are in the list of processes, and in the history of the shell. */
function passwordOption(command: Command): Command {
  return command.option('--password-stdin', 'take the password from stdin: its first line; default: ask for it');
}

/** @throws CommandError `password-needed` */
async function passwordFor({ out, world, signal }: Invocation, name: string, isPiped = false): Promise<string> {
  if (isPiped) return piped(world.stdin());
  const first = await out.askUnseen(`Password for ${name}: `, signal());
  if (first === undefined) throw new CommandError('password-needed', 'nobody can be asked here for the password');
  if ((await out.askUnseen('Once more: ', signal())) === first) return first;
  throw new CommandError('password-needed', 'the two passwords differ');
}

async function piped(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of bytes) {
    parts.push(part);
    size += part.length;
    if (size > LONGEST_PASSWORD)
      throw new CommandError('password-needed', 'what was piped in is too long for a password');
  }
  const [line = ''] = Buffer.concat(parts).toString().split(/\r?\n/, 1);
  if (line !== '') return line;
  throw new CommandError('password-needed', 'nothing was piped in');
}

function shown({ out, world }: Invocation, user: ApiUser): void {
  const now = world.now();
  out.result(user, () =>
    out.facts([
      ['user', bold(user.name)],
      ['role', user.role],
      ['projects', placesOf(user)],
      ['may come in', user.isDisabled ? 'no: disabled' : 'yes'],
      ['made', ago(user.createdAt, now)],
      ['password set', ago(user.passwordAt, now)],
    ]),
  );
}
