import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkIn, type Heard, type RunningAdmin, runAdmin, uploaded } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import { DAILY, firstRing, ringText, SAFE, SPARE, secondRing, signed, THIEF } from '../../../test/trust.ts';
import type { ApiPublished } from './api.ts';

const folder = folders(onTestFinished);
const PATH = '/projects/sample/key-ring';
const FIRST = { text: ringText(firstRing('sample')) };
const SECOND = SAFE.link(secondRing('sample'));
const bytes = randomBytes(3_000_000);

async function running(): Promise<RunningAdmin> {
  const admin = await runAdmin(await folder());
  onTestFinished(() => admin.close());
  await admin.ask('POST /projects', { json: { name: 'sample' } });
  return admin;
}

const publish = async (admin: RunningAdmin, more: object = {}, content: Uint8Array = bytes): Promise<Heard> => {
  const upload = await uploaded(admin, content);
  return admin.ask('POST /releases', { json: { project: 'sample', upload, ...more } });
};

describe('a key ring', () => {
  it('is set, shown, and replaced by the next; the project tells its number', async () => {
    const { ask } = await running();
    expect(await ask(`GET ${PATH}`)).toMatchObject({ status: 404, body: { code: 'key-ring-none' } });
    expect((await ask('GET /projects/sample')).body).toMatchObject({ keyRing: null });
    const first = { serial: 1, ...FIRST, links: [], releaseKeys: [DAILY.publicKey.id], ringKeys: [SAFE.publicKey.id] };
    expect(await ask(`PUT ${PATH}`, { json: FIRST })).toMatchObject({ status: 200, body: { ...first, warnings: [] } });
    expect((await ask(`GET ${PATH}`)).body).toEqual({ ...first, warnings: [] });
    for (const _ of ['first', 'again']) {
      const next = await ask(`PUT ${PATH}`, { json: SECOND });
      const releaseKeys = [SPARE.publicKey.id];
      expect(next).toMatchObject({ status: 200, body: { serial: 2, text: SECOND.text, links: [SECOND], releaseKeys } });
    }
    expect((await ask('GET /projects/sample')).body).toMatchObject({ keyRing: 2 });
    expect((await ask('GET /projects')).text).not.toContain('libfota2 key ring');
  });

  it('is known of each device that told it, by which a plan and an explanation say who is left behind', async () => {
    const admin = await running();
    const { ask, application } = admin;
    await ask(`PUT ${PATH}`, { json: FIRST });
    const { release } = (await publish(admin, { firmwareName: 'app', version: '1.1.0', signature: signed(bytes) }))
      .body as ApiPublished;
    await ask(`PUT ${PATH}`, { json: SECOND });
    const { key: projectKey } = (await ask('GET /projects/sample')).body as { readonly key: string };
    const device = { idKind: 'imei', projectKey, firmwareName: 'app', version: '1.1.0' } as const;
    for (const [id, keyRing] of [
      ['1', 1],
      ['2', 2],
      ['3', 2],
      ['4', undefined],
    ] as const) {
      await checkIn(application, { ...device, id, keyRing });
    }
    const items = [
      { serial: 2, devices: 2 },
      { serial: 1, devices: 1 },
      { serial: 0, devices: 1 },
    ];
    expect((await ask(`GET ${PATH}/devices`)).body).toEqual({ items });
    expect(await ask('GET /projects/none/key-ring/devices')).toMatchObject({ body: { code: 'project-unknown' } });
    expect((await ask('GET /projects/sample/devices/1')).body).toMatchObject({ records: [{ keyRing: 1 }] });
    expect((await ask('GET /projects/sample/devices/4')).text).not.toContain('keyRing');
    for (const [id, keyRing] of [
      ['1', 1],
      ['2', 2],
      ['3', 2],
      ['4', undefined],
    ] as const) {
      await checkIn(application, { ...device, id, keyRing, version: '1.0.0' });
    }
    const explained = async (more: string) => (await ask(`GET /projects/sample/explain?id=${more}`)).body;
    expect(await explained('2')).toMatchObject({ rule: 'untrusted', question: { keyRing: 2 } });
    expect(await explained('2&keyRing=0')).toMatchObject({ rule: 'newer-release' });
    const plan = await ask('POST /plan', { json: { request: { release: release.id, waves: [{ percent: 100 }] } } });
    expect(plan.body).toMatchObject({ devices: 1, others: [{ why: 'untrusted', devices: 3 }] });
  });

  it('holds until when its releases may be taken, and the status says so to those who see the project', async () => {
    const admin = await running();
    const { ask, askByPort } = admin;
    await ask('POST /projects', { json: { name: 'other' } });
    await ask(`PUT ${PATH}`, { json: FIRST });
    const notAfter = Math.floor(Date.now() / 1_000) + 9 * 86_400;
    await publish(admin, { firmwareName: 'app', version: '1.1.0', signature: signed(bytes, { notAfter }) });
    const ends = { release: 1, project: 'sample', firmwareName: 'app', version: '1.1.0', hasPassed: false };
    const expiring = [{ ...ends, notAfter: new Date(notAfter * 1_000).toISOString() }];
    expect((await ask('GET /status')).body).toMatchObject({ expiring });
    for (const [project, seen] of [
      ['sample', expiring],
      ['other', []],
    ] as const) {
      const wanted = { name: project, role: 'viewer', projects: [project] };
      const { token } = (await ask('POST /tokens', { json: wanted })).body as { readonly token: string };
      const headers = { Authorization: `Bearer ${token}` };
      expect((await askByPort('GET /status', { headers })).body).toMatchObject({ expiring: seen });
    }
  });

  it('that does not follow is refused; one that begins anew is written down as such', async () => {
    const { ask } = await running();
    await ask(`PUT ${PATH}`, { json: FIRST });
    const wrong = THIEF.link(secondRing('sample'));
    expect(await ask(`PUT ${PATH}`, { json: wrong })).toMatchObject({
      status: 422,
      body: { code: 'signature-unknown-key' },
    });
    const jump = { text: ringText({ ...secondRing('sample'), serial: 7 }) };
    expect(await ask(`PUT ${PATH}`, { json: jump })).toMatchObject({
      status: 422,
      body: { code: 'signature-missing' },
    });
    const anew = await ask(`PUT ${PATH}`, { json: { ...jump, replace: true } });
    expect(anew).toMatchObject({ status: 200, body: { serial: 7, links: [] } });
    const { text } = await ask('GET /audit?action=key-ring.set');
    const written = (JSON.parse(text) as { items: { details: unknown; code?: string }[] }).items;
    expect(written[0]?.details).toEqual([
      { name: 'replace', value: 'true' },
      { name: 'serial', value: '7' },
      { name: 'releaseKeys', value: JSON.stringify([SPARE.publicKey.id]) },
      { name: 'ringKeys', value: JSON.stringify([SAFE.publicKey.id]) },
    ]);
    expect(written.map(({ code }) => code)).toEqual(['ok', 'signature-missing', 'signature-unknown-key', 'ok']);
    expect(text).not.toContain('libfota2 key ring');
  });

  it('is changed only as it is known, where the request says so', async () => {
    const { ask } = await running();
    const { etag = '' } = (await ask('GET /projects/sample')).headers;
    const headers = { 'If-Match': etag };
    expect(await ask(`PUT ${PATH}`, { json: FIRST, headers })).toMatchObject({ status: 200 });
    expect(await ask(`PUT ${PATH}`, { json: SECOND, headers })).toMatchObject({ status: 412 });
  });
});

describe('publishing', () => {
  it('with a signature takes name and version from it, and says whose it cannot know', async () => {
    const admin = await running();
    const signature = signed(bytes, {}, THIEF);
    const { status, body } = await publish(admin, { signature });
    const { release, warnings } = body as ApiPublished;
    expect([status, release]).toMatchObject([
      201,
      { firmwareName: 'app', version: '1.1.0', packages: [{ signature }] },
    ]);
    expect(warnings.at(-1)).toContain('the project has no key ring');
    const { body: ring } = await admin.ask(`PUT ${PATH}`, { json: FIRST });
    expect(ring).toMatchObject({ warnings: [expect.stringContaining(`(app 1.1.0): the key ${THIEF.publicKey.id}`)] });
  });

  it('with a key ring takes what its release keys signed, bytes and all, and nothing else', async () => {
    const admin = await running();
    await admin.ask(`PUT ${PATH}`, { json: FIRST });
    // A comment about these bytes, over a signature of others: only whoever has the key can make it, and no device would take it.
    const torn = signed(randomBytes(3_000_000), { size: bytes.length, sha256: await shaOf(admin) });
    for (const [code, more] of [
      ['signature-missing', { firmwareName: 'app', version: '1.1.0' }],
      ['signature-unknown-key', { signature: signed(bytes, {}, THIEF) }],
      ['manifest-mismatch', { signature: signed(bytes.subarray(1)) }],
      ['manifest-mismatch', { signature: signed(bytes), firmwareName: 'other' }],
      ['manifest-mismatch', { signature: signed(bytes), version: '1.2.0' }],
      ['manifest-expired', { signature: signed(bytes, { notAfter: 1_700_000_001 }) }],
      ['signature-invalid', { signature: torn }],
    ] as const) {
      expect(await publish(admin, more), code).toMatchObject({ status: 422, body: { code } });
    }
    expect((await admin.ask('GET /releases')).body).toEqual({ items: [] });
    const { status, body } = await publish(admin, { signature: signed(bytes), version: '01.1' });
    expect([status, body]).toMatchObject([
      201,
      { release: { version: '01.1', packages: [{ signature: signed(bytes) }] } },
    ]);
    const { text } = await admin.ask('GET /audit?action=release.create');
    expect(text).toContain(`"signedBy","value":"${DAILY.publicKey.id}"`);
  });

  it('the same bytes again adds a signature, or takes a newer one', async () => {
    const admin = await running();
    await publish(admin, { firmwareName: 'app', version: '1.1.0' });
    const signature = signed(bytes);
    await admin.ask(`PUT ${PATH}`, { json: FIRST });
    expect(await publish(admin, { signature })).toMatchObject({ status: 201, body: { isNew: true } });
    expect(await publish(admin, { signature })).toMatchObject({ status: 200, body: { isNew: false } });
    const { body } = await admin.ask(`PUT ${PATH}`, { json: SECOND });
    expect(body).toMatchObject({ warnings: [expect.stringContaining(`the key ${DAILY.publicKey.id} made`)] });
    const anew = signed(bytes, {}, SPARE);
    const { body: published } = await publish(admin, { signature: anew });
    expect((published as ApiPublished).release.packages).toMatchObject([{ signature: anew }]);
    expect((await admin.ask(`GET ${PATH}`)).body).toMatchObject({ warnings: [] });
    expect(
      (await admin.ask('GET /events?type=release', { headers: { accept: 'application/json' } })).body,
    ).toMatchObject({
      items: [{ type: 'release.published' }],
    });
  });

  it('the same bytes take no older signature, unless nobody believes the newer one any more', async () => {
    const admin = await running();
    await admin.ask(`PUT ${PATH}`, { json: FIRST });
    const careful = signed(bytes, { signedAt: 1_700_000_100, minimumVersion: '1.0.0' });
    expect(await publish(admin, { signature: careful })).toMatchObject({ status: 201 });
    const older = { status: 422, body: { code: 'signature-older' } };
    for (const draft of [false, true]) {
      expect(await publish(admin, { signature: signed(bytes), draft })).toMatchObject(older);
    }
    const later = signed(bytes, { signedAt: 1_700_000_200 });
    expect(await publish(admin, { signature: later })).toMatchObject({ status: 201 });
    // A thief may have signed in the future.
    await admin.ask(`PUT ${PATH}`, { json: SECOND });
    expect(await publish(admin, { signature: signed(bytes, {}, SPARE) })).toMatchObject({ status: 201 });
  });

  it('a draft is proven to its last byte when it is published, for it may be older than the ring', async () => {
    const admin = await running();
    const other = randomBytes(100);
    const [, , comment = '', global = ''] = signed(bytes).split('\n');
    const torn = [...signed(other).split('\n').slice(0, 2), comment, global, ''].join('\n');
    const { body } = await publish(admin, { signature: torn, draft: true });
    const { id } = (body as ApiPublished).release;
    await admin.ask(`PUT ${PATH}`, { json: FIRST });
    expect(await admin.ask(`POST /releases/${id}/publish`)).toMatchObject({
      status: 422,
      body: { code: 'signature-invalid' },
    });
  });

  it('a draft that is not signed for the ring that came meanwhile is refused', async () => {
    const admin = await running();
    const { body } = await publish(admin, { firmwareName: 'app', version: '1.1.0', draft: true });
    const { id } = (body as ApiPublished).release;
    await admin.ask(`PUT ${PATH}`, { json: FIRST });
    const refused = { status: 422, body: { code: 'signature-missing' } };
    expect(await admin.ask(`POST /releases/${id}/publish`)).toMatchObject(refused);
    // A rollout publishes its draft.
    expect(await admin.ask('POST /rollouts', { json: { release: id } })).toMatchObject(refused);
    expect((await admin.ask('GET /rollouts')).body).toMatchObject({ items: [] });
    const other = randomBytes(9);
    expect(await publish(admin, { signature: signed(other, { source: '2012' }), source: '2012' }, other)).toMatchObject(
      refused,
    );
    await publish(admin, { signature: signed(bytes), draft: true });
    expect(await admin.ask(`POST /releases/${id}/publish`)).toMatchObject({ status: 200 });
  });
});

async function shaOf(admin: RunningAdmin): Promise<string> {
  const { body } = await admin.ask(`GET /uploads/${await uploaded(admin, bytes)}`);
  return (body as { readonly sha256: string }).sha256;
}
