import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkIn, type RunningAdmin, runAdmin, uploaded } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import type { ApiPage, ApiProject, ApiRelease } from './api.ts';

const folder = folders(onTestFinished);
const KEY = 'k'.repeat(32);
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const bytes = randomBytes(5_000);
const sha256 = createHash('sha256').update(bytes).digest('hex');

async function running(): Promise<RunningAdmin> {
  const admin = await runAdmin(await folder());
  onTestFinished(() => admin.close());
  return admin;
}

/** With a project, its key and a release 1.1.0 of the firmware `app`. */
async function published(): Promise<RunningAdmin> {
  const admin = await running();
  await admin.ask('POST /projects', { json: { name: 'sample', key: KEY } });
  const upload = await uploaded(admin, bytes);
  const json = { project: 'sample', upload, firmwareName: 'app', version: '1.1.0' };
  expect(await admin.ask('POST /releases', { json })).toMatchObject({ status: 201 });
  return admin;
}

function asking(version: string, id = '867'): Parameters<typeof checkIn>[1] {
  return { idKind: 'imei', id, projectKey: KEY, firmwareName: 'app', version };
}

/** All items of a list, read in pages. */
async function inPages<T>({ ask }: RunningAdmin, path: string, limit: number): Promise<T[][]> {
  const pages: T[][] = [];
  for (let cursor: string | undefined, isEnd = false; !isEnd; isEnd = cursor === undefined) {
    const { body } = await ask(`GET ${path}limit=${limit}${cursor === undefined ? '' : `&cursor=${cursor}`}`);
    const page = body as ApiPage<T>;
    pages.push([...page.items]);
    cursor = page.cursor;
  }
  return pages;
}

describe('projects', () => {
  it('are made, shown, changed, and their keys exchanged', async () => {
    const { ask } = await running();
    const made = await ask('POST /projects', { json: { name: 'sample', key: KEY, registration: 'closed' } });
    const project = {
      name: 'sample',
      key: KEY,
      formerKeys: [],
      registration: 'closed',
      refusals: 'json',
      keyRing: null,
      createdAt: TIME,
    };
    expect(made).toMatchObject({ status: 201, body: project });
    expect((await ask('GET /projects/sample')).body).toEqual(project);
    const changed = await ask('PATCH /projects/sample', { json: { registration: 'open', refusals: 'empty' } });
    expect(changed).toMatchObject({ status: 200, body: { registration: 'open', refusals: 'empty' } });

    const rotated = await ask('POST /projects/sample/keys');
    expect(rotated).toMatchObject({ status: 201, body: { formerKeys: [KEY] } });
    const key = 'n'.repeat(32);
    expect(await ask('POST /projects/sample/keys', { json: { key } })).toMatchObject({ status: 201, body: { key } });
    const revoked = await ask(`DELETE /projects/sample/keys/${KEY}`);
    expect(revoked).toMatchObject({ status: 200, body: { key, formerKeys: [(rotated.body as ApiProject).key] } });
    expect(await ask(`DELETE /projects/sample/keys/${KEY}`)).toMatchObject({
      status: 404,
      body: { code: 'key-unknown' },
    });
  });

  it('of any name can be reached, and of a name in use cannot be made', async () => {
    const { ask } = await running();
    const name = 'Größe 50% / 合宙?';
    expect(await ask('POST /projects', { json: { name } })).toMatchObject({ status: 201 });
    expect(await ask(`GET /projects/${encodeURIComponent(name)}`)).toMatchObject({ status: 200, body: { name } });
    expect(await ask('POST /projects', { json: { name } })).toMatchObject({
      status: 409,
      body: { code: 'project-exists' },
    });
    expect(await ask('POST /projects', { json: { name: '' } })).toMatchObject({
      status: 400,
      body: { code: 'name-invalid' },
    });
    expect(await ask('GET /projects/other')).toMatchObject({ status: 404, body: { code: 'project-unknown' } });
  });

  it('are listed in the order of their making, in pages', async () => {
    const admin = await running();
    const names = ['c', 'a', 'e', 'b', 'd'];
    for (const name of names) await admin.ask('POST /projects', { json: { name } });
    const pages = await inPages<ApiProject>(admin, '/projects?', 2);
    expect(pages.map((page) => page.map(({ name }) => name))).toEqual([['c', 'a'], ['e', 'b'], ['d']]);
    const wrong = await admin.ask('GET /projects?cursor=nonsense');
    expect(wrong).toMatchObject({ status: 400, body: { code: 'cursor-invalid' } });
  });
});

describe('releases', () => {
  it('go from draft to published to withdrawn', async () => {
    const admin = await running();
    const { ask } = admin;
    await ask('POST /projects', { json: { name: 'sample' } });
    const upload = await uploaded(admin, bytes);
    const json = { project: 'sample', upload, firmwareName: 'app', version: '1.1.0', notes: 'better', draft: true };
    const made = await ask('POST /releases', { json });
    const release = {
      id: expect.any(Number),
      project: 'sample',
      firmwareName: 'app',
      version: '1.1.0',
      wireVersion: '1.1.0',
      state: 'draft',
      notes: 'better',
      isFloor: false,
      packages: [{ sha256, size: bytes.length, source: 'any', fileName: 'app.bin', format: 'opaque' }],
      createdAt: TIME,
    };
    expect(made).toMatchObject({ status: 201, body: { release, isNew: true, warnings: expect.any(Array) } });
    expect((made.body as { release: ApiRelease }).release).toEqual(release);
    expect(await ask('POST /releases', { json })).toMatchObject({ status: 200, body: { release, isNew: false } });
    const { id } = (made.body as { release: ApiRelease }).release;
    for (const isFloor of [true, false]) {
      expect((await ask(`POST /releases/${id}/floor`, { json: { isFloor } })).body).toEqual({ ...release, isFloor });
    }
    const published = { ...release, state: 'published', publishedAt: TIME };
    expect((await ask(`POST /releases/${id}/publish`)).body).toEqual(published);
    const withdrawn = { ...published, state: 'withdrawn', withdrawnAt: TIME };
    expect((await ask(`POST /releases/${id}/withdraw`)).body).toEqual(withdrawn);
    expect((await ask(`GET /releases/${id}`)).body).toEqual(withdrawn);
    const late = await ask(`POST /releases/${id}/publish`);
    expect(late).toMatchObject({ status: 409, body: { code: 'release-withdrawn' } });
    for (const line of ['GET /releases/999', 'POST /releases/999/publish', 'POST /releases/999/withdraw']) {
      expect(await ask(line)).toMatchObject({ status: 404, body: { code: 'release-unknown' } });
    }
  });

  it('that collide on the wire are refused with the next free version', async () => {
    const admin = await running();
    await admin.ask('POST /projects', { json: { name: 'sample' } });
    const publication = { project: 'sample', firmwareName: 'app', core: 'V2012' };
    const first = { ...publication, upload: await uploaded(admin, bytes), version: '1.0.5' };
    expect(await admin.ask('POST /releases', { json: first })).toMatchObject({
      status: 201,
      body: { release: { core: '2012', wireVersion: '2012.1.5' } },
    });
    const second = { ...publication, upload: await uploaded(admin, randomBytes(9)), version: '1.1.5' };
    expect(await admin.ask('POST /releases', { json: second })).toMatchObject({
      status: 409,
      body: { code: 'version-taken', nextFreeVersion: '1.1.6' },
    });
  });

  it('need a complete upload and a project', async () => {
    const admin = await running();
    const { ask } = admin;
    const begun = await ask('POST /uploads', { json: { size: 9 } });
    const { id } = begun.body as { readonly id: string };
    const json = { project: 'sample', upload: id, firmwareName: 'app', version: '1.0.0' };
    expect(await ask('POST /releases', { json })).toMatchObject({ status: 409, body: { code: 'upload-incomplete' } });
    const gone = await ask('POST /releases', { json: { ...json, upload: 'gone' } });
    expect(gone).toMatchObject({ status: 404, body: { code: 'upload-unknown' } });
    const upload = await uploaded(admin, bytes);
    const lost = await ask('POST /releases', { json: { ...json, upload } });
    expect(lost).toMatchObject({ status: 404, body: { code: 'project-unknown' } });
    await ask('POST /projects', { json: { name: 'sample' } });
    const nameless = await ask('POST /releases', { json: { project: 'sample', upload } });
    expect(nameless).toMatchObject({ status: 400, body: { code: 'name-missing' } });
  });

  it('are listed the newest first, in pages and by what they are', async () => {
    const admin = await published();
    for (const version of ['1.2.0', '1.3.0', '1.4.0', '1.5.0']) {
      const upload = await uploaded(admin, randomBytes(9));
      const draft = version === '1.3.0';
      await admin.ask('POST /releases', { json: { project: 'sample', upload, firmwareName: 'app', version, draft } });
    }
    const pages = await inPages<ApiRelease>(admin, '/releases?project=sample&firmware=app&', 2);
    const versions = pages.map((page) => page.map(({ version }) => version));
    expect(versions).toEqual([['1.5.0', '1.4.0'], ['1.3.0', '1.2.0'], ['1.1.0']]);
    expect((await inPages<ApiRelease>(admin, '/releases?state=draft&', 9)).flat()).toMatchObject([
      { version: '1.3.0' },
    ]);
    expect((await inPages<ApiRelease>(admin, '/releases?firmware=other&', 9)).flat()).toEqual([]);
  });
});

describe('devices', () => {
  it('are listed and shown with what they asked and were sent', async () => {
    const admin = await published();
    await checkIn(admin.application, asking('1.0.0'));
    await checkIn(admin.application, asking('1.1.0', '999'));
    const record = {
      firmwareName: 'app',
      idKind: 'imei',
      version: '1.0.0',
      firstSeenAt: TIME,
      lastSeenAt: TIME,
      asked: 1,
      rule: 'newer-release',
      sent: { release: expect.any(Number), version: '1.1.0', sha256, size: bytes.length, at: TIME },
      deliveries: { sha256, version: '1.0.0', count: 1, since: TIME },
      attempt: {
        release: expect.any(Number),
        from: '1.0.0',
        to: '1.1.0',
        state: 'downloading',
        standing: 'under-way',
        failures: 0,
        offeredAt: TIME,
        changedAt: TIME,
        detail: '',
      },
    };
    const shown = await admin.ask('GET /projects/sample/devices/867');
    expect(shown.body).toEqual({ project: 'sample', id: '867', access: 'default', labels: [], records: [record] });
    const found = await admin.ask('GET /devices?project=sample&firmware=app&access=default&id=86&limit=10');
    expect(found.body).toEqual({ items: [{ project: 'sample', id: '867', access: 'default', labels: [], record }] });
    const nobody = await admin.ask('GET /projects/sample/devices/1');
    expect(nobody).toMatchObject({ status: 404, body: { code: 'device-unknown' } });
  });

  it('are blocked, allowed and left alone again, also under the strangest id', async () => {
    const { ask } = await published();
    const id = '合/宙#%'.repeat(25);
    const path = `/projects/sample/devices/${encodeURIComponent(id)}`;
    for (const access of ['blocked', 'allowed', 'default']) {
      const set = await ask(`PUT ${path}/access`, { json: { access } });
      expect(set).toMatchObject({ status: 200, body: { project: 'sample', id, access, records: [] } });
    }
    const wrong = await ask(`PUT ${path}/access`, { json: { access: 'banned' } });
    expect(wrong).toMatchObject({
      status: 400,
      body: { detail: '"access" in the body must be one of "blocked", "allowed", "default"' },
    });
  });

  it('are forgotten, and unknown then', async () => {
    const admin = await published();
    await checkIn(admin.application, asking('1.0.0'));
    const path = '/projects/sample/devices/867';
    expect(await admin.ask(`DELETE ${path}`)).toMatchObject({ status: 204, text: '' });
    for (const method of ['GET', 'DELETE']) {
      expect(await admin.ask(`${method} ${path}`)).toMatchObject({ status: 404, body: { code: 'device-unknown' } });
    }
    expect((await admin.ask('GET /status')).body).toMatchObject({ counts: { devices: 0 } });
  });

  it('leave their traces in the log', async () => {
    const admin = await published();
    await checkIn(admin.application, asking('1.0.0'));
    await checkIn(admin.application, asking('1.1.0', '999'));
    const all = (await inPages<{ id: number }>(admin, '/log?', 1)).flat();
    expect(all).toMatchObject([
      { event: 'refused', deviceId: '999', version: '1.1.0', code: 27, rule: 'newest' },
      {
        event: 'offered',
        deviceId: '867',
        project: 'sample',
        firmwareName: 'app',
        code: 0,
        releaseVersion: '1.1.0',
        at: TIME,
      },
    ]);
    const [newest, oldest] = all;
    const some = await admin.ask(`GET /log?project=sample&firmware=app&device=999&event=refused&after=${oldest?.id}`);
    expect(some.body).toEqual({ items: [newest] });
  });

  it('are explained without a trace', async () => {
    const admin = await published();
    const { ask } = admin;
    await checkIn(admin.application, asking('1.0.0'));
    const explained = await ask('GET /projects/sample/explain?id=867');
    expect(explained.body).toMatchObject({
      question: { idKind: 'imei', id: '867', firmwareName: 'app', version: '1.0.0' },
      answer: 'upgrade',
      code: 0,
      rule: 'newer-release',
      release: { version: '1.1.0' },
      package: { sha256, size: bytes.length, source: 'any' },
    });
    const supposed = await ask('GET /projects/sample/explain?id=867&version=1.1.0&firmware=app');
    expect(supposed.body).toMatchObject({ answer: 'refused', code: 27, rule: 'newest', msg: 'already the newest' });
    expect(supposed.body).toMatchObject({
      steps: expect.arrayContaining([expect.objectContaining({ decided: true })]),
    });
    expect((await ask('GET /projects/sample/devices/867')).body).toMatchObject({ records: [{ asked: 1 }] });
    expect(await ask('GET /projects/sample/explain')).toMatchObject({ body: { detail: 'missing in the query: "id"' } });
  });
});

describe('the server', () => {
  it('says how it is', async () => {
    const admin = await published();
    admin.application.onProblem(new Error('the moon is full'));
    const { body } = await admin.ask('GET /status');
    expect(body).toEqual({
      version: '0.1.0',
      node: process.versions.node,
      startedAt: TIME,
      dataDir: admin.dataDir,
      deviceUrl: null,
      deviceTlsUrl: null,
      deviceHost: null,
      paths: ['/upgrade'],
      adminUrl: null,
      certificates: { devices: null, admin: null },
      counts: { projects: 1, releases: 1, devices: 0 },
      stop: { isOn: false, why: '' },
      expiring: [],
      problems: [{ at: TIME, code: null, message: 'the moon is full' }],
    });
  });
});
