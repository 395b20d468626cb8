/**
 * `Idempotency-Key` on every request that changes something, for all routes alike. Not on those that take bytes, which go on
 * by their offset, but for tables, which come whole; and not on those that take a password: nothing that could be guessed
 * from is kept of it.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema, RouteOptions } from 'fastify';
import type { TSchema } from 'typebox';
import { FotaServerError } from '../../domain/errors.ts';
import { ownerOf } from '../../domain/principal.ts';
import type { Keyed, Repeats } from '../../usecases/repeats.ts';
import { type App, TABLE_TYPE, withHeader } from './route.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What it may be repeated by, while it is worked on. */
    keyed: Keyed | undefined;
  }
  interface FastifyContextConfig {
    /** What `addRepeating` found of a route. */
    repeating?: Repeating;
  }
}

interface Repeating {
  /** Its answer must not be kept. */
  readonly isSecret: boolean;
}

const KEY = /^"?([\x21\x23-\x7e]{1,255})"?$/;
const HEADER = 'idempotency-key';

export function addRepeating(app: App, repeats: Repeats, onProblem: (problem: unknown) => void): void {
  app.decorateRequest('keyed', undefined);

  app.addHook('onRoute', function (route) {
    if (!isRepeatable(route)) return;
    const { response } = (route.schema ?? {}) as { readonly response?: Readonly<Record<string, unknown>> };
    const shapes = Object.values(response ?? {}).map((one) => shapeOf(this, one));
    route.config = Object.assign(route.config ?? {}, { repeating: { isSecret: shapes.some(hasSecret) } });
  });

  app.addHook('preHandler', async (request, reply) => {
    const { repeating } = request.routeOptions.config;
    const given = request.headers[HEADER];
    if (repeating === undefined || given === undefined || request.principal === undefined) return;
    const keyed = keyedOf(request, String(given));
    const answer = await repeats.begin(keyed, request.method !== 'POST');
    if (answer === undefined) {
      request.keyed = keyed;
      return;
    }
    reply.header('Idempotent-Replayed', 'true').code(answer.status);
    if (answer.body === '') return reply.send();
    return reply.type('application/json; charset=utf-8').serializer(String).send(answer.body);
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const { keyed } = request;
    if (keyed === undefined) return;
    request.keyed = undefined;
    await settle(repeats, keyed, request, reply, payload).catch(onProblem);
  });
}

/** Of a route that takes keys, what the OpenAPI document says of them. */
export function describeRepeating<T extends FastifySchema>(
  schema: T,
  route: Pick<RouteOptions, 'method' | 'schema'>,
): T {
  if (!isRepeatable(route)) return schema;
  const { problems = [] } = schema as { readonly problems?: readonly string[] };
  return {
    ...withHeader(
      schema,
      'Idempotency-Key',
      'up to 255 visible characters that nobody else takes: the same request with the same key within 24 h is done once, and answered the same',
    ),
    problems: [...problems, 'idempotency-busy', 'idempotency-mismatch', 'idempotency-gone'],
  };
}

function isRepeatable({ method, schema }: Pick<RouteOptions, 'method' | 'schema'>): boolean {
  const isWrite = [method].flat().some((one) => one !== 'GET' && one !== 'HEAD');
  const { consumes, body } = (schema ?? {}) as { readonly consumes?: unknown; readonly body?: TSchema };
  const isWhole = [consumes].flat().every((type) => type === undefined || type === TABLE_TYPE);
  return isWrite && isWhole && !/"password"/.test(JSON.stringify(body ?? {}));
}

function keyedOf(request: FastifyRequest, given: string): Keyed {
  const [, key] = KEY.exec(given) ?? [];
  if (key === undefined)
    throw new FotaServerError('request-invalid', 'an Idempotency-Key has 1 to 255 visible characters');
  const { principal, method, url, body } = request;
  const content = JSON.stringify([method, url, body ?? null]);
  const fingerprint = createHash('sha256').update(content).digest('base64url');
  return { owner: principal === undefined ? '' : ownerOf(principal), key, fingerprint };
}

function settle(
  repeats: Repeats,
  keyed: Keyed,
  { routeOptions }: FastifyRequest,
  { statusCode }: FastifyReply,
  payload: unknown,
): Promise<void> {
  if (statusCode === 500) {
    repeats.broken(keyed);
    return Promise.resolve();
  }
  if (statusCode >= 300) return repeats.refused(keyed);
  // What is sent as it is made, such as a backup, cannot be sent again.
  const text = typeof payload === 'string' ? payload : payload === undefined || payload === null ? '' : undefined;
  return repeats.done(keyed, statusCode, routeOptions.config.repeating?.isSecret === true ? undefined : text);
}

/** What an answer is made of, with the named schema in the place of its name; `undefined` where that is not known here. */
function shapeOf(app: Pick<FastifyInstance, 'getSchema'>, answer: unknown): unknown {
  const { content } = (answer ?? {}) as { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> };
  const { $ref } = (content?.['application/json']?.schema ?? {}) as { readonly $ref?: string };
  return $ref === undefined ? answer : app.getSchema($ref.replace(/#$/, ''));
}

/** `secret` of shape.ts marks what is shown once. */
function hasSecret(schema: unknown): boolean {
  return schema === undefined || /"format":"password"/.test(JSON.stringify(schema));
}
