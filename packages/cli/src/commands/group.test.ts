import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
  await desk.json('project', 'create', 'p');
  for (const id of ['a', 'b', 'c']) await desk.json('device', 'allow', id);
});
afterEach(() => desk.clear());

describe('fota group', () => {
  it('makes, shows, lists, changes and removes groups', async () => {
    const create = ['group', 'create', '测试', 'ID=a or id=b', '--note', 'brave'];
    expect(await desk.json(...create)).toMatchObject({ name: '测试', query: 'id = a or id = b', devices: 2 });
    expect((await desk.fota(['group', 'show', '测试'])).stdout).toMatch(/^devices {2}2 devices now$/m);
    expect((await desk.fota(['group', 'list'])).stdout).toMatch(/^测试 {3}id = a or id = b {2}/m);
    const list = ['device', 'list', 'group:测试 and not id = a'];
    expect(await desk.json(...list)).toMatchObject({ items: [{ id: 'b' }], more: false });
    const change = ['group', 'change', '测试', '--query', 'access = allowed', '--note', ''];
    expect(await desk.json(...change)).toMatchObject({ query: 'access = allowed', devices: 3 });
    expect((await desk.fota(['group', 'remove', '测试', '--yes'])).stdout).toBe('The group 测试 of p is gone.\n');
    expect((await desk.fota(['group', 'list'])).stdout).toBe('No group yet: fota group create NAME QUERY\n');
    expect(await desk.fota(['group', 'change', '测试'])).toMatchObject({ code: 2 });
  });
});

describe('fota device list with a query', () => {
  it('shows or counts those that fit', async () => {
    expect((await desk.fota(['device', 'list', 'access = allowed and id = b'])).stdout.split('\n')).toHaveLength(3);
    expect((await desk.fota(['device', 'list', 'not id = b', '--count'])).stdout).toBe('2\n');
    expect(await desk.json('device', 'list', 'id = *', '--count')).toEqual({ devices: 3 });
    expect((await desk.fota(['device', 'list', 'label'])).stdout).toBe('Nothing that fits.\n');
  });

  it('shows where a query is wrong, also behind Chinese characters', async () => {
    const told = await desk.fota(['device', 'list', 'note:"二号泵" and lable:beta']);
    expect(told).toMatchObject({ code: 1, stdout: '' });
    expect(told.stderr.split('\n').slice(0, 4)).toEqual([
      'note:"二号泵" and lable:beta',
      '                  ^',
      'error: "lable" is no field; did you mean label? (at 16)',
      'Correct it where the message says; docs/queries.md has the grammar and examples.',
    ]);
    const { stdout } = await desk.fota(['device', 'list', 'lable:beta', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'query-invalid' } });
  });
});
