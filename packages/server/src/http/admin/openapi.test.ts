import { expect, it, onTestFinished } from 'vitest';
import { type RunningAdmin, runAdmin } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import type { AdminParts } from './admin.ts';
import { AT_ONCE } from './compilers.ts';

const folder = folders(onTestFinished);

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly description?: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: object }>> };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

async function running(parts: Partial<AdminParts> = {}): Promise<RunningAdmin> {
  const admin = await runAdmin(await folder(), () => parts);
  onTestFinished(() => admin.close());
  return admin;
}

const ROUTES = [
  'DELETE /api/v1/projects/{project}/devices/{device}',
  'DELETE /api/v1/projects/{project}/groups/{group}',
  'DELETE /api/v1/projects/{project}/keys/{key}',
  'DELETE /api/v1/session',
  'DELETE /api/v1/tokens/{token}',
  'DELETE /api/v1/uploads/{upload}',
  'DELETE /api/v1/users/{user}',
  'GET /api/v1/attempts',
  'GET /api/v1/audit',
  'GET /api/v1/audit/records',
  'DELETE /api/v1/webhooks/{webhook}',
  'GET /api/v1/devices',
  'GET /api/v1/devices/count',
  'GET /api/v1/devices/export',
  'GET /api/v1/events',
  'GET /api/v1/log',
  'GET /api/v1/me',
  'GET /api/v1/openapi.json',
  'GET /api/v1/projects',
  'GET /api/v1/projects/{project}',
  'GET /api/v1/projects/{project}/devices/{device}',
  'GET /api/v1/projects/{project}/explain',
  'GET /api/v1/projects/{project}/groups',
  'GET /api/v1/projects/{project}/groups/{group}',
  'GET /api/v1/projects/{project}/versions',
  'GET /api/v1/releases',
  'GET /api/v1/releases/{release}',
  'GET /api/v1/rollouts',
  'GET /api/v1/rollouts/{rollout}',
  'GET /api/v1/rollouts/{rollout}/attempts',
  'GET /api/v1/status',
  'GET /api/v1/stop',
  'GET /api/v1/tokens',
  'GET /api/v1/uploads/{upload}',
  'GET /api/v1/users',
  'GET /api/v1/users/{user}',
  'PATCH /api/v1/projects/{project}',
  'PATCH /api/v1/projects/{project}/devices/{device}',
  'PATCH /api/v1/projects/{project}/groups/{group}',
  'PATCH /api/v1/uploads/{upload}',
  'PATCH /api/v1/users/{user}',
  'POST /api/v1/backup',
  'POST /api/v1/devices/bulk',
  'POST /api/v1/plan',
  'POST /api/v1/plan/devices',
  'GET /api/v1/webhooks',
  'GET /api/v1/webhooks/{webhook}',
  'GET /api/v1/webhooks/{webhook}/deliveries',
  'PATCH /api/v1/webhooks/{webhook}',
  'POST /api/v1/projects',
  'POST /api/v1/projects/{project}/devices/import',
  'POST /api/v1/projects/{project}/devices/{device}/release',
  'POST /api/v1/projects/{project}/groups',
  'POST /api/v1/projects/{project}/keys',
  'POST /api/v1/releases',
  'POST /api/v1/releases/{release}/floor',
  'POST /api/v1/releases/{release}/publish',
  'POST /api/v1/releases/{release}/withdraw',
  'POST /api/v1/rollouts',
  'POST /api/v1/rollouts/{rollout}/abort',
  'POST /api/v1/rollouts/{rollout}/pause',
  'POST /api/v1/rollouts/{rollout}/resume',
  'POST /api/v1/rollouts/{rollout}/retry',
  'POST /api/v1/rollouts/{rollout}/rollback',
  'POST /api/v1/rollouts/{rollout}/skip',
  'POST /api/v1/session',
  'POST /api/v1/tokens',
  'POST /api/v1/uploads',
  'POST /api/v1/users',
  'PUT /api/v1/me/password',
  'POST /api/v1/webhooks',
  'POST /api/v1/webhooks/{webhook}/disable',
  'POST /api/v1/webhooks/{webhook}/enable',
  'POST /api/v1/webhooks/{webhook}/secret',
  'POST /api/v1/webhooks/{webhook}/test',
  'PUT /api/v1/projects/{project}/devices/{device}/access',
  'GET /api/v1/projects/{project}/key-ring',
  'GET /api/v1/projects/{project}/key-ring/devices',
  'PUT /api/v1/projects/{project}/key-ring',
  'PUT /api/v1/stop',
  'PUT /api/v1/users/{user}/password',
];

function operationsOf({ paths }: Document): ReadonlyArray<readonly [what: string, path: string, Operation]> {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, one]) => [`${method.toUpperCase()} ${path}`, path, one] as const),
  );
}

/** Every `$ref` in it. */
function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    key === '$ref' && typeof part === 'string' ? [part] : references(part),
  );
}

/** Every schema of an object in it that does not say whether it takes more. */
function openObjects(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { type, additionalProperties } = value as { readonly type?: unknown; readonly additionalProperties?: unknown };
  const own = type === 'object' && additionalProperties !== false ? [path] : [];
  return [...own, ...Object.entries(value).flatMap(([key, part]) => openObjects(part, `${path}/${key}`))];
}

it('the OpenAPI document needs no token and describes every route, and only these', async () => {
  const { askByPort } = await running();
  const { status, body } = await askByPort('GET /openapi.json');
  expect(status).toBe(200);
  expect((body as Document).openapi).toBe('3.1.0');
  const found = operationsOf(body as Document).map(([what]) => what);
  expect(found.sort()).toEqual(ROUTES.toSorted());
});

it('every operation says what it is for and what it takes', async () => {
  const { body } = await (await running()).ask('GET /openapi.json');
  for (const [what, path, operation] of operationsOf(body as Document)) {
    expect(operation.summary, what).toMatch(/^[A-Z]/);
    expect(operation.tags, what).toHaveLength(1);
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const parameters = operation.parameters ?? [];
    expect(
      parameters.filter((one) => one.in === 'path').map(({ name }) => name),
      what,
    ).toEqual(inPath);
    for (const { name, description } of parameters) expect(description, `${what} ${name}`).toBeTruthy();
  }
});

it('every operation says what it answers, problems in their own type', async () => {
  const { body } = await (await running()).ask('GET /openapi.json');
  for (const [what, path, { responses }] of operationsOf(body as Document)) {
    if (path.endsWith('openapi.json')) continue;
    const statuses = Object.keys(responses);
    expect(statuses.filter((status) => status.startsWith('2')).length, what).toBeGreaterThan(0);
    expect(statuses, what).toEqual(expect.arrayContaining(['400', '401', '500', '503']));
    for (const [status, { description, content }] of Object.entries(responses)) {
      expect(description, `${what} ${status}`).toBeTruthy();
      const files: readonly (readonly [end: string, type: string])[] = [
        ['/backup', 'application/x-tar'],
        ['/devices/export', 'text/csv'],
      ];
      const file = files.find(([end]) => path.endsWith(end))?.[1] ?? 'application/json';
      const type = status.startsWith('2') ? file : 'application/problem+json';
      const types = path.endsWith('/events') && status === '200' ? ['text/event-stream', type] : [type];
      if (!['204', '304'].includes(status)) expect(Object.keys(content ?? {}), `${what} ${status}`).toEqual(types);
    }
  }
});

it('every schema that is named is there, and no object lets through what it does not name', async () => {
  const { body } = await (await running()).ask('GET /openapi.json');
  const { components, paths } = body as Document;
  const names = new Set(references(body));
  expect(names.size).toBeGreaterThan(10);
  for (const name of names)
    expect(Object.keys(components.schemas)).toContain(name.replace('#/components/schemas/', ''));
  expect(openObjects(components.schemas)).toEqual([]);
  expect(openObjects(paths)).toEqual([]);
});

it('every schema of what is asked and answered can be compiled', async () => {
  // Compiled when they are needed, some would be tried by nobody before a user.
  const { askByPort, problems } = await running({ compilers: AT_ONCE });
  expect(await askByPort('GET /openapi.json')).toMatchObject({ status: 200 });
  expect(problems).toEqual([]);
});
