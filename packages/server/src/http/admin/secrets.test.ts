import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { checkIn, type Heard, type RunningAdmin, runAdmin, uploaded } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import { type Operation, operationsOf, type Schema, sampleOf } from '../../../test/operations.ts';
import type { ApiNewToken } from './api.ts';

const folder = folders(onTestFinished);

/** By the name of a member of a body what goes there: each is found again wherever it may have gone. */
const SECRETS: Readonly<Record<string, string>> = {
  password: 'xyzzy-password-of-hers',
  current: 'xyzzy-password-of-hers',
  next: 'xyzzy-password-to-come',
  key: 'xyzzykey000000000000000000000000',
  secret: 'xyzzy-secret-that-signs-something',
};
/** A password typed where a name belongs. */
const MISPLACED = 'xyzzy-password-for-a-name';
const OTHER_KEY = 'xyzzyotherkey0000000000000000000';

/** What may tell a secret, and has to: a project's keys, as devices send them; and a backup holds the data folder. */
function mayTell(operation: string, secret: string): boolean {
  if (operation === 'POST /api/v1/backup') return KEPT_PLAIN.has(secret);
  const isKey = secret === SECRETS['key'] || secret === OTHER_KEY;
  return isKey && / \/api\/v1\/projects(?:$|\/\{project\}(?:$|\/keys|\/explain))/.test(operation);
}

/** What lies in the data folder as it is: without it devices could not be known, nor anything be signed. */
const KEPT_PLAIN: ReadonlySet<string | undefined> = new Set([SECRETS['key'], OTHER_KEY, SECRETS['secret']]);

/** The least that an operation takes, and whatever it takes that is secret. */
function filled(body: Schema): object {
  const secrets = Object.entries(SECRETS).filter(([name]) => body.properties?.[name] !== undefined);
  return { ...(sampleOf(body) as object), ...Object.fromEntries(secrets) };
}

interface Told {
  readonly operation: string;
  readonly text: string;
}

async function everyFile(dir: string): Promise<readonly Told[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async ({ parentPath, name }) => ({
      operation: name,
      text: (await readFile(join(parentPath, name))).toString('latin1'),
    })),
  );
}

/** Does everything that can be done, and notes what it is answered. */
async function everything(admin: RunningAdmin, told: Told[]): Promise<readonly string[]> {
  const { ask, askByPort, application } = admin;
  const tell = (operation: string, { text, headers }: Heard): void => {
    told.push({ operation, text: `${text} ${JSON.stringify(headers)}` });
  };
  await ask('POST /projects', { json: { name: 'station', key: OTHER_KEY } });
  const upload = await uploaded(admin, Buffer.from('a firmware'));
  await ask('POST /releases', { json: { project: 'station', upload, firmwareName: 'app', version: '1.0.0' } });
  const question = { projectKey: OTHER_KEY, idKind: 'imei', id: '867', firmwareName: 'app', version: '0.9.0' } as const;
  await checkIn(application, question);
  const ada = { name: 'ada', role: 'admin', projects: 'all' };
  tell('POST /users', await ask('POST /users', { json: { ...ada, password: SECRETS['password'] } }));

  const login = (password: string, name = 'ada'): Promise<Heard> =>
    askByPort('POST /session', { json: { name, password } });
  tell('POST /session', await login('xyzzy-wrong-password'));
  tell('POST /session', await login(SECRETS['password'] ?? '', MISPLACED));
  const { headers } = await login(SECRETS['password'] ?? '');
  const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const session = cookie.split('=')[1] ?? '';
  const made = await ask('POST /tokens', { json: { name: 'ci', role: 'admin' } });
  const { token } = made.body as ApiNewToken;
  for (const authorization of [`Bearer ${token}`, 'Bearer xyzzywrongtoken', 'Basic xyzzywrongbasic']) {
    tell('GET /me', await askByPort('GET /me', { headers: { authorization } }));
  }
  tell('GET /me', await askByPort('GET /me', { headers: { cookie } }));

  const operations = operationsOf((await ask('GET /openapi.json')).body);
  const order = ['POST', 'PUT', 'PATCH', 'GET', 'DELETE'];
  const params: Readonly<Record<string, string>> = {
    ...{ project: 'station', device: '867', release: '1', upload, user: 'ada', key: OTHER_KEY },
  };
  const call = async ({ method, path, query, body }: Operation): Promise<Heard> => {
    const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? 'none');
    const more = { cookie, 'x-requested-with': 'test', accept: 'application/json', 'upload-offset': '0' };
    const asked = { headers: more, ...(body === undefined ? {} : { json: filled(body) }) };
    // Over the socket where the session has ended by now.
    const first = await askByPort(`${method} ${address}?${query}`, asked);
    return first.status === 401 ? ask(`${method} ${address}?${query}`, asked) : first;
  };
  for (const operation of operations.toSorted((a, b) => order.indexOf(a.method) - order.indexOf(b.method))) {
    if (!operation.path.endsWith('/session')) tell(operation.name, await call(operation));
  }
  await application.audit.flush();
  for (const line of ['GET /audit?limit=1000', 'GET /audit/records?limit=1000', 'GET /status', 'GET /log?limit=1000']) {
    tell(line, await ask(line));
  }
  return [...Object.values(SECRETS), OTHER_KEY, token, session];
}

it('no secret is in an answer, a problem, the log, the audit log or the data folder, but where it has to be', async () => {
  const admin = await runAdmin(await folder());
  onTestFinished(() => admin.close());
  const told: Told[] = [];
  const secrets = await everything(admin, told);
  const never = [MISPLACED, 'xyzzy-wrong-password', 'xyzzywrongtoken', 'xyzzywrongbasic', ...secrets];
  for (const secret of never) {
    expect(secret.length).toBeGreaterThan(10);
    for (const { operation, text } of told) {
      if (!mayTell(operation, secret)) expect(text.includes(secret), `${operation} tells ${secret}`).toBe(false);
    }
  }
  expect(admin.problems.map(String)).toEqual([]);
  const written = told.find(({ operation }) => operation.startsWith('GET /audit?'))?.text ?? '';
  for (const action of ['user.create', 'token.create', 'key.rotate', 'key.revoke', 'user.password', 'session.begin']) {
    expect(written).toContain(action);
  }

  const files = await everyFile(admin.dataDir);
  expect(files.map(({ operation }) => operation)).toContain('fota.db');
  for (const secret of never.filter((one) => !KEPT_PLAIN.has(one))) {
    for (const { operation, text } of files) expect(text.includes(secret), `${operation} holds ${secret}`).toBe(false);
  }
});
