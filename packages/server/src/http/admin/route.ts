/** What all routes of the admin API share. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { type TSchema, type TUnsafe, Type } from 'typebox';
import { SERVER_ERRORS, type ServerErrorCode } from '../../domain/errors.ts';
import type { PageRequest } from '../../ports.ts';
import type { ApiPage } from './api.ts';
import { DEFAULT_LIMIT } from './paging.ts';
import { statusOf } from './problems.ts';
import { problemSchema } from './schemas.ts';
import { closed, ref } from './shape.ts';

export type App = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>;

/** An answer as OpenAPI has it. */
interface Described {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: TSchema }>>;
}

export type Answers = Readonly<Record<string, Described | TSchema>>;

/** What any request may be told. */
const ANYWHERE: readonly ServerErrorCode[] = [
  'request-invalid',
  'token-missing',
  'token-invalid',
  'internal',
  'closed',
];

/** The answers of a route: a shape for success, and for each status of its codes a problem that says what it means. */
export function answers<T>(
  says: string,
  of: TUnsafe<T>,
  codes: readonly ServerErrorCode[] = [],
  also: Answers = {},
): Answers {
  return { 200: json(says, of), ...also, ...problems([...ANYWHERE, ...codes]) };
}

/** The same where something is made. */
export function makes<T>(
  says: string,
  of: TUnsafe<T>,
  codes: readonly ServerErrorCode[] = [],
  also: Answers = {},
): Answers {
  return { 201: json(says, of), ...also, ...problems([...ANYWHERE, ...codes]) };
}

/** The same where nothing is to be said. */
export function empties(says: string, codes: readonly ServerErrorCode[] = []): Answers {
  return { 204: Type.Null({ description: says }), ...problems([...ANYWHERE, ...codes]) };
}

export function json<T>(description: string, of: TUnsafe<T>): Described {
  return { description, content: { 'application/json': { schema: ref(of) } } };
}

function problems(codes: readonly ServerErrorCode[]): Answers {
  const byStatus = new Map<number, ServerErrorCode[]>();
  for (const code of new Set(codes)) byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  const content = { 'application/problem+json': { schema: ref(problemSchema) } };
  return Object.fromEntries(
    [...byStatus].map(([status, alike]) => {
      const description = alike.map((code) => `${code}: ${SERVER_ERRORS[code].means}`).join('\n');
      return [status, { description, content }];
    }),
  );
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
