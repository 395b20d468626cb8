import { describe, expect, it, onTestFinished } from 'vitest';
import { checkIn, type RunningAdmin, runAdmin } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';

const folder = folders(onTestFinished);
const KEY = 'k'.repeat(32);

/** The project `sample` with the devices a, b and c, of which a and b are labelled. */
async function running(): Promise<RunningAdmin> {
  const admin = await runAdmin(await folder());
  onTestFinished(() => admin.close());
  await admin.ask('POST /projects', { json: { name: 'sample', key: KEY } });
  for (const id of ['a', 'b']) {
    await admin.ask(`PATCH /projects/sample/devices/${id}`, { json: { addLabels: ['beta'] } });
  }
  await admin.ask('PUT /projects/sample/devices/c/access', { json: { access: 'blocked' } });
  await checkIn(admin.application, { idKind: 'imei', id: 'a', projectKey: KEY, firmwareName: 'app', version: '1.0' });
  return admin;
}

function asked(path: string, parameters: Readonly<Record<string, string>>): string {
  return `GET ${path}?${new URLSearchParams(parameters)}`;
}

describe('devices', () => {
  it('are listed and counted by a query', async () => {
    const { ask } = await running();
    const query = { project: 'sample', query: 'label:beta and not access = blocked' };
    const first = await ask(asked('/devices', { ...query, limit: '1' }));
    expect(first.body).toMatchObject({ items: [{ id: 'a', labels: ['beta'] }], cursor: expect.any(String) });
    const { cursor } = first.body as { readonly cursor: string };
    const second = await ask(asked('/devices', { ...query, limit: '1', cursor }));
    expect(second.body).toEqual({ items: [{ project: 'sample', id: 'b', access: 'default', labels: ['beta'] }] });
    expect((await ask(asked('/devices/count', query))).body).toEqual({ devices: 2 });
    expect((await ask('GET /devices/count')).body).toEqual({ devices: 3 });
  });

  it('are not found by what is no query: the problem says where, and what was meant', async () => {
    const { ask } = await running();
    for (const path of ['/devices', '/devices/count']) {
      expect(await ask(asked(path, { query: 'label:a and lable:b' }))).toMatchObject({
        status: 400,
        body: { code: 'query-invalid', position: 12, suggestion: 'label' },
      });
    }
  });
});

describe('groups', () => {
  it('are made, listed, shown, changed, asked by and removed', async () => {
    const { ask } = await running();
    const path = '/projects/sample/groups';
    const name = 'beta / 测试';
    const made = await ask(`POST ${path}`, { json: { name, query: 'label=beta', note: 'brave' } });
    const group = { project: 'sample', name, query: 'label:beta', note: 'brave' };
    expect(made).toMatchObject({ status: 201, body: group });
    expect((await ask(`GET ${path}`)).body).toEqual({ items: [made.body] });
    expect((await ask(`GET ${path}/${encodeURIComponent(name)}`)).body).toEqual(made.body);
    const query = { project: 'sample', query: `group:"${name}"` };
    expect((await ask(asked('/devices/count', query))).body).toEqual({ devices: 2 });
    const json = { query: 'access = blocked', note: '' };
    const changed = await ask(`PATCH ${path}/${encodeURIComponent(name)}`, { json });
    expect(changed.body).toMatchObject({ query: 'access = blocked' });
    expect(changed.body).not.toHaveProperty('note');
    expect((await ask(asked('/devices/count', query))).body).toEqual({ devices: 1 });
    expect((await ask(`DELETE ${path}/${encodeURIComponent(name)}`)).status).toBe(204);
    expect((await ask(`DELETE ${path}/${encodeURIComponent(name)}`)).body).toMatchObject({ code: 'group-unknown' });
    expect((await ask(asked('/devices/count', query))).body).toMatchObject({ code: 'query-invalid' });
  });
});

describe('many devices', () => {
  const bulk = { project: 'sample', query: 'label:beta' };

  it('are changed at once, after a look at which they are', async () => {
    const { ask } = await running();
    const json = { ...bulk, action: 'label', labels: ['brave'] };
    expect(await ask('POST /devices/bulk', { json: { ...json, dryRun: true } })).toMatchObject({
      status: 200,
      body: { devices: 2, sample: [{ id: 'a' }, { id: 'b' }], done: 0, failed: [] },
    });
    expect((await ask(asked('/devices/count', { query: 'label:brave' }))).body).toEqual({ devices: 0 });
    expect((await ask('POST /devices/bulk', { json: { ...json, expect: 2 } })).body).toEqual({
      devices: 2,
      done: 2,
      failed: [],
    });
    for (const action of ['block', 'forget']) {
      expect((await ask('POST /devices/bulk', { json: { ...bulk, action } })).body).toEqual({ done: 2, failed: [] });
    }
    expect((await ask('GET /devices/count')).body).toEqual({ devices: 1 });
  });

  it('are left alone where they are not those that were expected, or the change is none', async () => {
    const { ask } = await running();
    const wrong = [
      [{ action: 'block', expect: 3 }, 'bulk-unexpected'],
      [{ action: 'label' }, 'request-invalid'],
      [{ action: 'pin' }, 'request-invalid'],
      [{ action: 'explode' }, 'request-invalid'],
      [{ action: 'block', query: 'bete' }, 'query-invalid'],
      [{ action: 'block', project: 'nope' }, 'project-unknown'],
    ] as const;
    for (const [json, code] of wrong) {
      expect((await ask('POST /devices/bulk', { json: { ...bulk, ...json } })).body).toMatchObject({ code });
    }
    expect((await ask(asked('/devices/count', { query: 'access = blocked' }))).body).toEqual({ devices: 1 });
  });

  it('of which none can have what was asked for, are named', async () => {
    const { ask } = await running();
    const json = { ...bulk, action: 'label', labels: ['two words'] };
    expect((await ask('POST /devices/bulk', { json })).body).toMatchObject({
      done: 2,
      failed: [{ id: 'a', code: 'label-invalid' }, { id: 'b' }],
    });
  });
});
