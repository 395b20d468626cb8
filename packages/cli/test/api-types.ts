/** TypeScript of what the admin API takes and answers, made of its OpenAPI document. */

/** JSON Schema, as far as the document uses it. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Described {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const HEAD = `/**
 * What the admin API takes and answers, by method and address. Made from the OpenAPI document of the server; a test holds
 * both equal (\`npm test -- reference -u\` writes it anew).
 */
`;
const PREFIX = '/api/v1';
/** Who asks may give `undefined` for what they leave out; what is told is there, or is not. */
const GIVEN = ' | undefined';

export function apiTypes({ paths, components }: Document): string {
  const operations = Object.values(paths).flatMap((one) => Object.values(one));
  const used = reachable(components.schemas, operations.flatMap(shapesOf));
  const schemas = Object.entries(components.schemas)
    .filter(([name]) => used.has(name))
    .toSorted(byName);
  const named = schemas.map(([name, schema]) => `  readonly ${name}: ${typeOf(schema, 1)};\n`);
  const methods = [...new Set(Object.values(paths).flatMap((one) => Object.keys(one)))].toSorted();
  const groups = methods.map((method) => {
    const operations = Object.entries(paths)
      .toSorted(byName)
      .flatMap(([path, one]) => {
        const described = one[method];
        if (described === undefined) return [];
        return [`    readonly '${path.replace(PREFIX, '')}': ${operationOf(described)};\n`];
      });
    return `  readonly ${method.toUpperCase()}: {\n${operations.join('')}  };\n`;
  });
  return `${HEAD}export interface Schemas {\n${named.join('')}}\n\nexport interface Api {\n${groups.join('')}}\n`;
}

/** What an operation takes and answers, without its problems: they have a type of their own. */
function shapesOf({ requestBody, responses }: Described): (Schema | undefined)[] {
  const answers = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  return [jsonOf(requestBody), ...answers.map(([, answer]) => jsonOf(answer))];
}

/** The names of these shapes, and of all that they are made of. */
function reachable(schemas: Document['components']['schemas'], shapes: readonly unknown[]): Set<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    const names = [...(JSON.stringify(value ?? null).matchAll(/#\/components\/schemas\/(\w+)/g) ?? [])];
    for (const [, name = ''] of names) {
      if (found.has(name)) continue;
      found.add(name);
      visit(schemas[name]);
    }
  };
  visit(shapes);
  return found;
}

function operationOf({ parameters = [], requestBody, responses }: Described): string {
  const parts = ['path', 'query'].map((place) => {
    const those = parameters.filter((one) => one.in === place);
    const properties = Object.fromEntries(those.map((one) => [one.name, one.schema]));
    const required = those.filter((one) => one.required === true).map((one) => one.name);
    return those.length === 0 ? 'undefined' : typeOf({ type: 'object', properties, required }, 3, GIVEN);
  });
  const [path = '', query = ''] = parts;
  const body = jsonOf(requestBody);
  const answers = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  const told = answers.map(([, answer]) => jsonOf(answer)).map((schema) => (schema ? typeOf(schema, 3) : 'undefined'));
  return [
    '{',
    `      readonly path: ${path};`,
    `      readonly query: ${query};`,
    `      readonly body: ${body === undefined ? 'undefined' : typeOf(body, 3, GIVEN)};`,
    `      readonly answer: ${[...new Set(told)].join(' | ')};`,
    '    }',
  ].join('\n');
}

function jsonOf(described: Content | undefined): Schema | undefined {
  return described?.content?.['application/json']?.schema;
}

function typeOf(schema: Schema, depth: number, orElse = ''): string {
  const { $ref, const: only, enum: words, anyOf, type, items } = schema;
  if ($ref !== undefined) return `Schemas['${$ref.replace('#/components/schemas/', '')}']`;
  if (only !== undefined) return literal(only);
  if (words !== undefined) return words.map(literal).join(' | ');
  if (anyOf !== undefined) return anyOf.map((one) => typeOf(one, depth, orElse)).join(' | ');
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one }, depth, orElse)).join(' | ');
  if (type === 'array') return `readonly ${grouped(typeOf(items ?? {}, depth, orElse))}[]`;
  if (type === 'object') return objectOf(schema, depth, orElse);
  if (type === 'integer' || type === 'number') return 'number';
  return type === 'string' || type === 'boolean' || type === 'null' ? type : 'unknown';
}

function objectOf(schema: Schema, depth: number, orElse: string): string {
  const { properties = {}, required = [], additionalProperties, patternProperties } = schema;
  const others =
    typeof additionalProperties === 'object' ? additionalProperties : Object.values(patternProperties ?? {})[0];
  if (Object.keys(properties).length === 0) {
    return others === undefined
      ? 'Readonly<Record<string, never>>'
      : `Readonly<Record<string, ${typeOf(others, depth, orElse)}>>`;
  }
  const indent = '  '.repeat(depth + 1);
  const lines = Object.entries(properties).map(([name, one]) => {
    const isNeeded = required.includes(name);
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`;
    return `${indent}readonly ${key}${isNeeded ? '' : '?'}: ${typeOf(one, depth + 1, orElse)}${isNeeded ? '' : orElse};\n`;
  });
  return `{\n${lines.join('')}${'  '.repeat(depth)}}`;
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "\\'")}'` : JSON.stringify(value);
}

function grouped(type: string): string {
  return type.includes(' | ') && !type.startsWith('{') ? `(${type})` : type;
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}
