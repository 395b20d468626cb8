import { expect, it, onTestFinished } from 'vitest';
import { type RunningAdmin, runAdmin } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';

const folder = folders(onTestFinished);

async function running(): Promise<RunningAdmin> {
  const admin = await runAdmin(await folder());
  onTestFinished(() => admin.close());
  await admin.ask('POST /projects', { json: { name: 'p', key: 'k'.repeat(32) } });
  return admin;
}

const match = (tag: unknown) => ({ headers: { 'If-Match': String(tag) } });

it('a thing says by its ETag which state it is in, and whether that is still the one that is known', async () => {
  const { ask } = await running();
  const first = await ask('GET /projects/p');
  expect(first.headers.etag).toMatch(/^"[\w-]{27}"$/);
  const headers = { 'If-None-Match': `"other", W/${first.headers.etag}` };
  expect(await ask('GET /projects/p', { headers })).toMatchObject({
    status: 304,
    text: '',
    headers: { etag: first.headers.etag },
  });
  const changed = await ask('PATCH /projects/p', { json: { refusals: 'empty' } });
  expect(changed.headers.etag).not.toBe(first.headers.etag);
  const now = await ask('GET /projects/p', { headers });
  expect(now).toMatchObject({ status: 200, headers: { etag: changed.headers.etag } });
  for (const list of ['/projects', '/releases', '/status', '/log']) {
    expect((await ask(`GET ${list}`)).headers.etag, list).toBeUndefined();
  }
});

it('who changes what is another thing by now is refused, and told its present state', async () => {
  const { ask } = await running();
  const { headers } = await ask('GET /projects/p');
  const first = await ask('PATCH /projects/p', { json: { refusals: 'empty' }, ...match(headers.etag) });
  expect(first.status).toBe(200);
  const second = await ask('PATCH /projects/p', { json: { registration: 'closed' }, ...match(headers.etag) });
  expect(second).toMatchObject({
    status: 412,
    body: { code: 'changed-meanwhile' },
    headers: { etag: first.headers.etag },
  });
  expect((await ask('GET /projects/p')).body).toMatchObject({ refusals: 'empty', registration: 'open' });
  expect((await ask('PATCH /projects/p', { json: { registration: 'closed' }, ...match('*') })).status).toBe(200);
  // A weak tag is not good enough.
  const { etag } = (await ask('GET /projects/p')).headers;
  expect((await ask('PATCH /projects/p', { json: {}, ...match(`W/${etag}`) })).status).toBe(412);
});

it('what lies below a thing is a change of it', async () => {
  const { ask } = await running();
  const { etag } = (await ask('GET /projects/p')).headers;
  expect((await ask('POST /projects/p/keys', match(etag))).status).toBe(201);
  expect((await ask('POST /projects/p/keys', match(etag))).status).toBe(412);
  const blocked = { json: { access: 'blocked' } };
  const device = 'PUT /projects/p/devices/861/access';
  // It is not there yet, so it has no state.
  expect((await ask(device, { ...blocked, ...match('*') })).status).toBe(404);
  const made = await ask(device, blocked);
  expect((await ask(device, { json: { access: 'allowed' }, ...match(made.headers.etag) })).status).toBe(200);
  expect((await ask(device, { ...blocked, ...match(made.headers.etag) })).status).toBe(412);
});

it('of many who change the same state at once, one does', async () => {
  const { ask } = await running();
  const { etag } = (await ask('GET /projects/p')).headers;
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask('POST /projects/p/keys', match(etag))));
  const statuses = answers.map(({ status }) => status).sort();
  expect(statuses).toEqual([201, ...Array(9).fill(412)]);
});
