import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OCTETS, type RunningAdmin, runAdmin, uploaded } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import type { Application } from '../../application.ts';
import { entryIn, faultOf, NO_ENTRY } from '../../domain/audit.ts';
import { FotaServerError } from '../../domain/errors.ts';
import type { ApiAudit, ApiAuditRecord } from './account-api.ts';
import type { AdminParts } from './admin.ts';
import type { ApiPage } from './api.ts';

const folder = folders(onTestFinished);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function running(
  changes?: (application: Application) => Partial<AdminParts>,
  dataDir?: string,
): Promise<RunningAdmin> {
  const admin = await runAdmin(dataDir ?? (await folder()), changes);
  onTestFinished(() => admin.close());
  return admin;
}

async function audited({ ask }: RunningAdmin, query = ''): Promise<readonly ApiAudit[]> {
  const { status, body } = await ask(`GET /audit${query}`);
  expect(status).toBe(200);
  return (body as ApiPage<ApiAudit>).items;
}

describe('the audit log of the admin API', () => {
  it('has every change with who asked, what it was, and how it ended', async () => {
    const admin = await running();
    const { application, ask, askByPort } = admin;
    const { token, id } = await application.tokens.create({ name: 'ci', role: 'admin', projects: 'all' });
    const headers = { authorization: `Bearer ${token}` };
    const made = await askByPort('POST /projects', { json: { name: 'p', registration: 'closed' }, headers });
    await ask('POST /projects', { json: { name: 'p' } });
    await ask('PUT /projects/p/devices/867/access', { json: { access: 'blocked' } });
    const upload = await uploaded(admin, Buffer.from('a firmware'));
    await ask('POST /releases', { json: { project: 'p', upload, firmwareName: 'app', version: '1.0.0' } });
    await ask('POST /releases/1/withdraw');
    await ask('GET /projects');
    const local = { by: 'local:local', name: 'local', role: 'admin', count: 1, isRefused: false };
    expect((await audited(admin)).toReversed()).toMatchObject([
      {
        ...{ by: `token:${id}`, name: 'ci', action: 'project.create', target: 'p', code: 'ok', from: '127.0.0.1' },
        details: [{ name: 'registration', value: 'closed' }],
        request: made.headers['x-request-id'],
      },
      { ...local, action: 'project.create', target: 'p', code: 'project-exists' },
      {
        ...local,
        action: 'device.access',
        project: 'p',
        target: '867',
        details: [{ name: 'access', value: 'blocked' }],
      },
      { ...local, action: 'upload.begin', made: upload },
      { ...local, action: 'upload.append', target: upload, code: 'ok' },
      { ...local, action: 'release.create', project: 'p', made: '1', code: 'ok' },
      { ...local, action: 'release.withdraw', project: 'p', target: '1', code: 'ok' },
    ]);
    expect(await audited(admin, '?by=ci')).toHaveLength(1);
    expect(await audited(admin, '?project=p&action=release.create')).toHaveLength(1);
    expect(admin.problems).toEqual([]);
  });

  it('is written before the change is, and its end before the answer', async () => {
    let seen: readonly string[] = [];
    const admin = await running(({ operator, audit }) => ({
      operator: {
        ...operator,
        async createProject(wanted) {
          seen = (await audit.records(0, 10)).map((record) => entryIn(record).kind);
          return operator.createProject(wanted);
        },
      },
    }));
    await admin.ask('POST /projects', { json: { name: 'p' } });
    expect(seen).toEqual(['begun']);
    expect((await admin.application.audit.records(0, 10)).map((record) => entryIn(record).kind)).toEqual([
      'begun',
      'ended',
    ]);
  });

  it('that cannot be written lets nothing be changed', async () => {
    const admin = await running(({ audit }) => ({
      audit: {
        ...audit,
        begin: async () => {
          throw new FotaServerError('disk-full', 'no room');
        },
      },
    }));
    const answer = await admin.ask('POST /projects', { json: { name: 'p' } });
    expect(answer).toMatchObject({ status: 507, body: { code: 'disk-full' } });
    expect(admin.application.operator.projects()).toEqual([]);
  });

  it('shows what was under way when the server was killed as without an end', async () => {
    const dataDir = await folder();
    const first = await running(({ audit }) => ({ audit: { ...audit, end: async () => undefined } }), dataDir);
    await first.ask('POST /projects', { json: { name: 'p' } });
    await first.close();
    const again = await running(undefined, dataDir);
    const [entry] = await audited(again);
    expect(entry).toMatchObject({ action: 'project.create', target: 'p' });
    expect(entry).not.toHaveProperty('code');
    expect(entry).not.toHaveProperty('endedAt');
  });

  it('tells of a change whose client has gone, too', async () => {
    let letGo = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const client = new AbortController();
    const admin = await running(({ operator }) => ({
      operator: {
        ...operator,
        createProject(wanted) {
          // The change has begun: now the client goes.
          client.abort();
          return gate.then(() => operator.createProject(wanted));
        },
      },
    }));
    const gone = fetch(`http://127.0.0.1:${admin.port}/api/v1/projects`, {
      method: 'POST',
      body: JSON.stringify({ name: 'p' }),
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await admin.application.tokens.first()}`,
      },
      signal: client.signal,
    });
    await expect(gone).rejects.toThrow();
    letGo();
    // However busy the machine is.
    await expect.poll(async () => (await audited(admin))[0]?.code, { timeout: 25_000 }).toBe('ok');
  });

  it('tells who was kept from what, and gathers those whom nobody knows', async () => {
    const admin = await running();
    const { application, askByPort, ask } = admin;
    await ask('POST /projects', { json: { name: 'p' } });
    await ask('POST /projects', { json: { name: 'q' } });
    const { token } = await application.tokens.create({ name: 'eve', role: 'viewer', projects: ['q'] });
    const headers = { authorization: `Bearer ${token}` };
    await askByPort('POST /projects', { json: { name: 'x' }, headers });
    await askByPort('GET /projects/p', { headers });
    await askByPort('GET /releases/1', { headers });
    for (let n = 0; n < 5; n += 1) await askByPort(`GET /projects/${n}`);
    await askByPort('GET /status', { headers: { authorization: 'Bearer fota_wrong' } });
    await application.audit.flush();
    const refused = (await audited(admin)).filter(({ isRefused }) => isRefused).toReversed();
    const eve = { name: 'eve', role: 'viewer', count: 1 };
    expect(refused).toMatchObject([
      { ...eve, action: 'project.create', code: 'forbidden' },
      { ...eve, action: 'GET /api/v1/projects/:project', project: 'p', code: 'project-unknown' },
      { ...eve, action: 'GET /api/v1/releases/:release', code: 'release-unknown' },
      { code: 'token-missing', count: 1, from: '127.0.0.1' },
      { code: 'token-invalid', count: 1 },
      { code: 'token-missing', count: 4 },
    ]);
    expect(JSON.stringify(refused)).not.toContain('wrong');
  });

  it('keeps of a detail what is reasonable', async () => {
    const admin = await running();
    const json = { project: 'p', upload: 'x', firmwareName: '固'.repeat(1_000), version: '1', notes: 'n' };
    await admin.ask('POST /projects', { json: { name: 'p' } });
    await admin.ask('POST /releases', { json: { ...json, core: 'x'.repeat(64) } });
    const [entry] = await audited(admin);
    expect(entry).toMatchObject({ action: 'release.create', code: 'upload-unknown' });
    expect(entry?.details.map(({ name }) => name)).toEqual(['upload', 'firmwareName', 'version', 'core']);
  });

  it('keeps of a rollout all that was asked for, and of long lists what there is room for', async () => {
    const admin = await running();
    await admin.ask('POST /projects', { json: { name: 'p' } });
    const upload = await uploaded(admin, Buffer.from('a firmware'));
    await admin.ask('POST /releases', {
      json: { project: 'p', upload, firmwareName: 'app', version: '1', draft: true },
    });
    const ids = Array.from({ length: 1_000 }, (_, at) => `device ${at}`);
    const json = {
      ...{ release: 1, target: { ids }, waves: [{ percent: 100 }], startAt: '2030-01-01T00:00:00.000Z', windows: [] },
      ...{ timeZone: 'UTC', soakMs: 1, confirm: { count: 3 }, pause: { wave: { count: 2 } }, silentAfterMs: 7 },
      ...{ mayDowngrade: false, limits: { downloads: 4 } },
    };
    expect(await admin.ask('POST /rollouts', { json })).toMatchObject({ status: 201 });
    const [entry] = await audited(admin);
    expect(entry).toMatchObject({ action: 'rollout.create', project: 'p', made: '1', code: 'ok' });
    const kept = Object.fromEntries(entry?.details.map(({ name, value }) => [name, value]) ?? []);
    expect(Object.keys(kept)).toEqual(Object.keys(json));
    expect(kept['confirm']).toBe('{"count":3}');
    expect(kept['target']).toMatch(/^.{0,20}device 0.{0,2000}…/);
    expect(JSON.stringify(kept).length).toBeLessThan(4_000);
  });
});

it('the records of the audit log are a chain that anybody can check', async () => {
  const admin = await running();
  for (let n = 0; n < 12; n += 1) await admin.ask('POST /projects', { json: { name: `p${n}` } });
  const records: ApiAuditRecord[] = [];
  let cursor: string | undefined = '';
  while (cursor !== undefined) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body } = await admin.ask(`GET /audit/records?limit=5${query}`);
    const page = body as ApiPage<ApiAuditRecord>;
    records.push(...page.items);
    cursor = page.cursor;
  }
  expect(records).toHaveLength(24);
  for (const [at, record] of records.entries()) {
    expect(faultOf(record, records[at - 1] ?? NO_ENTRY, sha256)).toBeUndefined();
  }
  const { body } = await admin.ask('GET /audit/records?after=22');
  expect((body as ApiPage<ApiAuditRecord>).items.map(({ id }) => id)).toEqual([23, 24]);
});

it('a piece of an upload that breaks off is told with its end', async () => {
  const admin = await running();
  const { body } = await admin.ask('POST /uploads', { json: { size: 4 } });
  const { id } = body as { readonly id: string };
  const headers = { 'Content-Type': OCTETS, 'Upload-Offset': '0' };
  await admin.ask(`PATCH /uploads/${id}`, { bytes: 'too many', headers });
  expect((await audited(admin))[0]).toMatchObject({ action: 'upload.append', target: id, code: 'upload-overrun' });
});
