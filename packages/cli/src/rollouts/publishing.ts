/** A release that is published into a rollout: as a draft first, so that no other device hears of it. */
import type { ApiRelease, ApiRollout } from '@libfota2/server';
import type { Client } from '../client/http.ts';
import { ApiError, CommandError, EXIT } from '../failure.ts';
import type { World } from '../world.ts';
import { isRollout, type RolloutOptions, type Wanted, wantedBy } from './options.ts';

export type PublishingOptions = RolloutOptions & { readonly rollout?: boolean; readonly draft?: boolean };

/**
 * The rollout that is asked for, checked before a long upload; `undefined`: none.
 * @throws CommandError `usage`, `file-unreadable`; FotaServerError `rollout-invalid`
 */
export async function rolloutWanted(options: PublishingOptions, world: World): Promise<Wanted | undefined> {
  if (options.rollout !== true && !isRollout(options)) return undefined;
  if (options.draft === true) {
    throw new CommandError('usage', '--draft keeps the release from devices, and a rollout brings it to them', {
      remedy: 'Give one of both.',
      exitCode: EXIT.usage,
    });
  }
  const wanted = await wantedBy(options, world);
  const { checkRollout } = await import('@libfota2/server');
  checkRollout({ release: 1, ...wanted });
  return wanted;
}

/** Rolls a release out, unless a rollout of it is there already: the same command may be given again. */
export async function rolledOut(
  client: Client,
  { id }: ApiRelease,
  wanted: Wanted,
): Promise<{ readonly release: ApiRelease; readonly rollout: ApiRollout }> {
  const { items } = await client.list('/rollouts', { query: { release: id } }, Number.POSITIVE_INFINITY);
  const known = items.find(({ state }) => state !== 'aborted');
  const rollout = known ?? (await created(client, id, wanted));
  return { rollout, release: await client.get('/releases/{release}', { path: { release: id } }) };
}

async function created(client: Client, release: number, wanted: Wanted): Promise<ApiRollout> {
  try {
    return await client.send('POST', '/rollouts', { body: { release, ...wanted } });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500) throw error;
    const remedy = `${error.remedy} The release is at the server: fota rollout create ${release} makes its rollout.`;
    throw new ApiError(error.status, { ...error.problem, remedy });
  }
}
