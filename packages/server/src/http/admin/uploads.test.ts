import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OCTETS, type RunningAdmin, runAdmin, uploaded } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import type { ApiUpload } from './api.ts';

const folder = folders(onTestFinished);
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const bytes = randomBytes(5_000);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const bytesAt = (offset: number): Record<string, string> => ({
  'Content-Type': OCTETS,
  'Upload-Offset': String(offset),
});

async function running(dataDir?: string): Promise<RunningAdmin> {
  const admin = await runAdmin(dataDir ?? (await folder()));
  onTestFinished(() => admin.close());
  return admin;
}

async function begun({ ask }: RunningAdmin, size: number): Promise<string> {
  return ((await ask('POST /uploads', { json: { size } })).body as ApiUpload).id;
}

/** A PATCH whose bytes stop coming before all are there. Resolves once the server has those that came. */
async function halting({ ask, socket: path }: RunningAdmin, id: string, offset: number, part: Buffer, length: number) {
  const socket = connect(path);
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  const head = [
    `PATCH /api/v1/uploads/${id} HTTP/1.1`,
    'Host: localhost',
    `Content-Type: ${OCTETS}`,
    `Upload-Offset: ${offset}`,
    `Content-Length: ${length}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(part);
  const far = async (): Promise<number> => ((await ask(`GET /uploads/${id}`)).body as ApiUpload).offset;
  await expect.poll(far).toBe(offset + part.length);
  return socket;
}

describe('uploads', () => {
  it('come in pieces and say what they are once complete', async () => {
    const { ask } = await running();
    const fileName = 'station_2012.001.005_LuatOS-SoC_EC718PM.bin';
    const begun = await ask('POST /uploads', { json: { fileName, size: bytes.length, sha256 } });
    const { id } = begun.body as { readonly id: string };
    const open = { id, fileName, size: bytes.length, offset: 0, state: 'open', sha256, expiresAt: TIME };
    expect(begun).toMatchObject({ status: 201, body: open });
    const path = `/uploads/${id}`;
    const first = await ask(`PATCH ${path}`, { bytes: bytes.subarray(0, 2_000), headers: bytesAt(0) });
    expect(first).toMatchObject({ status: 200, body: { ...open, offset: 2_000 } });
    const astray = await ask(`PATCH ${path}`, { bytes, headers: bytesAt(7) });
    expect(astray).toMatchObject({ status: 409, body: { code: 'upload-offset', offset: 2_000 } });
    expect((await ask(`GET ${path}`)).body).toEqual({ ...open, offset: 2_000 });
    const last = await ask(`PATCH ${path}`, { bytes: bytes.subarray(2_000), headers: bytesAt(2_000) });
    expect(last.body).toEqual({
      ...open,
      offset: bytes.length,
      state: 'complete',
      inspection: expect.objectContaining({ format: 'opaque' }),
      proposal: expect.objectContaining({
        firmwareName: { value: 'station_LuatOS-SoC_EC718PM', from: 'file name' },
        version: { value: '2012.001.005', from: 'file name' },
      }),
    });
    expect((await ask(`PATCH ${path}`, { headers: bytesAt(bytes.length) })).body).toEqual(last.body);
    expect((await ask(`PATCH ${path}`, { headers: { 'Upload-Offset': '5000' } })).body).toEqual(last.body);
    expect((await ask(`GET ${path}`)).body).toEqual(last.body);
    expect(await ask(`DELETE ${path}`)).toMatchObject({ status: 204, text: '' });
    expect(await ask(`GET ${path}`)).toMatchObject({ status: 404, body: { code: 'upload-unknown' } });
  });

  it('larger than a body of JSON may be come through', async () => {
    const admin = await running();
    const large = randomBytes(3_000_000);
    const id = await uploaded(admin, large);
    expect((await admin.ask(`GET /uploads/${id}`)).body).toMatchObject({ state: 'complete', offset: large.length });
  });

  it.each([
    [
      'an error page',
      422,
      'package-not-upgrade',
      Buffer.from('<!DOCTYPE html><html><body>502 Bad Gateway</body></html>'),
      {},
    ],
    ['other bytes than announced', 422, 'upload-digest', bytes, { sha256: 'f'.repeat(64) }],
    ['more bytes than announced', 413, 'upload-overrun', bytes, { size: 7 }],
  ])('of %s are refused: %i %s', async (_what, status, code, content, wanted) => {
    const { ask } = await running();
    const begun = await ask('POST /uploads', { json: { size: content.length, ...wanted } });
    const { id } = begun.body as { readonly id: string };
    expect(await ask(`PATCH /uploads/${id}`, { bytes: content, headers: bytesAt(0) })).toMatchObject({
      status,
      body: { code },
    });
  });

  it.each([
    ['no bytes', 422, 'package-empty', { size: 0 }],
    ['more than the server takes', 413, 'upload-too-large', { size: 2 ** 31 + 1 }],
    ['a size that is none', 400, 'request-invalid', { size: -1 }],
    ['a folder in its name', 400, 'request-invalid', { size: 1, fileName: '../app.bin' }],
    ['a digest that is none', 400, 'request-invalid', { size: 1, sha256: 'F'.repeat(64) }],
  ])('of %s do not begin: %i %s', async (_what, status, code, json) => {
    const { ask } = await running();
    expect(await ask('POST /uploads', { json })).toMatchObject({ status, body: { code } });
  });

  it('take nothing but bytes at a place', async () => {
    const admin = await running();
    const id = await uploaded(admin, bytes);
    const asJson = await admin.ask(`PATCH /uploads/${id}`, { json: {}, headers: { 'Upload-Offset': '0' } });
    expect(asJson).toMatchObject({ status: 415, body: { code: 'media-type-unsupported' } });
    const nowhere = await admin.ask(`PATCH /uploads/${id}`, { bytes, headers: { 'Content-Type': OCTETS } });
    expect(nowhere).toMatchObject({ status: 400, body: { detail: 'missing in the headers: "upload-offset"' } });
  });
});

describe('an upload under way', () => {
  it('that is cut keeps what came and goes on, also on another run of the server', async () => {
    const first = await running();
    const id = await begun(first, bytes.length);
    const socket = await halting(first, id, 0, bytes.subarray(0, 1_000), bytes.length);
    socket.destroy();
    await first.ask(`PATCH /uploads/${id}`, { headers: bytesAt(1_000) });
    await first.close();
    expect(first.problems).toEqual([]);
    const second = await running(first.dataDir);
    expect((await second.ask(`GET /uploads/${id}`)).body).toMatchObject({ offset: 1_000, state: 'open' });
    const rest = await second.ask(`PATCH /uploads/${id}`, { bytes: bytes.subarray(1_000), headers: bytesAt(1_000) });
    expect(rest.body).toMatchObject({ state: 'complete', sha256 });
  });

  it('that is ended by another is told so, however many there are', async () => {
    const admin = await running();
    const large = randomBytes(300_000);
    const id = await begun(admin, large.length);
    const ten = Array.from({ length: 10 }, () =>
      admin.ask(`PATCH /uploads/${id}`, { bytes: large, headers: bytesAt(0) }),
    );
    const answers = (await Promise.all(ten)).map(({ status, body }) => [status, (body as { code?: string }).code]);
    for (const [status, code] of answers) {
      if (status !== 200) expect([status, code]).toEqual([409, expect.stringMatching(/^upload-(superseded|offset)$/)]);
    }
    expect(answers.length).toBe(10);
    const { offset } = (await admin.ask(`GET /uploads/${id}`)).body as ApiUpload;
    const rest = await admin.ask(`PATCH /uploads/${id}`, { bytes: large.subarray(offset), headers: bytesAt(offset) });
    expect(rest.body).toMatchObject({ state: 'complete' });
    expect(admin.problems).toEqual([]);
  });

  it('is ended by a client that goes on over another connection, and is told so', async () => {
    const admin = await running();
    const id = await begun(admin, bytes.length);
    const stale = await halting(admin, id, 0, bytes.subarray(0, 1_000), bytes.length);
    const rest = await admin.ask(`PATCH /uploads/${id}`, { bytes: bytes.subarray(1_000), headers: bytesAt(1_000) });
    expect(rest.body).toMatchObject({ state: 'complete', sha256 });
    let answer = '';
    stale.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    await expect.poll(() => answer).toMatch(/^HTTP\/1\.1 409 .*"code":"upload-superseded"/s);
    expect(admin.problems).toEqual([]);
  });

  it('does not hold up a server that closes', async () => {
    const admin = await running();
    const id = await begun(admin, bytes.length);
    await halting(admin, id, 0, bytes.subarray(0, 1_000), bytes.length);
    const before = performance.now();
    await admin.close();
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(admin.problems).toEqual([]);
  });
});
