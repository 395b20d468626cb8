import { describe, expect, it } from 'vitest';
import { NO_FILTER, pagedThrough } from '../../test/suites/samples.ts';
import { DAY, type World, worldOf } from '../../test/suites/world.ts';
import type { DeviceFilter } from '../ports.ts';

/** Ten devices that asked, d0 to d9 with versions 1.0 to 1.9, and two of which only something was said. */
async function fleet(): Promise<World> {
  const world = await worldOf();
  await world.publish('1.5');
  for (let i = 0; i < 10; i += 1) await world.ask({ id: `d${i}`, version: `1.${i}` });
  const changes = ['d1', 'd2', 'd8', 'new'].map((id) => ({ project: 'p', id, change: { addLabels: ['beta'] } }));
  await world.profiles.change(changes);
  const blocked = world.operator.setAccess('p', 'thief', 'blocked');
  await world.time.pass(0);
  await blocked;
  return world;
}

async function found({ queries }: World, query: string | undefined, filter: Partial<DeviceFilter> = {}) {
  const wanted = { ...NO_FILTER, project: 'p', ...filter, query };
  const pages = await Promise.all(
    [1, 3, 1_000].map((limit) => pagedThrough((page) => queries.list(wanted, page), limit)),
  );
  const [ids, ...others] = pages.map((items) => items.map(({ id }) => id));
  for (const other of others) expect(other).toEqual(ids);
  expect(await queries.count(wanted)).toBe(new Set(ids).size);
  return ids;
}

describe('the key rings that devices told', () => {
  it('are counted, each device once and by its lowest', async () => {
    const world = await worldOf();
    await world.publish('1.5');
    await world.publish('1.5', 'other', { firmwareName: 'other' });
    for (const [id, keyRing] of [
      ['a', 3],
      ['b', 3],
      ['c', 2],
      ['d', undefined],
    ] as const)
      await world.ask({ id, keyRing });
    await world.ask({ id: 'a', firmwareName: 'other', keyRing: 3 });
    await world.ask({ id: 'b', firmwareName: 'other', keyRing: 1 });
    const changed = world.profiles.change([{ project: 'p', id: 'never', change: { addLabels: ['beta'] } }]);
    await world.time.pass(0);
    await changed;
    expect(await world.queries.keyRings('p')).toEqual([
      { serial: 3, devices: 1 },
      { serial: 2, devices: 1 },
      { serial: 1, devices: 1 },
      { serial: 0, devices: 1 },
    ]);
    expect(await found(world, 'keyring < 3')).toEqual(['b', 'c']);
    expect(await found(world, 'not keyRing')).toEqual(['d', 'never']);
  });
});

describe('devices are found', () => {
  it.each([
    ['all', ['d0', 'd1', 'd2', 'd3', 'd4', 'd5', 'd6', 'd7', 'd8', 'd9', 'new', 'thief']],
    ['label:beta', ['d1', 'd2', 'd8', 'new']],
    ['version < 1.2 and label:beta', ['d1']],
    ['version < 1.2 or label:beta', ['d0', 'd1', 'd2', 'd8', 'new']],
    ['not seen', ['new', 'thief']],
    ['access = blocked', ['thief']],
    ['rule = newest and id = d*', ['d5', 'd6', 'd7', 'd8', 'd9']],
    ['asked > 1', []],
    ['id = d8 and label:beta', ['d8']],
    ['label:beta and (seen and id = d*)', ['d1', 'd2', 'd8']],
    ['id = new', ['new']],
  ])('by %s, in pages of any size, and counted', async (query, ids) => {
    expect(await found(await fleet(), query)).toEqual(ids);
  });

  it('by a query and by a filter at once', async () => {
    const world = await fleet();
    expect(await found(world, 'label:beta', { firmwareName: 'app' })).toEqual(['d1', 'd2', 'd8']);
    expect(await found(world, 'not label:beta', { access: 'default', idPrefix: 'd8' })).toEqual([]);
    expect(await found(world, undefined, { access: 'blocked' })).toEqual(['thief']);
    expect(await found(world, 'all', { within: [] })).toEqual([]);
    expect(await found(world, 'all', { project: undefined, within: ['p'], idPrefix: 'd1' })).toEqual(['d1']);
  });

  it('by what they did in the meantime, however long it has not been written', async () => {
    const world = await fleet();
    await world.time.pass(3 * DAY);
    await world.ask({ id: 'd3', version: '1.9' });
    expect(await found(world, 'version = 1.9')).toEqual(['d3', 'd9']);
    expect(await found(world, 'seen > 2d ago')).toEqual(['d3']);
    expect(await found(world, 'seen < 2d ago and label:beta')).toEqual(['d1', 'd2', 'd8']);
  });

  it('by groups of the project, of which it must be said', async () => {
    const world = await fleet();
    await world.groups.create({ project: 'p', name: 'testers', query: 'label:beta' });
    expect(await found(world, 'group:testers and version > 1.1')).toEqual(['d2', 'd8']);
    const wanted = { ...NO_FILTER, project: undefined, query: 'group:testers' };
    await expect(world.queries.count(wanted)).rejects.toMatchObject({ code: 'query-invalid' });
  });

  it('once each where they ask for several firmwares, and listed with each that fits', async () => {
    const world = await fleet();
    const other = { project: 'p', firmwareName: 'modem', source: 'any' };
    await world.publish('9.0', 'modem', other);
    await world.ask({ id: 'd1', firmwareName: 'modem', version: '8.0' });
    const wanted = { ...NO_FILTER, project: 'p', query: 'id = d1' };
    expect(await world.queries.count(wanted)).toBe(1);
    const { items } = await world.queries.list(wanted, { limit: 10, cursor: undefined });
    expect(items.map(({ record }) => record?.firmwareName)).toEqual(['app', 'modem']);
    expect(await found(world, 'version > 7')).toEqual(['d1']);
  });
});

it('a query that is none is refused, with the place and what was meant', async () => {
  const { queries } = await worldOf();
  const wanted = { ...NO_FILTER, query: 'seem > 2d ago' };
  await expect(queries.list(wanted, { limit: 1, cursor: undefined })).rejects.toMatchObject({
    code: 'query-invalid',
    message: '"seem" is no field; did you mean seen? (at 1)',
    facts: { position: 0, suggestion: 'seen' },
  });
});
