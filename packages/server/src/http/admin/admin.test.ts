import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { OCTETS, type RunningAdmin, runAdmin } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import type { Application } from '../../application.ts';
import type { AdminParts } from './admin.ts';
import type { ApiNewToken, ApiProblem } from './api.ts';

const folder = folders(onTestFinished);
const AS_JSON = { 'Content-Type': 'application/json' };

async function running(changes?: (application: Application) => Partial<AdminParts>): Promise<RunningAdmin> {
  const admin = await runAdmin(await folder(), changes);
  onTestFinished(() => admin.close());
  return admin;
}

/** What comes back for these bytes. */
async function exchanged(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(bytes);
  const parts: string[] = [];
  for await (const part of socket) parts.push(part.toString());
  return parts.join('');
}

describe('over the network', () => {
  it('nobody comes in without a valid token, and nothing else of the request is looked at', async () => {
    const { askByPort } = await running();
    for (const line of ['GET /status', 'POST /projects', 'PATCH /uploads/x', 'DELETE /tokens/x', 'GET /log?foo=1']) {
      const answer = await askByPort(line, line.startsWith('POST') ? { bytes: '{"broken' } : {});
      expect(answer).toMatchObject({ status: 401, body: { code: 'token-missing' } });
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
    for (const authorization of ['Bearer fota_wrong', 'Bearer', 'Basic Zm90YTo=', `Bearer ${'x'.repeat(5_000)}`]) {
      const answer = await askByPort('GET /status', { headers: { authorization } });
      expect(answer).toMatchObject({ status: 401, body: { code: 'token-invalid' } });
    }
  });

  it('a token lets its holder in until it is revoked, and its secret is told once', async () => {
    const { ask, askByPort, application } = await running();
    const first = await application.tokens.first();
    const headers = { authorization: `Bearer ${first}` };
    const made = await askByPort('POST /tokens', { json: { name: 'ci', role: 'admin' }, headers });
    const { token, ...ci } = made.body as ApiNewToken;
    expect(made).toMatchObject({ status: 201, body: { name: 'ci', token: expect.stringMatching(/^fota_\w{40}$/) } });
    expect(await askByPort('GET /status', { headers: { authorization: `bearer ${token}` } })).toMatchObject({
      status: 200,
    });
    const listed = await askByPort('GET /tokens', { headers });
    expect(listed.body).toEqual({ items: [expect.objectContaining({ name: 'first' }), expect.objectContaining(ci)] });
    expect(listed.text).not.toContain('hash');
    expect(await ask(`DELETE /tokens/${ci.id}`)).toMatchObject({ status: 204 });
    const late = await askByPort('GET /status', { headers: { authorization: `Bearer ${token}` } });
    expect(late).toMatchObject({ status: 401, body: { code: 'token-invalid' } });
    expect(late.text).not.toContain(token);
    expect(await ask(`DELETE /tokens/${ci.id}`)).toMatchObject({ status: 404, body: { code: 'token-unknown' } });
  });

  it('no page of another origin is let in, and nothing is left in caches', async () => {
    const { ask, askByPort } = await running();
    const headers = { Origin: 'http://evil.example', 'Access-Control-Request-Method': 'GET' };
    for (const answer of [await askByPort('OPTIONS /status', { headers }), await ask('GET /status', { headers })]) {
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
  });

  it('what is no HTTP, or too much of it, is answered with a problem too', async () => {
    const { port } = await running();
    const broken = await exchanged(port, 'GET /api/v1/status HTTP/1.1\r\nno header\r\n\r\n');
    expect(broken).toMatch(
      /^HTTP\/1\.1 400 Bad Request\r\n(?:.|\s)*application\/problem\+json(?:.|\s)*"code":"request-invalid"/,
    );
    const large = await exchanged(port, `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(large).toMatch(/^HTTP\/1\.1 431 (?:.|\s)*"status":431,(?:.|\s)*"code":"request-too-large"/);
    const hostless = await exchanged(port, 'GET /api/v1/status HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(hostless).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describe('a problem', () => {
  let admin: RunningAdmin;
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'fota server '));
    admin = await runAdmin(dataDir);
  });
  afterAll(async () => {
    await admin.close();
    await rm(dataDir, { recursive: true });
  });

  it.each([
    ['an unknown address', 404, 'not-found', 'GET /nothing', {}, 'nothing is at /api/v1/nothing'],
    ['another method', 405, 'method-not-allowed', 'DELETE /projects/x', {}, '/api/v1/projects/x does not take DELETE'],
    [
      'JSON that is none',
      400,
      'request-invalid',
      'POST /projects',
      { bytes: '{"name"', headers: AS_JSON },
      'the body is not JSON',
    ],
    ['no body', 400, 'request-invalid', 'POST /projects', {}, 'the body must be a JSON object'],
    [
      'JSON of another shape',
      400,
      'request-invalid',
      'POST /projects',
      { json: [1] },
      'the body must be a JSON object',
    ],
    [
      'an empty body',
      400,
      'request-invalid',
      'POST /projects',
      { bytes: '', headers: AS_JSON },
      'the Content-Type says JSON, and there is no body',
    ],
    [
      'another type',
      415,
      'media-type-unsupported',
      'POST /projects',
      { bytes: 'x', headers: { 'Content-Type': 'text/plain' } },
      'the Content-Type is not one that this address takes',
    ],
    [
      'bytes where JSON is due',
      415,
      'media-type-unsupported',
      'POST /projects',
      { bytes: 'x', headers: { 'Content-Type': OCTETS } },
      'the Content-Type is not one that this address takes',
    ],
    [
      'a large body',
      413,
      'request-too-large',
      'POST /projects',
      { json: { name: 'x'.repeat(2 ** 20) } },
      'the body is larger than this address takes',
    ],
    [
      'a missing and an unknown field',
      400,
      'request-invalid',
      'POST /projects',
      { json: { nam: 'x' } },
      'missing in the body: "name"; not known in the body: "nam"',
    ],
    [
      'a field of another type',
      400,
      'request-invalid',
      'POST /projects',
      { json: { name: 7 } },
      '"name" in the body must be string',
    ],
    [
      'a value that is not allowed',
      400,
      'request-invalid',
      'POST /projects',
      { json: { name: 'x', refusals: 'xml' } },
      '"refusals" in the body must be one of "json", "empty"',
    ],
    [
      'a number out of range',
      400,
      'request-invalid',
      'GET /projects?limit=1001',
      {},
      '"limit" in the query must be <= 1000',
    ],
    [
      'an unknown parameter',
      400,
      'request-invalid',
      'GET /releases?projcet=x',
      {},
      'not known in the query: "projcet"',
    ],
    [
      'a number that is none',
      400,
      'request-invalid',
      'GET /releases/x',
      {},
      '"release" in the address must be integer',
    ],
    [
      'a wrong percent-encoding',
      400,
      'request-invalid',
      'GET /projects/%zz',
      {},
      'the address has a wrong percent-encoding',
    ],
    [
      'an endless name',
      400,
      'request-invalid',
      `GET /projects/${'x'.repeat(3_000)}`,
      {},
      'a part of the address is too long',
    ],
  ])('of %s is %i %s', async (_what, status, code, line, asked, detail) => {
    const { ask, problems } = admin;
    const answer = await ask(line, asked);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer).toMatchObject({ status, body: { type: `urn:fota:${code}`, status, code, detail } });
    const { title, remedy, ...rest } = answer.body as ApiProblem;
    expect([title, remedy].every((text) => text.length > 10)).toBe(true);
    expect(Object.keys(rest).sort()).toEqual(['code', 'detail', 'status', 'type']);
    expect(problems).toEqual([]);
  });

  it('of a method names those that are allowed', async () => {
    expect((await admin.ask('PUT /projects')).headers.allow).toBe('GET, HEAD, POST');
  });

  it('of ours tells nothing of its inside, and is reported with all of it', async () => {
    const defect = new Error('password hunter2 at /etc/secret');
    let asked = 0;
    const { ask, problems } = await running(() => ({
      facts: () => {
        asked += 1;
        if (asked > 1) throw defect;
        const nowhere = { deviceUrl: undefined, deviceTlsUrl: undefined, deviceHost: undefined, adminUrl: undefined };
        const none = { ...nowhere, paths: [], certificates: { devices: undefined, admin: undefined } };
        return { version: '0', startedAt: 0, dataDir: '', ...none, expiring: [], problems: [] };
      },
    }));
    const answer = await ask('GET /status');
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal' } });
    expect(answer.text).not.toMatch(/hunter2|secret/);
    expect(problems).toEqual([defect]);
  });
});

it('an answer holds nothing that its schema does not name', async () => {
  const { ask } = await running(({ operator }) => ({
    operator: {
      ...operator,
      projects: () => operator.projects().map((project) => ({ ...project, secret: 'hunter2' })),
    },
  }));
  await ask('POST /projects', { json: { name: 'sample' } });
  const { text } = await ask('GET /projects');
  expect(text).toContain('"sample"');
  expect(text).not.toContain('hunter2');
});

describe('a server that closes', () => {
  it('answers what it has begun, and takes its socket away', async () => {
    const admin = await running();
    const socket = connect(admin.socket);
    const parts: string[] = [];
    socket.on('data', (part) => parts.push(part.toString()));
    const gone = once(socket, 'close');
    const head = [
      'POST /api/v1/projects HTTP/1.1',
      'Host: localhost',
      'Content-Type: application/json',
      'Content-Length: 17',
      'Expect: 100-continue',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    await expect.poll(() => parts.join('')).toMatch(/^HTTP\/1\.1 100 /);
    const closed = admin.close();
    socket.write('{"name":"sample"}');
    await Promise.all([closed, gone]);
    expect(parts.join('')).toMatch(/HTTP\/1\.1 201 (?:.|\s)*connection: close(?:.|\s)*"name":"sample"/i);
    await expect(admin.ask('GET /status')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('does not wait for connections on which nothing is asked, nor for ever for one that stands still', async () => {
    const dataDir = await folder();
    const admin = await runAdmin(dataDir);
    onTestFinished(() => admin.close());
    const idle = connect(admin.port, '127.0.0.1');
    const still = connect(admin.socket);
    for (const socket of [idle, still]) socket.on('error', () => undefined);
    still.write('POST /api/v1/projects HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n');
    still.write('Expect: 100-continue\r\n\r\n');
    await once(still, 'data');
    await admin.admin.close(50);
    expect(admin.problems).toEqual([]);
  });
});
