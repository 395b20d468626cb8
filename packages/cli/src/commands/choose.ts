import type { Client } from '../client/http.ts';
import { CommandError } from '../failure.ts';

/** The project that is named, else the only one that there is. @throws CommandError `project-needed` */
export async function chosenProject(client: Client, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const { items } = await client.list('/projects', {}, 20);
  const [only, ...others] = items;
  if (only !== undefined && others.length === 0) return only.name;
  if (only === undefined) {
    throw new CommandError('project-needed', 'there is no project yet', {
      remedy: 'Make one: fota project create NAME',
    });
  }
  throw needed(
    'there are several projects',
    items.map(({ name }) => name),
  );
}

/** The project that is named, else the only one that knows the device, else the only one that there is. */
export async function projectOf(client: Client, id: string, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const { items } = await client.list('/devices', { query: { id } }, 1_000);
  const knowing = [...new Set(items.filter((device) => device.id === id).map(({ project }) => project))];
  if (knowing.length > 1) throw needed(`several projects know the device ${id}`, knowing);
  return knowing[0] ?? chosenProject(client, undefined);
}

function needed(message: string, names: readonly string[]): CommandError {
  const shown = names.map((name) => JSON.stringify(name)).join(', ');
  return new CommandError('project-needed', `${message}: ${shown}`);
}
