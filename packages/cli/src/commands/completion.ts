import { Argument, type Command } from 'commander';
import { connect, dataFolder, namedServer, runningServer, type Whereabouts } from '../client/connect.ts';
import type { Client } from '../client/http.ts';
import { type ValueKind, type Wish, wishFor } from '../completion/candidates.ts';
import { SCRIPTS } from '../completion/scripts.ts';
import type { World } from '../world.ts';
import { chosenProject } from './choose.ts';
import { examples, type Invocation, jsonOption } from './command.ts';

/** A person waits for the Tab key. */
const PATIENCE_MS = 1_500;
const MOST_VALUES = 200;

/** `fota completion`, and the hidden command that its scripts ask. */
export function addCompletion(program: Command, { out, world }: Invocation): void {
  const command = jsonOption(program.command('completion')).description(
    'print a script that completes commands and names in a shell',
  );
  command
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)))
    .action((shell: keyof typeof SCRIPTS) => {
      const script = SCRIPTS[shell];
      out.result({ shell, script }, () => out.raw(script));
    });
  examples(
    command,
    'source <(fota completion bash)',
    'source <(fota completion zsh)',
    'fota completion fish > ~/.config/fish/completions/fota.fish',
  );

  program.command('__complete [words...]', { hidden: true }).action(async (words: readonly string[]) => {
    const wish = wishFor(program, words);
    const values = (await valueLines(wish, world)).map((line) => line.split('\t', 2));
    for (const words of [...wish.words, ...values]) out.tabbed(...words);
  });
}

async function valueLines({ values, prefix, given }: Wish, world: World): Promise<string[]> {
  if (values === undefined) return [];
  if (values === 'file' || values === 'dir') return [values === 'file' ? ':files' : ':dirs'];
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    // Only a server that runs is asked: nobody wants one started by the Tab key.
    const named = namedServer(given, world);
    const found =
      named === undefined
        ? await runningServer(dataFolder(given, world), signal)
        : await connect(given as Whereabouts, world, signal);
    if (found === undefined) return [];
    const known = await VALUES[values](found.client, prefix, given['project']).finally(() => found.close());
    return known.filter((line) => line.startsWith(prefix));
  } catch {
    // Whatever is wrong, the command itself will say it.
    return [];
  }
}

/** A value and what it is, with a tab between them. */
const VALUES: Readonly<
  Record<Exclude<ValueKind, 'file' | 'dir'>, (client: Client, prefix: string, project?: string) => Promise<string[]>>
> = {
  async project(client) {
    const { items } = await client.list('/projects', {}, MOST_VALUES);
    return items.map(({ name }) => name);
  },
  async firmware(client, _, project) {
    const { items } = await client.list('/releases', { query: { project } }, MOST_VALUES);
    return [...new Set(items.map(({ firmwareName }) => firmwareName))];
  },
  async device(client, prefix, project) {
    const { items } = await client.list('/devices', { query: { project, id: prefix || undefined } }, MOST_VALUES);
    return [...new Set(items.map((device) => `${device.id}\t${device.project}`))];
  },
  async group(client, _, given) {
    const project = await chosenProject(client, given);
    const { items } = await client.get('/projects/{project}/groups', { path: { project } });
    return items.map(({ name, query }) => `${name}\t${query}`);
  },
  async release(client) {
    const { items } = await client.list('/releases', {}, MOST_VALUES);
    return items.map(({ id, firmwareName, version, state }) => `${id}\t${firmwareName} ${version}, ${state}`);
  },
  async rollout(client) {
    const { items } = await client.list('/rollouts', {}, MOST_VALUES);
    return items.map(({ id, firmwareName, version, state }) => `${id}\t${firmwareName} ${version}, ${state}`);
  },
  async token(client) {
    const { items } = await client.list('/tokens', {}, MOST_VALUES);
    return items.map(({ id, name }) => `${id}\t${name}`);
  },
  async user(client) {
    const { items } = await client.list('/users', {}, MOST_VALUES);
    return items.map(({ name, role }) => `${name}\t${role}`);
  },
};
