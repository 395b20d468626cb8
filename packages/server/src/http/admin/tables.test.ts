import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkIn, type Heard, type RunningAdmin, runAdmin, uploaded } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import type { ApiProblem } from './api.ts';

const folder = folders(onTestFinished);
const KEY = 'k'.repeat(32);
const CSV = { 'Content-Type': 'text/csv; charset=utf-8' };

async function running(): Promise<RunningAdmin> {
  const admin = await runAdmin(await folder());
  onTestFinished(() => admin.close());
  await admin.ask('POST /projects', { json: { name: 'sample', key: KEY } });
  return admin;
}

const IMPORT = 'POST /projects/sample/devices/import';
function imported({ ask }: RunningAdmin, table: string | Uint8Array, query = '', headers = {}): Promise<Heard> {
  return ask(`${IMPORT}${query}`, { bytes: table, headers: { ...CSV, ...headers } });
}

function count({ ask }: RunningAdmin, query: string): Promise<unknown> {
  return ask(`GET /devices/count?${new URLSearchParams({ project: 'sample', query })}`).then(({ body }) => body);
}

/** Lines of so many devices, of which one may be spoilt. */
function tableOf(devices: number, spoilt?: number): string {
  const lines = Array.from({ length: devices }, (_, i) => {
    const access = i + 2 === spoilt ? 'blokked' : i % 2 === 0 ? 'blocked' : 'allowed';
    return `${861_000_000_000_000 + i},${access},beta site-${i % 10},"No ${i}, on the ""roof"""\r\n`;
  });
  return `id,access,labels,note\r\n${lines.join('')}`;
}

describe('a table of devices', () => {
  it('is looked at, taken, and sent again as it was, thousands of lines at once', async () => {
    const admin = await running();
    const table = tableOf(5_000);
    const sha256 = createHash('sha256').update(table).digest('hex');
    const outcome = { sha256, lines: 5_000, devices: 5_000, changed: 5_000, added: 5_000, unknown: 0 };
    const looked = await imported(admin, table, '?dryRun=true');
    expect(looked.body).toMatchObject({ ...outcome, dryRun: true, sample: { length: 10 } });
    expect((looked.body as { sample: unknown[] }).sample[0]).toEqual({
      line: 2,
      id: '861000000000000',
      isNew: true,
      before: { access: 'default', labels: [] },
      after: { access: 'blocked', labels: ['beta', 'site-0'], note: 'No 0, on the "roof"' },
    });
    expect(await count(admin, 'all')).toEqual({ devices: 0 });
    expect((await imported(admin, table)).body).toMatchObject({ ...outcome, dryRun: false });
    expect(await count(admin, 'access = blocked and label:site-*')).toEqual({ devices: 2_500 });

    const sent = await admin.ask('GET /devices/export?project=sample');
    expect(sent.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="devices.csv"',
    });
    expect(sent.text.split('\r\n')).toHaveLength(5_002);
    expect((await imported(admin, sent.text)).body).toMatchObject({ lines: 5_000, changed: 0 });
    const some = new URLSearchParams({ project: 'sample', query: 'note:"No 4999,"', mark: 'true' });
    const few = await admin.ask(`GET /devices/export?${some}`);
    expect(few.text).toMatch(
      /^\ufeffid,.*\r\n861000000004999,allowed,beta site-9,"No 4999, on the ""roof""",,sample,,+\r\n$/,
    );
    expect((await imported(admin, few.text)).body).toMatchObject({ lines: 1, changed: 0 });
    const events = await admin.ask('GET /events?type=device.access', { headers: { accept: 'application/json' } });
    const told = (events.body as { items: Array<{ data: { count: number } }> }).items;
    expect(told.reduce((sum, { data }) => sum + data.count, 0)).toBe(5_000);
  }, 60_000);

  it('of which one line of ten thousand cannot be taken changes nothing, and says which', async () => {
    const admin = await running();
    for (const query of ['', '?dryRun=true']) {
      const { status, body } = await imported(admin, tableOf(10_000, 9_999), query);
      expect([status, body]).toMatchObject([
        422,
        {
          code: 'table-invalid',
          detail: 'line 9999, access: "blokked" is no word on a device; did you mean blocked?',
          problems: [{ line: 9_999, column: 'access', message: expect.any(String) }],
          wrong: 1,
        },
      ]);
    }
    expect(await count(admin, 'all')).toEqual({ devices: 0 });
  }, 60_000);

  it('is in the audit log once, with how many lines it has and its digest, taken or not', async () => {
    const admin = await running();
    const tables = ['id,note\na,x\nb,y\n', 'id,note\na,x,z\n'];
    for (const table of tables) await imported(admin, table);
    const { body } = await admin.ask('GET /audit?action=device.import');
    const found = (body as { items: Array<{ code: string; project: string; details: object[] }> }).items;
    const digests = tables.map((table) => createHash('sha256').update(table).digest('hex'));
    expect(found.map(({ code, project, details }) => [code, project, details])).toEqual([
      ['table-invalid', 'sample', expect.arrayContaining([{ name: 'sha256', value: digests[1] }])],
      [
        'ok',
        'sample',
        [
          { name: 'sha256', value: digests[0] },
          { name: 'lines', value: '2' },
        ],
      ],
    ]);
  });

  it('that comes again under its key is taken once, and another under that key is none', async () => {
    const admin = await running();
    const key = { 'Idempotency-Key': 'one' };
    const first = await imported(admin, 'id,note\na,x\n', '', key);
    expect(first.body).toMatchObject({ changed: 1 });
    const again = await imported(admin, 'id,note\na,x\n', '', key);
    expect([again.headers['idempotent-replayed'], again.body]).toEqual(['true', first.body]);
    expect((await imported(admin, 'id,note\na,y\n', '', key)).body).toMatchObject({ code: 'idempotency-mismatch' });
    expect(await count(admin, 'note:y')).toEqual({ devices: 0 });
  });

  it('is refused where it is no text, no table, too large, or not there', async () => {
    const admin = await running();
    const gbk = Buffer.concat([Buffer.from('id,note\na,'), Buffer.from([0xb1, 0xb1, 0xbe, 0xa9, 0x0a])]);
    expect((await imported(admin, gbk)).body).toMatchObject({
      code: 'table-invalid',
      detail: 'line 1: the text is not UTF-8: save it as "CSV UTF-8"',
    });
    expect((await imported(admin, '')).body).toMatchObject({ code: 'table-invalid', wrong: 1 });
    expect((await admin.ask(IMPORT)).body).toMatchObject({ code: 'request-invalid' });
    expect(await admin.ask(IMPORT, { json: {} })).toMatchObject({ status: 415 });
    expect((await admin.ask('POST /projects/nope/devices/import', { bytes: 'id', headers: CSV })).status).toBe(404);
    const large = await imported(admin, Buffer.alloc(65 << 20, 'a'));
    expect(large).toMatchObject({ status: 413, body: { code: 'request-too-large' } });
    expect((await admin.ask('GET /devices/export?query=lable:x')).body).toMatchObject({ code: 'query-invalid' });
  }, 60_000);

  it('whose connection breaks in the midst changes nothing', async () => {
    const admin = await running();
    const question = request({
      socketPath: admin.socket,
      method: 'POST',
      path: '/api/v1/projects/sample/devices/import',
      headers: { ...CSV, 'Content-Length': '1000' },
    });
    question.on('error', () => undefined);
    await new Promise<void>((resolve) => question.write('id,note\na,x\nb,y\n', () => resolve()));
    question.destroy();
    expect(await count(admin, 'all')).toEqual({ devices: 0 });
    expect(admin.problems).toEqual([]);
  });

  it('is taken from operators, and sent to all, of the projects that they see', async () => {
    const admin = await running();
    await imported(admin, 'id,note\na,x\n');
    const tokenOf = async (
      role: 'viewer' | 'operator',
      projects: 'all' | string[],
    ): Promise<Record<string, string>> => {
      const { token } = await admin.application.tokens.create({ name: role, role, projects });
      return { Authorization: `Bearer ${token}` };
    };
    const viewer = await tokenOf('viewer', ['sample']);
    const table = { bytes: 'id,note\na,y\n', headers: { ...CSV, ...viewer } };
    expect((await admin.askByPort(IMPORT, table)).body).toMatchObject({ code: 'forbidden' });
    expect((await admin.askByPort('GET /devices/export', { headers: viewer })).text).toContain('\r\na,default,,x,');
    await admin.ask('POST /projects', { json: { name: 'other' } });
    const stranger = await tokenOf('operator', ['other']);
    expect((await admin.askByPort('GET /devices/export', { headers: stranger })).text).not.toContain('\r\na,');
    const { status, body } = await admin.askByPort(IMPORT, { bytes: 'id', headers: { ...CSV, ...stranger } });
    expect([status, (body as ApiProblem).code]).toEqual([404, 'project-unknown']);
  });
});

describe('a device that is held for an upgrade loop', () => {
  it.each(['singly', 'in bulk'])('is released %s without a word on it', async (how) => {
    const admin = await running();
    const json = { project: 'sample', upload: await uploaded(admin, Buffer.from('new')), firmwareName: 'app' };
    await admin.ask('POST /releases', { json: { ...json, version: '1.1.0' } });
    const question = { idKind: 'imei', projectKey: KEY, firmwareName: 'app', version: '1.0.0' } as const;
    const asks = async (id: string): Promise<string> => {
      await checkIn(admin.application, { ...question, id });
      const { body } = await admin.ask(`GET /projects/sample/devices/${id}`);
      return (body as { records: [{ rule: string }] }).records[0].rule;
    };
    for (let i = 0; i < 7; i += 1) await asks('held');
    expect([await asks('held'), await asks('other')]).toEqual(['upgrade-loop', 'newer-release']);
    const bulk = { project: 'sample', query: 'all', action: 'release' };
    const released =
      how === 'singly'
        ? await admin.ask('POST /projects/sample/devices/held/release')
        : await admin.ask('POST /devices/bulk', { json: bulk });
    expect(released).toMatchObject({ status: 200, body: how === 'singly' ? { access: 'default' } : { done: 2 } });
    expect(await asks('held')).toBe('newer-release');
    const { body } = await admin.ask('GET /projects/sample/devices/other');
    expect(body).toMatchObject({ records: [{ deliveries: { count: 1 } }] });
    expect((await admin.ask('POST /projects/sample/devices/none/release')).body).toMatchObject({
      code: 'device-unknown',
    });
  });
});
