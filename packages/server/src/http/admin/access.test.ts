import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkIn, type Heard, type RunningAdmin, runAdmin, uploaded } from '../../../test/admin.ts';
import { type Operation, operationsOf, type Schema, sampleOf } from '../../../test/operations.ts';
import { firstRing, ringText } from '../../../test/trust.ts';
import { ROLES } from '../../domain/principal.ts';
import { changes, declared, open, reads } from './access.ts';
import type { ApiProblem } from './api.ts';
import type { ApiRollout } from './rollout-api.ts';

/** The project that everybody sees, and one that only those see who see all. */
const [SEEN, HIDDEN] = ['seen', 'hidden'];
/** In everything that lies in the hidden project, and in nothing else. */
const MARK = 'xyzzy';
const KEY = MARK.padEnd(32, '0');

interface World {
  readonly admin: RunningAdmin;
  readonly tokens: Readonly<Record<string, string>>;
  /** What the parameters of the addresses of things in the hidden project are. */
  readonly hidden: Readonly<Record<string, string>>;
}

/** By the name of the parameter a thing that lies in the hidden project, or belongs to another. */
async function things(admin: RunningAdmin): Promise<Record<string, string>> {
  const upload = await uploaded(admin, Buffer.from(MARK), `${MARK}.bin`);
  const json = { project: HIDDEN, upload, firmwareName: MARK, version: '1.0.0', notes: MARK };
  const { body } = await admin.ask('POST /releases', { json });
  await admin.ask('POST /users', { json: { name: 'somebody', password: 'a long sentence', role: 'viewer' } });
  const group = { name: MARK, query: `label:${MARK}`, note: MARK };
  await admin.ask(`POST /projects/${HIDDEN}/groups`, { json: group });
  const { release } = body as { readonly release: { readonly id: number } };
  const other = { ...json, upload: await uploaded(admin, Buffer.from(`${MARK}2`), 'b.bin'), version: '1.1.0' };
  const rolledOut = (await admin.ask('POST /releases', { json: other })).body as typeof body;
  const rollout = await admin.ask('POST /rollouts', {
    json: {
      release: (rolledOut as { readonly release: { readonly id: number } }).release.id,
      target: { ids: ['none'] },
    },
  });
  // From here on nothing unsigned is published there.
  await admin.ask(`PUT /projects/${HIDDEN}/key-ring`, { json: { text: ringText(firstRing(HIDDEN)) } });
  const webhook = await admin.application.webhooks.create({ url: 'https://127.0.0.1:9', filter: {}, isPrivate: true });
  return {
    project: HIDDEN,
    device: MARK,
    group: MARK,
    key: KEY,
    release: String(release.id),
    upload,
    token: 'none',
    user: 'somebody',
    rollout: String((rollout.body as ApiRollout).id),
    webhook: webhook.id,
  };
}

async function made(dataDir: string): Promise<World> {
  const admin = await runAdmin(dataDir);
  for (const [name, key] of [
    [SEEN, 's'.repeat(32)],
    [HIDDEN, KEY],
  ]) {
    await admin.ask('POST /projects', { json: { name, key } });
  }
  const hidden = await things(admin);
  await checkIn(admin.application, { projectKey: KEY, idKind: 'imei', id: MARK, firmwareName: MARK, version: '0.9.0' });
  const tokens: Record<string, string> = {};
  for (const role of ROLES) {
    for (const [name, projects] of [
      [role, 'all'],
      [`${role} of another project`, [SEEN]],
    ] as const) {
      tokens[name] = (await admin.application.tokens.create({ name, role, projects })).token;
    }
  }
  return { admin, tokens, hidden };
}

let world: World;
let operations: readonly Operation[];
beforeAll(async () => {
  world = await made(await mkdtemp(join(tmpdir(), 'fota server ')));
  const { body } = await world.admin.ask('GET /openapi.json');
  operations = operationsOf(body);
});
afterAll(async () => {
  await world.admin.close();
  await rm(world.admin.dataDir, { recursive: true });
});

/** Asks what an operation takes, as far as its schema tells; of things in the hidden project. */
function ask({ method, path, query, body }: Operation, who: string): Promise<Heard> {
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(world.hidden[name] ?? 'none'));
  const token = world.tokens[who];
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  // Who does not want JSON listens to events for ever.
  const headers = { ...authorization, accept: 'application/json', 'upload-offset': '0' };
  const json = body === undefined ? {} : { json: { ...(sampleOf(body) as object), ...inBody(body) } };
  return world.admin.askByPort(`${method} ${address}?${query}`, { headers, ...json });
}

/** Parts of a body that name things of the hidden project. */
function inBody({ properties = {} }: Schema): object {
  const named = Object.entries(world.hidden).filter(([name]) => name in properties);
  return Object.fromEntries(
    named.map(([name, value]) => [name, properties[name]?.type === 'integer' ? Number(value) : value]),
  );
}

function suffices(role: (typeof ROLES)[number], operation: Operation): boolean {
  return operation.role === undefined || ROLES.indexOf(role) >= ROLES.indexOf(operation.role);
}

function expectForbidden({ name, role }: Operation, answer: Heard): void {
  expect(answer, `${name} ${answer.text}`).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  expect((answer.body as ApiProblem).detail).toContain(`takes the role ${role}`);
}

describe('every route of the OpenAPI document', () => {
  it('is refused to who shows no token, unless it is for everybody', async () => {
    for (const operation of operations) {
      const { status, body } = await ask(operation, 'nobody');
      if (operation.role === undefined) expect(body, operation.name).not.toMatchObject({ code: 'token-missing' });
      else expect({ status, body }, operation.name).toMatchObject({ status: 401, body: { code: 'token-missing' } });
    }
  });

  // From the lowest up, and what takes things away last.
  it.each(ROLES)('takes %s as it says: 403 for a lower role, with the one that it takes', async (role) => {
    for (const operation of operations.filter((one) => one.role !== undefined && one.method !== 'DELETE')) {
      const answer = await ask(operation, role);
      const told = `${operation.name} ${answer.status} ${answer.text}`;
      if (!suffices(role, operation)) expectForbidden(operation, answer);
      else expect([401, 403], told).not.toContain(answer.status);
      // What somebody began is not there even for those who see all projects.
      const isThere = operation.method === 'GET' && !operation.path.includes('{upload}');
      if (suffices(role, operation) && isThere) expect(answer.status, told).not.toBe(404);
    }
  });

  it.each(ROLES)('tells a %s of another project nothing of one that is not theirs', async (role) => {
    for (const operation of operations.filter((one) => one.role !== undefined)) {
      const answer = await ask(operation, `${role} of another project`);
      const told = `${operation.name} ${answer.status} ${answer.text}`;
      if (!suffices(role, operation) || operation.where === 'server') expectForbidden(operation, answer);
      else if (operation.where !== 'query' && operation.where !== 'own') expect(answer.status, told).toBe(404);
      expect(answer.text, told).not.toContain(MARK);
    }
  });

  it('takes nothing away for a role that is too low, and does it for one that is not', async () => {
    for (const operation of operations.filter(({ method }) => method === 'DELETE')) {
      for (const role of ROLES.filter((one) => !suffices(one, operation))) {
        expectForbidden(operation, await ask(operation, role));
      }
      const { status, text } = await ask(operation, 'admin');
      expect([401, 403], `${operation.name} ${text}`).not.toContain(status);
    }
  });

  it('lets a publisher roll out what they could publish to all, and no more', async () => {
    const { admin, tokens, hidden } = world;
    const headers = { authorization: `Bearer ${tokens['publisher']}` };
    const make = async (json: object): Promise<Heard> => admin.askByPort('POST /rollouts', { headers, json });
    const { body } = await admin.ask(`GET /rollouts/${hidden['rollout']}`);
    const rolledOut = (body as ApiRollout).release;
    expect(await make({ release: rolledOut })).toMatchObject({
      status: 403,
      body: {
        code: 'forbidden',
        detail: expect.stringMatching(/^another rollout of release \d+ takes the role operator/),
      },
    });
    const upload = await uploaded(admin, Buffer.from('c'), 'c.bin');
    const json = { project: SEEN, upload, firmwareName: 'app', version: '1.2.0', draft: true };
    const { release } = (await admin.ask('POST /releases', { json })).body as {
      readonly release: { readonly id: number };
    };
    expect(await make({ release: release.id, mayDowngrade: true })).toMatchObject({ status: 403 });
    expect((await admin.ask(`GET /releases/${release.id}`)).body).toMatchObject({ state: 'draft' });
    expect(await make({ release: release.id })).toMatchObject({ status: 201 });
    const { id } = (await admin.ask('GET /rollouts')).body as { readonly id: number };
    for (const step of ['pause', 'skip', 'abort'])
      expect((await admin.askByPort(`POST /rollouts/${id}/${step}`, { headers })).status).toBe(403);
  });

  it('tells of the machine only those who run it', async () => {
    const { admin, tokens } = world;
    for (const [who, runsIt] of [
      ['viewer', false],
      ['publisher', false],
      ['operator', true],
      ['admin of another project', false],
    ] as const) {
      const headers = { authorization: `Bearer ${tokens[who]}` };
      const { body } = await admin.askByPort('GET /status', { headers });
      const { dataDir, node } = body as Readonly<Record<string, unknown>>;
      expect([dataDir, node], who).toEqual(runsIt ? [admin.dataDir, process.versions.node] : [null, null]);
    }
  });

  it('names a thing that this test knows how to make, where that says which project it touches', () => {
    const places = operations
      .filter(({ where }) => where === 'resource')
      .flatMap(({ path }) => path.match(/\{\w+\}/g) ?? []);
    for (const place of places) expect(Object.keys(world.hidden)).toContain(place.slice(1, -1));
  });
});

describe('a route that says it wrongly keeps the server from starting, with what to write:', () => {
  const body = { required: ['project'] };
  const schema = { body, querystring: {} };
  const create = { action: 'thing.create' };
  it.each([
    ['GET', '/x', {}, 'says not who may call it: add config: reads(ROLE, WHERE)'],
    ['POST', '/x', { config: reads('viewer', 'own') }, 'changes something: use changes(…)'],
    ['GET', '/x', { config: changes('viewer', 'own', create) }, 'changes nothing: use reads(…)'],
    ['POST', '/x', { config: open() }, 'changes something: use changes(…)'],
    ['PUT', '/x', { config: changes('viewer', 'own', { action: 'Create' }) }, 'write it as thing.verb'],
    ['GET', '/x/:name', { config: reads('viewer', 'path') }, 'has no :project in its path'],
    ['PUT', '/x', { config: changes('viewer', 'body', create), schema: {} }, 'does not require "project" in its body'],
    ['GET', '/x', { config: reads('viewer', 'query'), schema: {} }, 'is no list: it has no query'],
    ['PUT', '/x', { config: changes('viewer', 'query', create), schema }, 'is no list'],
  ] as const)('%s %s with %j %s', (method, url, rest, message) => {
    expect(() => declared({ method, url, ...rest })).toThrow(message);
  });
});
