/**
 * ETags, for all routes alike. A GET whose address ends with the name of one thing says which state of it that is. What
 * changes that thing, at its address or below it, may say which state it knows (`If-Match`) and is refused where it is
 * another by now. Changes of one thing through this API are made one after the other, so that nothing comes in between.
 */
import { createHash } from 'node:crypto';
import type { FastifyRequest, FastifySchema, RouteOptions } from 'fastify';
import { FotaServerError } from '../../domain/errors.ts';
import { type App, withHeader } from './route.ts';

/** A GET of one thing. */
interface Single {
  readonly url: string;
  readonly handler: RouteOptions['handler'];
  /** The name of its shape. */
  readonly shape: string | undefined;
}

/** Adds them, and gives what says so in the OpenAPI document. */
export function addConditions(app: App): <T extends FastifySchema>(schema: T, route: RouteOptions) => T {
  const singles = new Map<string, Single>();
  const turns = new Map<string, Promise<unknown>>();

  /** The thing that a change is about: the one at its address, or the nearest above. */
  const singleOf = ({ method, url, schema }: Pick<RouteOptions, 'method' | 'url' | 'schema'>): Single | undefined => {
    // What takes bytes is held together by their offset, and the next request ends the one before.
    if (isRead(method) || (schema as { readonly consumes?: unknown } | undefined)?.consumes !== undefined)
      return undefined;
    const above = [...singles.values()].filter((single) => `${url}/`.startsWith(`${single.url}/`));
    return above.sort((a, b) => b.url.length - a.url.length)[0];
  };

  const inTurn = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const done = (turns.get(key) ?? Promise.resolve()).then(work);
    const settled = done.catch(() => undefined);
    turns.set(key, settled);
    try {
      return await done;
    } finally {
      if (turns.get(key) === settled) turns.delete(key);
    }
  };

  app.addHook('onRoute', (route) => {
    const { url, handler, method } = route;
    if (isRead(method)) {
      if (/:\w+$/.test(url)) singles.set(url, { url, handler, shape: shapeOf(route.schema, 200) });
      return;
    }
    route.handler = async function (request, reply) {
      const single = singleOf(route);
      const work = async (): Promise<unknown> => handler.call(this, request, reply);
      if (single === undefined) return work();
      return inTurn(placeOf(single, request), async () => {
        await checkMatch(request, () => single.handler.call(this, request, reply));
        return work();
      });
    };
  });

  app.addHook('preSerialization', async (request, reply, payload) => {
    const { method, url = '', schema } = request.routeOptions;
    const { statusCode: status } = reply;
    if (status >= 300) return payload;
    const single = isRead(method) ? singles.get(url) : singleOf({ method, url, schema: schema ?? {} });
    const isItself = single !== undefined && single.shape !== undefined && shapeOf(schema, status) === single.shape;
    if (isItself) reply.header('ETag', tagOf(payload));
    return payload;
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const tag = reply.getHeader('ETag');
    const known = request.headers['if-none-match'];
    if (!isRead(request.method) || tag === undefined || known === undefined || !names(known, String(tag), true))
      return payload;
    reply.code(304);
    return null;
  });

  return (schema, route) => {
    if (isRead(route.method)) return singles.has(route.url) ? telling(schema) : schema;
    return singleOf(route) === undefined ? schema : taking(schema);
  };
}

function isRead(method: string | readonly string[]): boolean {
  return [method].flat().every((one) => one === 'GET' || one === 'HEAD');
}

/** Which one thing a request is about. */
function placeOf({ url }: Single, { params }: FastifyRequest): string {
  const given = params as Readonly<Record<string, unknown>>;
  return url.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(given[name])));
}

/** @throws FotaServerError `changed-meanwhile`, with the present tag */
async function checkMatch(request: FastifyRequest, present: () => unknown): Promise<void> {
  const wanted = request.headers['if-match'];
  if (wanted === undefined) return;
  const tag = tagOf(await present());
  if (names(wanted, tag, false)) return;
  throw new FotaServerError('changed-meanwhile', `it is ${tag} by now, not ${wanted.slice(0, 256)}`, undefined, {
    etag: tag,
  });
}

/** Whether a list of tags has this one, or is `*`. A weak tag is good enough to read by, not to change by. */
function names(list: string, tag: string, mayBeWeak: boolean): boolean {
  return list
    .split(',')
    .map((one) => one.trim().replace(mayBeWeak ? /^W\// : /^$/, ''))
    .some((one) => one === '*' || one === tag);
}

function tagOf(view: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(view)).digest('base64url').slice(0, 27)}"`;
}

function shapeOf(schema: unknown, status: number): string | undefined {
  const { response } = (schema ?? {}) as { readonly response?: Readonly<Record<number, unknown>> };
  const { content } = (response?.[status] ?? {}) as { readonly content?: Readonly<Record<string, unknown>> };
  const { schema: shape } = (content?.['application/json'] ?? {}) as { readonly schema?: { readonly $ref?: string } };
  return shape?.$ref;
}

const ETAG = { type: 'string', description: 'names the state that is told' };

function telling<T extends FastifySchema>(schema: T): T {
  const { response = {} } = schema as { readonly response?: Readonly<Record<number, object>> };
  const unchanged = { description: 'As the If-None-Match names it', type: 'null' };
  const told = { ...response[200], headers: { ETag: ETAG } };
  return {
    ...withHeader(schema, 'If-None-Match', 'the ETag of the state that is known: 304 where it is still that'),
    response: { ...response, 200: told, 304: unchanged },
  };
}

function taking<T extends FastifySchema>(schema: T): T {
  const { problems = [] } = schema as { readonly problems?: readonly string[] };
  return {
    ...withHeader(schema, 'If-Match', 'the ETag of the state that this changes: 412 where it is another by now'),
    problems: [...problems, 'changed-meanwhile'],
  };
}
