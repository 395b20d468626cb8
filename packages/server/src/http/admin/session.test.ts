import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { makeCertificate } from '@libfota2/testkit';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Asked, type Heard, type RunningAdmin, runAdmin } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import { openDatabase } from '../../adapters/sqlite/database.ts';
import { type Closers, openApplication } from '../../application.ts';
import { settingsOf } from '../../options.ts';
import type { ApiAudit } from './account-api.ts';
import type { AdminParts } from './admin.ts';
import type { ApiPage } from './api.ts';

const folder = folders(onTestFinished);
const ADA = { name: 'Ada', password: 'correct horse battery', role: 'operator', projects: ['p'] } as const;
const SAME_ORIGIN = { 'X-Requested-With': 'page' };

async function running(changes?: () => Partial<AdminParts>): Promise<RunningAdmin> {
  const admin = await runAdmin(await folder(), changes);
  onTestFinished(() => admin.close());
  await admin.ask('POST /projects', { json: { name: 'p' } });
  await admin.ask('POST /users', { json: ADA });
  return admin;
}

function logIn({ askByPort }: RunningAdmin, password: string = ADA.password, name: string = ADA.name): Promise<Heard> {
  return askByPort('POST /session', { json: { name, password } });
}

/** The cookie that an answer sets, as a browser sends it. */
function cookieOf({ headers }: Heard): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

/** Asks with a session, as a page of the server does. */
async function paging(admin: RunningAdmin): Promise<(line: string, asked?: Asked) => Promise<Heard>> {
  const cookie = cookieOf(await logIn(admin));
  return (line, asked = {}) =>
    admin.askByPort(line, { ...asked, headers: { cookie, ...SAME_ORIGIN, ...asked.headers } });
}

describe('a session', () => {
  it('begins with name and password, and lets in by a cookie that no script reads and no other site sends', async () => {
    const admin = await running();
    const answer = await logIn(admin);
    expect(answer).toMatchObject({
      status: 201,
      body: { kind: 'user', name: 'Ada', role: 'operator', projects: ['p'], expiresAt: expect.any(String) },
    });
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(/^fota_session=\w{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/),
    ]);
    expect(answer.headers['cache-control']).toBe('no-store');
    const me = await admin.askByPort('GET /me', { headers: { cookie: `other=1; ${cookieOf(answer)}; x=y` } });
    expect(me).toMatchObject({ status: 200, body: answer.body as object });
  });

  it('may do what its user may, and is told so as anybody else', async () => {
    const ask = await paging(await running());
    expect(await ask('GET /projects')).toMatchObject({ status: 200, body: { items: [{ name: 'p' }] } });
    const access = { json: { access: 'blocked' } };
    expect(await ask('PUT /projects/p/devices/867/access', access)).toMatchObject({ status: 200 });
    expect(await ask('PATCH /projects/p', { json: {} })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await ask('GET /users')).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it('changes nothing for a page that cannot send a header of its own', async () => {
    const admin = await running();
    const headers = { cookie: cookieOf(await logIn(admin)) };
    expect(await admin.askByPort('GET /projects', { headers })).toMatchObject({ status: 200 });
    for (const line of ['DELETE /session', 'POST /uploads', 'PUT /projects/p/devices/1/access']) {
      const answer = await admin.askByPort(line, { json: {}, headers });
      expect(answer, line).toMatchObject({ status: 403, body: { code: 'session-header-missing' } });
    }
  });

  it('ends with the word of its user, whose browser forgets it', async () => {
    const ask = await paging(await running());
    const left = await ask('DELETE /session');
    expect(left.status).toBe(204);
    expect(left.headers['set-cookie']).toEqual(['fota_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict']);
    expect(await ask('GET /me')).toMatchObject({ status: 401, body: { code: 'session-invalid' } });
  });

  it('ends where what its user may do changes', async () => {
    const admin = await running();
    const ask = await paging(admin);
    await admin.ask('PATCH /users/ada', { json: { role: 'viewer' } });
    expect(await ask('GET /me')).toMatchObject({ status: 401, body: { code: 'session-invalid' } });
    const again = await paging(admin);
    await admin.ask('PATCH /users/ada', { json: { isDisabled: true } });
    expect(await again('GET /me')).toMatchObject({ status: 401 });
    expect(await logIn(admin)).toMatchObject({ status: 401, body: { code: 'login-failed' } });
  });

  it('sets another password for who knows the one that is', async () => {
    const admin = await running();
    const ask = await paging(admin);
    const next = 'a longer sentence';
    const wrong = await ask('PUT /me/password', { json: { current: 'wrong', next } });
    expect(wrong).toMatchObject({ status: 401, body: { code: 'login-failed' } });
    const weak = await ask('PUT /me/password', { json: { current: ADA.password, next: 'short' } });
    expect(weak).toMatchObject({ status: 400, body: { code: 'password-weak' } });
    expect(await ask('PUT /me/password', { json: { current: ADA.password, next } })).toMatchObject({ status: 204 });
    expect(await ask('GET /me')).toMatchObject({ status: 401 });
    expect(await logIn(admin)).toMatchObject({ status: 401 });
    expect(await logIn(admin, next)).toMatchObject({ status: 201 });
  });

  it('weighs less than a token, and there is none where nobody logged in', async () => {
    const admin = await running();
    const { token } = await admin.application.tokens.create({ name: 'ci', role: 'admin', projects: 'all' });
    const headers = { cookie: cookieOf(await logIn(admin)), authorization: `Bearer ${token}` };
    expect(await admin.askByPort('GET /me', { headers })).toMatchObject({ body: { kind: 'token', name: 'ci' } });
    for (const [line, json] of [
      ['DELETE /session', undefined],
      ['PUT /me/password', { current: 'x', next: 'y' }],
    ] as const) {
      const asked = json === undefined ? {} : { json };
      const answer = await admin.askByPort(line, { ...asked, headers });
      expect(answer, line).toMatchObject({ status: 409, body: { code: 'session-missing' } });
      expect(await admin.ask(line, asked), line).toMatchObject({ status: 409 });
    }
    expect(await admin.ask('GET /me')).toMatchObject({ body: { kind: 'local', role: 'admin', projects: 'all' } });
  });
});

it('over TLS a session’s cookie is held to this host and to TLS, and one set without is none', async () => {
  const admin = await running(() => ({ isSecure: true }));
  const { cert, key } = makeCertificate({ name: 'localhost' });
  admin.admin.use({ cert, key, passphrase: undefined, clientCa: undefined });
  const asked = async (line: string, headers: Record<string, string>, json?: unknown): Promise<IncomingMessage> => {
    const [method, path] = line.split(' ');
    const way = { port: admin.port, host: '127.0.0.1', ca: cert, rejectUnauthorized: false, agent: false };
    const question = request({ ...way, method, path: `/api/v1${path}`, headers });
    question.end(json === undefined ? undefined : JSON.stringify(json));
    const [answer] = await once(question, 'response');
    return answer.resume();
  };
  const { name, password } = ADA;
  const answer = await asked('POST /session', { 'content-type': 'application/json' }, { name, password });
  const [set = ''] = answer.headers['set-cookie'] ?? [];
  expect(set).toMatch(/^__Host-fota_session=\w{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/);
  const [cookie = ''] = set.split(';');
  expect((await asked('GET /me', { cookie })).statusCode).toBe(200);
  expect((await asked('GET /me', { cookie: cookie.replace('__Host-', '') })).statusCode).toBe(401);
});

describe('logging in', () => {
  it('that fails is told so, and written with the name of a user, never with another', async () => {
    const admin = await running();
    for (const [name, password] of [
      ['ADA', 'wrong'],
      ['my secret password', 'x'],
    ] as const) {
      const answer = await logIn(admin, password, name);
      expect(answer).toMatchObject({ status: 401, body: { code: 'login-failed' } });
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
    await logIn(admin);
    await admin.application.audit.flush();
    const { items } = (await admin.ask('GET /audit')).body as ApiPage<ApiAudit>;
    expect(items.filter(({ action }) => action === 'session.begin').toReversed()).toMatchObject([
      { isRefused: true, code: 'login-failed', target: 'Ada', from: '127.0.0.1' },
      { isRefused: true, code: 'login-failed' },
      { isRefused: false, code: 'ok', name: 'Ada', role: 'operator' },
    ]);
    expect(JSON.stringify(items)).not.toContain('my secret');
  });

  it('too often is answered with the time to wait', async () => {
    // Hashing takes as long as the machine likes, and what it takes would be given back.
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const admin = await running();
    const answers: Heard[] = [];
    for (let n = 0; n < 11; n += 1) answers.push(await logIn(admin, 'wrong'));
    const [last] = answers.slice(-1);
    expect(last).toMatchObject({ status: 429, body: { code: 'logins-limited' } });
    expect(last?.headers['retry-after']).toBe('60');
  });
});

describe('users', () => {
  it('are listed, shown and removed without a trace of their passwords', async () => {
    const { ask } = await running();
    const shown = await ask('GET /users/ada');
    expect(shown).toMatchObject({ status: 200, body: { name: 'Ada', isDisabled: false } });
    expect((await ask('GET /users')).body).toEqual({ items: [shown.body] });
    const set = await ask('PUT /users/ada/password', { json: { password: 'a longer sentence' } });
    expect(set).toMatchObject({ status: 200, body: { name: 'Ada' } });
    for (const { text } of [shown, set]) expect(text).not.toMatch(/scrypt|password"|generation/);
    expect(await ask('DELETE /users/ADA')).toMatchObject({ status: 204 });
    expect(await ask('GET /users/ada')).toMatchObject({ status: 404, body: { code: 'user-unknown' } });
  });

  it('have passwords that cost what they should where nobody has said otherwise', async () => {
    const dataDir = await folder();
    const closers: Closers = [];
    onTestFinished(async () => {
      for (const close of closers.reverse()) await close(0);
    });
    const { users } = await openApplication(dataDir, settingsOf({ dataDir }), closers);
    await users.add({ ...ADA, projects: 'all' });
    const database = await openDatabase(join(dataDir, 'fota.db'), 1_000);
    onTestFinished(() => void database.close());
    const { password } = database.prepare('SELECT password FROM user').get() as { readonly password: string };
    expect(password).toMatch(/^scrypt\$15\$8\$3\$/);
  });

  it.each([
    ['POST /users', { ...ADA, name: 'ada' }, 409, 'user-exists'],
    ['POST /users', { ...ADA, name: 'bob', password: 'short' }, 400, 'password-weak'],
    ['POST /users', { ...ADA, name: 'bob', projects: ['x'] }, 404, 'project-unknown'],
    ['POST /users', { ...ADA, name: 'bob', role: 'root' }, 400, 'request-invalid'],
    ['PATCH /users/bob', { role: 'viewer' }, 404, 'user-unknown'],
    ['PUT /users/bob/password', { password: 'a longer sentence' }, 404, 'user-unknown'],
  ])('%s with %j is %i %s', async (line, json, status, code) => {
    const { ask } = await running();
    expect(await ask(line, { json })).toMatchObject({ status, body: { code } });
  });
});
