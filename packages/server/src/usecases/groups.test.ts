import { printQuery } from '@libfota2/protocol';
import { describe, expect, it } from 'vitest';
import { worldOf } from '../../test/suites/world.ts';
import { memoryGroups } from '../adapters/memory/groups.ts';
import type { Group } from '../ports/groups.ts';
import { type Groups, openGroups } from './groups.ts';

async function made(queries: Readonly<Record<string, string>>): Promise<Groups> {
  const { groups } = await worldOf();
  for (const [name, query] of Object.entries(queries)) await groups.create({ project: 'p', name, query });
  return groups;
}

/** Besides the one that the world begins with. */
function ours(groups: Groups): readonly Group[] {
  return groups.list('p').filter(({ name }) => name !== 'beta');
}

describe('groups', () => {
  it('keep their query in its one way of writing, and are there after a restart', async () => {
    const world = await worldOf();
    const group = await world.groups.create({ project: 'p', name: '测试', query: 'LABEL=beta AND seen>48h AGO' });
    expect(group).toMatchObject({ query: 'label:beta and seen > 2d ago', note: '', createdAt: world.time.now() });
    world.time.jump(5);
    const changed = await world.groups.change('p', '测试', { note: 'those who asked' });
    expect(changed).toEqual({ ...group, note: 'those who asked', changedAt: group.createdAt + 5 });
    const { groups } = await world.restarted();
    expect(ours(groups)).toEqual([changed]);
  });

  it('stand for their query in others, at any moment as it is then', async () => {
    const groups = await made({ a: 'label:a', b: 'group:a or label:b' });
    expect(printQuery(groups.resolved('p', 'not group:b'))).toBe('not (label:a or label:b)');
    await groups.change('p', 'a', { query: 'id = 86*' });
    expect(printQuery(groups.resolved('p', 'group:b'))).toBe('id = 86* or label:b');
  });

  it('of others that do not exist, or that name them in turn, are refused, and nothing is changed', async () => {
    const groups = await made({ a: 'label:a', b: 'group:a' });
    const wrong = { code: 'query-invalid' };
    await expect(groups.create({ project: 'p', name: 'c', query: 'group:nope' })).rejects.toMatchObject(wrong);
    await expect(groups.create({ project: 'p', name: 'c', query: 'group:c' })).rejects.toMatchObject(wrong);
    await expect(groups.change('p', 'a', { query: 'group:b' })).rejects.toMatchObject({
      ...wrong,
      message: expect.stringContaining('in a circle: '),
    });
    expect(ours(groups).map(({ name, query }) => [name, query])).toEqual([
      ['a', 'label:a'],
      ['b', 'group:a'],
    ]);
    expect(() => groups.resolved('p', 'group:nope')).toThrow(expect.objectContaining(wrong));
  });

  it('are not removed while something needs them', async () => {
    const groups = await made({ a: 'label:a', b: 'group:a' });
    await expect(groups.remove('p', 'a')).rejects.toMatchObject({
      code: 'group-in-use',
      message: 'the group "a" is needed by group "b"',
    });
    await groups.remove('p', 'b');
    await groups.remove('p', 'a');
    expect(ours(groups)).toEqual([]);
    const { catalogue, time } = await worldOf();
    const used = await openGroups({
      store: memoryGroups(),
      project: catalogue.project,
      now: time.now,
      usersOf: () => ['rollout 7'],
      onChanged: () => undefined,
    });
    await used.create({ project: 'p', name: 'a', query: 'all' });
    await expect(used.remove('p', 'a')).rejects.toMatchObject({ message: 'the group "a" is needed by rollout 7' });
  });

  it.each([
    [{ name: '' }, 'name-invalid'],
    [{ name: '..' }, 'name-invalid'],
    [{ name: 'x'.repeat(65) }, 'name-invalid'],
    [{ name: 'a' }, 'group-exists'],
    [{ query: 'beta' }, 'query-invalid'],
    [{ query: 'rule = newset' }, 'query-invalid'],
    [{ note: '\u0000' }, 'note-invalid'],
    [{ project: 'nope' }, 'project-unknown'],
  ])('made with %j are refused as %s', async (changes, code) => {
    const groups = await made({ a: 'all' });
    await expect(groups.create({ project: 'p', name: 'b', query: 'all', ...changes })).rejects.toMatchObject({ code });
  });

  it('that are not there are unknown', async () => {
    const groups = await made({});
    const unknown = { code: 'group-unknown' };
    expect(() => groups.group('p', 'a')).toThrow(expect.objectContaining(unknown));
    await expect(groups.remove('p', 'a')).rejects.toMatchObject(unknown);
    await expect(groups.change('p', 'a', {})).rejects.toMatchObject(unknown);
  });

  it('belong to their project', async () => {
    const world = await worldOf();
    await world.catalogue.createProject({ name: 'q' });
    await world.groups.create({ project: 'q', name: 'a', query: 'all' });
    expect(ours(world.groups)).toEqual([]);
    expect(() => world.groups.resolved('p', 'group:a')).toThrow(expect.objectContaining({ code: 'query-invalid' }));
  });
});
