import { describe, expect, it, onTestFinished } from 'vitest';
import { type Heard, type RunningAdmin, runAdmin } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import type { ApiNewToken } from './api.ts';

const folder = folders(onTestFinished);

async function running(dataDir?: string): Promise<RunningAdmin> {
  const admin = await runAdmin(dataDir ?? (await folder()));
  onTestFinished(() => admin.close());
  return admin;
}

const keyed = (key: string) => ({ 'Idempotency-Key': key });
const project = (name: string) => ({ name, key: 'k'.repeat(32) });

async function projects({ ask }: RunningAdmin): Promise<string[]> {
  const { body } = await ask('GET /projects');
  return (body as { items: { name: string }[] }).items.map(({ name }) => name);
}

const essence = ({ status, body }: Heard) => ({ status, body });

describe('a request that comes again with its key', () => {
  it('is done once, and answered the same, also after a restart', async () => {
    const dataDir = await folder();
    const admin = await running(dataDir);
    const asked = { json: project('p'), headers: keyed('"a-1"') };
    const first = await admin.ask('POST /projects', asked);
    expect(first.status).toBe(201);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    const again = await admin.ask('POST /projects', asked);
    expect(essence(again)).toEqual(essence(first));
    expect(again.headers).toMatchObject({
      'idempotent-replayed': 'true',
      'content-type': first.headers['content-type'],
    });
    await admin.close();
    const later = await running(dataDir);
    expect(essence(await later.ask('POST /projects', { json: project('p'), headers: keyed('a-1') }))).toEqual(
      essence(first),
    );
    expect(await projects(later)).toEqual(['p']);
    // What is only answered again changes nothing.
    const audit = (await later.ask('GET /audit?action=project.create')).body as { items: unknown[] };
    expect(audit.items).toHaveLength(1);
  });

  it('that has no answer but its status, too', async () => {
    const admin = await running();
    const { id } = await admin.application.tokens.create({ name: 'ci', role: 'viewer', projects: 'all' });
    const headers = keyed('b');
    expect((await admin.ask(`DELETE /tokens/${id}`, { headers })).status).toBe(204);
    expect(await admin.ask(`DELETE /tokens/${id}`, { headers })).toMatchObject({ status: 204, text: '' });
    expect((await admin.ask(`DELETE /tokens/${id}`)).status).toBe(404);
  });

  it('is refused where it is another request', async () => {
    const admin = await running();
    await admin.ask('POST /projects', { json: project('p'), headers: keyed('c') });
    const mismatch = { status: 422, body: { code: 'idempotency-mismatch' } };
    expect(await admin.ask('POST /projects', { json: { name: 'q' }, headers: keyed('c') })).toMatchObject(mismatch);
    expect(await admin.ask('POST /projects/p/keys', { headers: keyed('c') })).toMatchObject(mismatch);
    expect(await projects(admin)).toEqual(['p']);
  });

  it('is another where somebody else sends it', async () => {
    const admin = await running();
    await admin.ask('POST /projects', { json: project('p'), headers: keyed('d') });
    const { token } = await admin.application.tokens.create({ name: 'ci', role: 'admin', projects: 'all' });
    const headers = { ...keyed('d'), Authorization: `Bearer ${token}` };
    expect(await admin.askByPort('POST /projects', { json: { name: 'q' }, headers })).toMatchObject({ status: 201 });
  });

  it('is refused while the first is worked on', async () => {
    const admin = await running();
    const answers = await Promise.all(
      ['e', 'e', 'e'].map((key) => admin.ask('POST /projects', { json: project('p'), headers: keyed(key) })),
    );
    const [done, ...others] = answers.toSorted((a, b) => a.status - b.status);
    expect(done?.status).toBe(201);
    for (const { status, body } of others) {
      expect(status === 201 || (body as { code: string }).code === 'idempotency-busy').toBe(true);
    }
    expect(await projects(admin)).toEqual(['p']);
  });

  it('may be done once it is possible, where it was refused', async () => {
    const admin = await running();
    const headers = keyed('f');
    const line = 'PATCH /projects/p';
    expect(await admin.ask(line, { json: { refusals: 'empty' }, headers })).toMatchObject({ status: 404 });
    await admin.ask('POST /projects', { json: project('p') });
    expect(await admin.ask(line, { json: { refusals: 'empty' }, headers })).toMatchObject({ status: 200 });
  });

  it('that was answered with a secret is done once, and its answer kept nowhere', async () => {
    const admin = await running();
    const asked = { json: { name: 'ci', role: 'viewer' }, headers: keyed('g') };
    const { token } = (await admin.ask('POST /tokens', asked)).body as ApiNewToken;
    expect(token).toMatch(/^fota_/);
    const again = await admin.ask('POST /tokens', asked);
    expect(again).toMatchObject({ status: 409, body: { code: 'idempotency-gone' } });
    expect(again.text).not.toContain(token);
    expect(admin.application.tokens.list()).toHaveLength(1);
    const webhook = { json: { url: 'https://hooks.example/' }, headers: keyed('h') };
    expect((await admin.ask('POST /webhooks', webhook)).status).toBe(201);
    expect(await admin.ask('POST /webhooks', webhook)).toMatchObject({ body: { code: 'idempotency-gone' } });
  });

  it('whose end nobody knows is done again only where that is as good as once', async () => {
    let broken = 0;
    const dying = await runAdmin(await folder(), (application) => ({
      repeats: {
        ...application.repeats,
        // As after `kill -9`: what came of it is not written.
        done: async (one) => {
          broken += 1;
          application.repeats.broken(one);
        },
      },
    }));
    onTestFinished(() => dying.close());
    const post = { json: project('p'), headers: keyed('i') };
    expect((await dying.ask('POST /projects', post)).status).toBe(201);
    expect(await dying.ask('POST /projects', post)).toMatchObject({ status: 409, body: { code: 'idempotency-gone' } });
    const patch = { json: { refusals: 'empty' }, headers: keyed('j') };
    expect((await dying.ask('PATCH /projects/p', patch)).status).toBe(200);
    expect((await dying.ask('PATCH /projects/p', patch)).status).toBe(200);
    expect(broken).toBe(3);
  });

  it('has a key that can be read', async () => {
    const admin = await running();
    for (const key of ['', 'with blank', 'x'.repeat(256)]) {
      const answer = await admin.ask('POST /projects', { json: project('p'), headers: keyed(key) });
      expect(answer, key).toMatchObject({ status: 400, body: { code: 'request-invalid' } });
    }
  });
});
