/** What all routes of the admin API share. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, FastifySchema } from 'fastify';
import { type TSchema, type TUnsafe, Type } from 'typebox';
import { SERVER_ERRORS, type ServerErrorCode } from '../../domain/errors.ts';
import type { PageRequest } from '../../ports.ts';
import type { ApiPage } from './api.ts';
import { DEFAULT_LIMIT } from './paging.ts';
import { statusOf } from './problems.ts';
import { problemSchema } from './schemas.ts';
import { closed, ref } from './shape.ts';

export type App = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>;

/** The type of a table. */
export const TABLE_TYPE = 'text/csv';

declare module 'fastify' {
  interface FastifySchema {
    /** Codes of the problems that a route may answer with, besides those of every route. */
    problems?: readonly ServerErrorCode[];
  }
}

/** An answer as OpenAPI has it. */
interface Described {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: TSchema }>>;
}

/** What a route answers; problems are described only, see {@link describeProblems}. */
export interface Answers {
  readonly response: Readonly<Record<number, Described | TSchema>>;
  readonly problems: readonly ServerErrorCode[];
}

/** A route that tells something. */
export function answers<T>(says: string, of: TUnsafe<T>, problems: readonly ServerErrorCode[] = []): Answers {
  return { response: { 200: json(says, of) }, problems };
}

/** A route that makes something; `orElse`: what it says where there was nothing to make. */
export function makes<T>(
  says: string,
  of: TUnsafe<T>,
  problems: readonly ServerErrorCode[] = [],
  orElse?: string,
): Answers {
  return { response: { 201: json(says, of), ...(orElse !== undefined && { 200: json(orElse, of) }) }, problems };
}

/** A route that has nothing to say. */
export function empties(says: string, problems: readonly ServerErrorCode[] = []): Answers {
  return { response: { 204: Type.Null({ description: says }) }, problems };
}

function json<T>(description: string, of: TUnsafe<T>): Described {
  return { description, content: { 'application/json': { schema: ref(of) } } };
}

/** What any request may be told. */
const ANYWHERE: readonly ServerErrorCode[] = [
  'request-invalid',
  'token-missing',
  'token-invalid',
  'token-expired',
  'session-invalid',
  'session-header-missing',
  'forbidden',
  'internal',
  'closed',
];

/**
 * The same route for the OpenAPI document: for each status of its codes a problem that says what they mean. Fastify need not
 * know of them: it would make a serializer for each, and starting would take seconds.
 */
export function describeProblems({ problems, ...schema }: FastifySchema): FastifySchema {
  if (problems === undefined) return schema;
  const byStatus = new Map<number, ServerErrorCode[]>();
  for (const code of new Set([...ANYWHERE, ...problems])) {
    byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  }
  const content = { 'application/problem+json': { schema: ref(problemSchema) } };
  const described = [...byStatus].map(([status, codes]) => {
    const description = codes.map((code) => `${code}: ${SERVER_ERRORS[code].means}`).join('\n');
    return [status, { description, content }];
  });
  return { ...schema, response: { ...(schema.response as object), ...Object.fromEntries(described) } };
}

/** The shape of a part of a list. */
export function pageOf<T>(name: string, of: TUnsafe<T>): TUnsafe<ApiPage<T>> {
  const cursor = Type.Optional(Type.String({ description: 'gets the next part; left out at the end' }));
  return Type.Unsafe<ApiPage<T>>({
    $id: name,
    title: name,
    ...Type.Object({ items: Type.Array(ref(of)), cursor }, closed),
  });
}

/** Which part of a list. */
export const pageQuery: {
  readonly limit: Type.TOptional<Type.TInteger>;
  readonly cursor: Type.TOptional<Type.TString>;
} = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000, description: 'items of a page, 1 to 1000', default: DEFAULT_LIMIT }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 1_024, description: 'of the page before' })),
};

export function pageRequest({ limit, cursor }: { readonly limit?: number; readonly cursor?: string }): PageRequest {
  return { limit: limit ?? DEFAULT_LIMIT, cursor };
}

/** A part of the address or the query that is somebody's name; its use case says what is allowed. */
export function name(description: string): Type.TString {
  return Type.String({ maxLength: 256, description });
}

/** The same route, taking one more header, for the OpenAPI document. */
export function withHeader<T extends FastifySchema>(schema: T, name: string, description: string): T {
  const { headers } = schema as { readonly headers?: { readonly properties?: object } };
  const properties = { ...headers?.properties, [name]: { type: 'string', description } };
  return { ...schema, headers: { type: 'object', ...headers, properties } };
}
