import { describe, expect, it } from 'vitest';
import { NO_FILTER } from '../../test/suites/samples.ts';
import { type World, worldOf } from '../../test/suites/world.ts';
import { type Bulk, type BulkAction, type BulkPart, createBulk } from './bulk.ts';

const wanted = (query: string) => ({ ...NO_FILTER, project: 'p', query });

/** A world with devices d0 to d9, of which the even ones are labelled; and what changes many of them. */
async function made(): Promise<{ readonly world: World; readonly bulk: Bulk; readonly told: unknown[] }> {
  const world = await worldOf();
  await world.publish('1.5');
  for (let i = 0; i < 10; i += 1) await world.ask({ id: `d${i}`, version: `1.${i}` });
  const even = [0, 2, 4, 6, 8].map((i) => ({ project: 'p', id: `d${i}`, change: { addLabels: ['even'] } }));
  await world.profiles.change(even);
  const told: unknown[] = [];
  const { queries, fleet, profiles, time } = world;
  const bulk = createBulk({
    queries,
    fleet,
    profiles,
    events: {
      along: async (event, change) => {
        const done = await change();
        told.push(event);
        return done;
      },
    },
    project: world.catalogue.project,
    now: time.now,
  });
  return { world, bulk, told };
}

/** While time passes: what is written waits for its turn. */
async function applied({ time }: World, bulk: Bulk, query: string, action: BulkAction): Promise<BulkPart> {
  let isOver = false;
  const part = bulk.apply({ wanted: wanted(query), action }, undefined).finally(() => {
    isOver = true;
  });
  part.catch(() => undefined);
  while (!isOver) await time.pass(0);
  return part;
}

describe('a change of many devices', () => {
  it('is looked at before', async () => {
    const { bulk } = await made();
    const { devices, sample } = await bulk.preview(wanted('label:even and version < 1.5'));
    expect([devices, sample.map(({ id }) => id)]).toEqual([3, ['d0', 'd2', 'd4']]);
  });

  it('gives all that fit the same word, tells it once, and changes nothing more when it is done again', async () => {
    const { world, bulk, told } = await made();
    for (let time = 0; time < 2; time += 1) {
      const part = await applied(world, bulk, 'label:even', { kind: 'access', access: 'blocked' });
      expect(part).toEqual({ done: 5, failed: [], cursor: undefined });
      expect(await world.queries.count(wanted('access = blocked'))).toBe(5);
    }
    expect(told[0]).toEqual({ type: 'device.access', project: 'p', data: { access: 'blocked', count: 5 } });
    expect((await world.ask({ id: 'd2' })).decision.rule).toBe('blocked');
  });

  it('labels and pins them, but for those that cannot have it, which it names', async () => {
    const { world, bulk } = await made();
    const labels = Array.from({ length: 31 }, (_, i) => `l${i}`);
    await world.profiles.change([{ project: 'p', id: 'd4', change: { addLabels: labels } }]);
    const action: BulkAction = { kind: 'profile', change: { addLabels: ['brave'] } };
    const part = await applied(world, bulk, 'label:even', action);
    expect(part).toMatchObject({ done: 5, failed: [{ id: 'd4', error: { code: 'labels-too-many' } }] });
    expect(await world.queries.count(wanted('label:brave'))).toBe(4);
    await applied(world, bulk, 'label:brave', {
      kind: 'profile',
      change: { pin: { version: '1.4', mayDowngrade: false } },
    });
    expect(await world.queries.count(wanted('pinned = 1.4'))).toBe(4);
  });

  it('forgets them with all that was said', async () => {
    const { world, bulk } = await made();
    expect(await applied(world, bulk, 'label:even', { kind: 'forget' })).toMatchObject({ done: 5, failed: [] });
    expect(await world.queries.count(wanted('all'))).toBe(5);
    expect(await world.queries.count(wanted('label:even'))).toBe(0);
  });

  it('takes a device once that asks for several firmwares', async () => {
    const { world, bulk } = await made();
    await world.publish('9.0', 'modem', { firmwareName: 'modem', source: 'any' });
    await world.ask({ id: 'd1', firmwareName: 'modem', version: '8.0' });
    const part = await applied(world, bulk, 'id = d1', { kind: 'profile', change: { addLabels: ['two'] } });
    expect(part.done).toBe(1);
  });

  it('that cannot be written is told, and what was before it stays', async () => {
    const { world, bulk, told } = await made();
    world.devices.setFull(true);
    await expect(applied(world, bulk, 'all', { kind: 'access', access: 'blocked' })).rejects.toMatchObject({
      code: 'disk-full',
    });
    expect(told).toEqual([]);
    expect(await world.queries.count(wanted('access = blocked'))).toBe(0);
  });
});
