/** The operations of the admin API, as its own OpenAPI document has them: tests that go through all cover new ones too. */

/** JSON Schema, as far as samples need it. */
export interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly examples?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly minimum?: number;
  readonly minItems?: number;
  readonly items?: Schema;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

export interface Operation {
  /** `POST /api/v1/projects`. */
  readonly name: string;
  readonly method: string;
  /** With `{project}` and its like. */
  readonly path: string;
  /** The lowest role that it takes; `undefined`: none. */
  readonly role: 'viewer' | 'publisher' | 'operator' | 'admin' | undefined;
  readonly where: string | undefined;
  /** What it needs of its query. */
  readonly query: string;
  /** Of JSON. */
  readonly body: Schema | undefined;
}

interface Described {
  readonly 'x-fota-role'?: Operation['role'];
  readonly 'x-fota-where'?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

export function operationsOf(document: unknown): readonly Operation[] {
  const { paths } = document as { readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([verb, described]) => {
      const method = verb.toUpperCase();
      const needed = (described.parameters ?? []).filter((one) => one.in === 'query' && one.required === true);
      const query = new URLSearchParams(
        needed.map((one): [string, string] => [one.name, String(sampleOf(one.schema))]),
      );
      return {
        name: `${method} ${path}`,
        method,
        path,
        role: described['x-fota-role'],
        where: described['x-fota-where'],
        query: query.toString(),
        body: described.requestBody?.content['application/json']?.schema,
      };
    }),
  );
}

/** Something that the schema takes: its example, else the least that there is. */
export function sampleOf(schema: Schema): unknown {
  const { examples, enum: words, anyOf, type, required = [], properties = {}, items } = schema;
  if (examples?.[0] !== undefined) return examples[0];
  if ('const' in schema) return schema.const;
  if (words !== undefined) return words[0];
  if (anyOf?.[0] !== undefined) return sampleOf(anyOf[0]);
  if (type === 'object') return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name] ?? {})]));
  if (type === 'array') return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(items ?? {}));
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1;
  return type === 'boolean' ? true : 'x';
}
