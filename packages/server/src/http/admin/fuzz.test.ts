import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { type RunningAdmin, runAdmin, uploaded } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import { SERVER_ERRORS } from '../../domain/errors.ts';

const RUNS = process.env['PROVE'] === undefined ? 400 : 20_000;
const folder = folders(onTestFinished);

/** As much of JSON Schema as the document of the API has. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters?: ReadonlyArray<{
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: Schema;
  }>;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<Operation, 'method' | 'path'>>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** Names and numbers of what is there, so that a request gets further than to the first door. */
const THERE = ['p', 'app', '867', '1', '2', '1.1.0', 'label:beta', 'beta', 'blocked', '2026-11-25T00:00:00.000Z'];
const STRANGE = [
  '',
  ' ',
  '\0',
  '..',
  '%',
  'a'.repeat(300),
  '固件 🚀',
  '__proto__',
  'constructor',
  '-1',
  '1e999',
  'NaN',
];

/** What fits a schema, mostly, for a program that has read the document. */
function fitting(schema: Schema, all: Document['components']['schemas'], depth = 0): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return fitting(all[schema.$ref.split('/').at(-1) ?? ''] ?? {}, all, depth);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => fitting(one, all, depth)));
  switch (schema.type) {
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'integer':
      return fc.integer({
        min: schema.minimum ?? -5,
        max: Math.min(schema.maximum ?? 100, (schema.minimum ?? 0) + 100),
      });
    case 'number':
      return fc.double({
        min: schema.exclusiveMinimum ?? schema.minimum ?? 0,
        max: schema.maximum ?? 100,
        noNaN: true,
      });
    case 'array':
      return fc.array(fitting(schema.items ?? {}, all, depth + 1), { minLength: schema.minItems ?? 0, maxLength: 3 });
    case 'object':
      return objectOf(schema, all, depth);
    case 'string':
      return text(schema);
    default:
      return anything;
  }
}

function objectOf(
  { properties = {}, required = [] }: Schema,
  all: Document['components']['schemas'],
  depth: number,
): fc.Arbitrary<unknown> {
  const parts = Object.fromEntries(
    Object.entries(properties).map(([name, one]) => [name, fitting(one, all, depth + 1)]),
  );
  return fc.record(parts, { requiredKeys: required.filter((name) => name in parts) });
}

function text({ pattern }: Schema): fc.Arbitrary<string> {
  const known = fc.constantFrom(...THERE);
  return pattern === undefined
    ? fc.oneof(known, known, fc.string({ maxLength: 20 }))
    : fc.oneof(known, fc.stringMatching(new RegExp(pattern)));
}

const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...STRANGE, ...THERE),
  fc.jsonValue({ maxDepth: 2 }),
  fc.integer(),
);

/** Now and then one part is something else altogether. */
function spoilt(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 4, arbitrary: value },
    { weight: 1, arbitrary: anything },
    {
      weight: 2,
      arbitrary: fc.tuple(value, fc.nat(), anything).map(([whole, place, other]) => {
        const names = typeof whole === 'object' && whole !== null ? Object.keys(whole) : [];
        const name = names[place % Math.max(1, names.length)];
        return name === undefined ? other : { ...(whole as object), [name]: other };
      }),
    },
  );
}

interface Asked {
  readonly operation: Operation;
  readonly line: string;
  readonly body: unknown;
}

function requests({ paths, components }: Document): fc.Arbitrary<Asked> {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]): Operation => ({ ...operation, method: method.toUpperCase(), path }),
    ),
  );
  // What never ends is held by a test of its own.
  const ending = operations.filter(({ method, path }) => !(method === 'GET' && path.endsWith('/events')));
  return fc.constantFrom(...ending).chain((operation) => {
    const { parameters = [], requestBody } = operation;
    const values = fc.record(
      Object.fromEntries(parameters.map(({ name, schema }) => [name, spoilt(fitting(schema, components.schemas))])),
      { requiredKeys: parameters.filter((one) => one.in === 'path').map(({ name }) => name) },
    );
    const schema = requestBody?.content['application/json']?.schema;
    const body =
      schema === undefined ? fc.constantFrom(undefined, undefined, {}) : spoilt(fitting(schema, components.schemas));
    return fc
      .tuple(values, body)
      .map(([given, content]) => ({ operation, line: lineOf(operation, given), body: content }));
  });
}

function lineOf({ method, path, parameters = [] }: Operation, given: Readonly<Record<string, unknown>>): string {
  const words = (value: unknown): string =>
    encodeURIComponent(typeof value === 'object' ? JSON.stringify(value) : String(value));
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => words(given[name]) || '-');
  const query = parameters
    .filter(({ name, in: place }) => place === 'query' && given[name] !== undefined)
    .map(({ name }) => `${name}=${words(given[name])}`);
  return `${method} ${filled}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

async function running(): Promise<RunningAdmin> {
  const admin = await runAdmin(await folder());
  onTestFinished(() => admin.close());
  await admin.ask('POST /projects', { json: { name: 'p' } });
  for (const version of ['1.0.0', '1.1.0']) {
    const upload = await uploaded(admin, Buffer.from(version));
    await admin.ask('POST /releases', {
      json: { project: 'p', upload, firmwareName: 'app', version, draft: version === '1.1.0' },
    });
  }
  return admin;
}

it('whatever comes in the words of its own document, the admin side answers as that says, and never with a defect', async () => {
  const admin = await running();
  const document = (await admin.ask('GET /openapi.json')).body as Document;
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(requests(document), async ({ operation, line, body }) => {
      const { status, headers, body: answer } = await admin.ask(line, body === undefined ? {} : { json: body });
      const what = `${line} ${JSON.stringify(body)?.slice(0, 500)} → ${status} ${JSON.stringify(answer)?.slice(0, 500)}`;
      expect(status, what).toBeLessThan(500);
      expect([...Object.keys(operation.responses), '404', '405'], what).toContain(String(status));
      seen.add(`${operation.method} ${operation.path} ${status < 300 ? 'well' : 'refused'}`);
      if (status < 300) return;
      expect(headers['content-type'], what).toMatch(/^application\/problem\+json/);
      const { code, detail, remedy } = answer as { code: string; detail: string; remedy: string };
      expect(Object.keys(SERVER_ERRORS), what).toContain(code);
      expect(Math.min(detail.length, remedy.length), what).toBeGreaterThan(0);
    }),
    { numRuns: RUNS, seed: process.env['PROVE'] === undefined ? 7 : Date.now() % 2 ** 31 },
  );
  expect(admin.problems).toEqual([]);
  // It is no fuzz that never gets anywhere.
  expect([...seen].filter((one) => one.endsWith('well')).length).toBeGreaterThan(10);
}, 600_000);
