/** Speaks to the admin side of a server, over TCP with a token or over its socket in the data folder. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, request } from 'undici';
import { ApiError, CommandError } from '../failure.ts';
import type { Schemas } from './api.gen.ts';
import type { Answer, Given, ItemOf, ListGiven, ListPath, Method, PathOf } from './typed.ts';

export interface Address {
  /** Scheme, host and port, and a path where a proxy has the server below one. */
  readonly base: string;
  /** Instead of a TCP connection. */
  readonly socketPath?: string | undefined;
  readonly token?: string | undefined;
  /** What people are told of it. */
  readonly name: string;
  /** At most. Default 1: what a break costs is known, and nothing overtakes. */
  readonly connections?: number | undefined;
}

/** A file that the server sends. */
export interface Download {
  /** As the server calls it: letters, digits, dots and dashes. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly body: AsyncIterable<Uint8Array>;
}

export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/**
 * The admin API, each address with what it takes and answers (api.gen.ts):
 * `client.get('/releases/{release}', { path: { release: 7 } })`.
 */
export interface Client {
  readonly name: string;
  get<P extends PathOf<'GET'>>(path: P, ...given: Given<'GET', P>): Promise<Answer<'GET', P>>;
  /**
   * Changes something. Where the connection breaks it is sent again, with the same key, so that it is done once; what may
   * be done twice is sent again without one.
   */
  send<M extends Exclude<Method, 'GET'>, P extends PathOf<M>>(
    method: M,
    path: P,
    ...given: Given<M, P>
  ): Promise<Answer<M, P>>;
  /** Sends `size` bytes of an upload from `offset` on. */
  patch(upload: string, offset: number, size: number, bytes: AsyncIterable<Uint8Array>): Promise<Schemas['Upload']>;
  /** The same of a table of devices, which is sent again as a whole; told how many bytes are on their way. */
  sendTable(
    project: string,
    table: Uint8Array,
    dryRun: boolean,
    onSent: (bytes: number) => void,
  ): Promise<Schemas['TableOutcome']>;
  /**
   * The bytes of an answer that may go on until somebody leaves. Breaks off, too, where the server is silent for a minute.
   * `type`: of the answer; default: server-sent events.
   */
  open(
    path: PathOf<'GET'>,
    query: Query,
    headers: Readonly<Record<string, string>>,
    type?: string,
  ): Promise<AsyncIterable<Uint8Array>>;
  /** Has a file made, and sent: its bytes follow as they come. */
  download(path: PathOf<'POST'>): Promise<Download>;
  /** Up to `limit` items, over as many pages as they lie on; whether there are more. */
  list<P extends ListPath>(path: P, given: ListGiven<P>, limit: number): Promise<{ items: ItemOf<P>[]; more: boolean }>;
  close(): Promise<void>;
}

/** What an operation was given, whatever it is. */
interface Parts {
  readonly path?: Readonly<Record<string, string | number>> | undefined;
  readonly query?: Query | undefined;
  readonly body?: object | undefined;
}

/** Milliseconds until a request whose connection broke is sent again. */
const AGAIN_MS = [200, 1_000] as const;
const PAGE = 1_000;
/** Bytes of a table that are handed on at once. */
const PIECE = 64 << 10;
/** Milliseconds: the server is never silent for more than 15 s in an answer that goes on. */
const LONGEST_SILENCE = 60_000;
/** An answer of the admin side is no larger; a page of a thousand entries is about a tenth of it. */
const LARGEST_ANSWER = 64 << 20;

export function createClient(address: Address, signal?: AbortSignal): Client {
  const { base, socketPath, token, name, connections = 1 } = address;
  const connect = { timeout: 10_000, ...(socketPath === undefined ? {} : { socketPath }) };
  const dispatcher = new Agent({ connect, maxResponseSize: LARGEST_ANSWER, connections });

  const endless = new Agent({ connect, bodyTimeout: LONGEST_SILENCE });

  const urlOf = (path: string, query: Query): URL => {
    const url = new URL(`${base}/api/v1${path}`);
    for (const [key, value] of Object.entries(query)) {
      for (const one of [value].flat()) if (one !== undefined) url.searchParams.append(key, String(one));
    }
    return url;
  };
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };

  const ask = async <T>(
    method: Dispatcher.HttpMethod,
    path: string,
    more: { query?: Query; headers?: Record<string, string>; body?: string | AsyncIterable<Uint8Array> } = {},
  ): Promise<T> => {
    try {
      const answer = await request(urlOf(path, more.query ?? {}), {
        dispatcher,
        method,
        headers: { accept: 'application/json', ...more.headers, ...authorization },
        ...(more.body === undefined ? {} : { body: more.body as Dispatcher.DispatchOptions['body'] & string }),
        ...(signal === undefined ? {} : { signal }),
      });
      return read<T>(answer.statusCode, String(answer.headers['content-type'] ?? ''), await answer.body.text());
    } catch (error) {
      throw explained(error);
    }
  };

  const read = <T>(status: number, type: string, text: string): T => {
    if (status === 204) return undefined as T;
    const isJson = /^application\/(?:problem\+)?json\b/.test(type);
    const body: unknown = isJson ? parsed(text) : undefined;
    if (typeof body !== 'object' || body === null) throw unexpected(status);
    if (status < 300) return body as T;
    if (typeof (body as { code?: unknown }).code !== 'string') throw unexpected(status);
    throw new ApiError(status, body as Record<string, unknown>);
  };

  const unexpected = (status: number): CommandError =>
    new CommandError('server-unexpected', `${name} answered ${status}, but not as an upgrade server answers`);

  const explained = (error: unknown): unknown => {
    if (error instanceof CommandError || error instanceof ApiError || signal?.aborted) return error;
    return new CommandError('server-unreachable', `${name} cannot be reached: ${reasonOf(error)}`, { cause: error });
  };

  async function* explaining(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* bytes;
    } catch (error) {
      throw explained(error);
    }
  }

  const json = { 'content-type': 'application/json' };
  const asked = <T>(method: Method, path: string, [given]: readonly unknown[], headers = {}): Promise<T> => {
    const { path: names = {}, query = {}, body } = (given ?? {}) as Parts;
    const address = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(names[name] ?? ''));
    const content = body === undefined ? {} : { headers: { ...json, ...headers }, body: JSON.stringify(body) };
    return ask<T>(method, address, { query, headers, ...content });
  };

  /** Tries again what can be sent again, where the connection broke. A server that is not there stays so. */
  const again = async <T>(work: () => Promise<T>): Promise<T> => {
    for (const wait of AGAIN_MS) {
      try {
        return await work();
      } catch (error) {
        if (!isBroken(error)) throw error;
      }
      await sleep(wait, undefined, signal === undefined ? {} : { signal });
    }
    return work();
  };

  return {
    name,
    get: (path, ...given) => again(() => asked('GET', path, given)),
    send: (method, path, ...given) => {
      const headers = { 'idempotency-key': randomUUID() };
      return again(() => asked(method, path, given, headers));
    },
    patch: (upload, offset, size, bytes) =>
      ask('PATCH', `/uploads/${encodeURIComponent(upload)}`, {
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String(size),
          'upload-offset': String(offset),
        },
        body: bytes,
      }),
    sendTable(project, table, dryRun, onSent) {
      const headers = {
        'content-type': 'text/csv; charset=utf-8',
        'content-length': String(table.length),
        'idempotency-key': randomUUID(),
      };
      const path = `/projects/${encodeURIComponent(project)}/devices/import`;
      const query = { dryRun: dryRun ? 'true' : undefined };
      return again(() => ask('POST', path, { query, headers, body: inPieces(table, onSent) }));
    },
    async open(path, query, headers, wanted = 'text/event-stream') {
      try {
        const answer = await request(urlOf(path, query), {
          dispatcher: endless,
          headers: { ...headers, ...authorization },
          ...(signal === undefined ? {} : { signal }),
        });
        const type = String(answer.headers['content-type'] ?? '');
        if (answer.statusCode === 200 && type.startsWith(wanted)) return explaining(answer.body);
        return read(answer.statusCode, type, await answer.body.text());
      } catch (error) {
        throw explained(error);
      }
    },
    async download(path) {
      try {
        const answer = await request(urlOf(path, {}), {
          dispatcher: endless,
          method: 'POST',
          headers: authorization,
          // A large database takes its time before the first byte.
          headersTimeout: 0,
          ...(signal === undefined ? {} : { signal }),
        });
        const { 'content-type': type, 'content-length': length, 'content-disposition': named } = answer.headers;
        const name = /^attachment; filename="([\w.-]{1,100})"$/.exec(String(named))?.[1];
        const size = Number(length);
        if (answer.statusCode === 200 && name !== undefined && Number.isSafeInteger(size)) {
          return { name, size, body: explaining(answer.body) };
        }
        return read(answer.statusCode, String(type), await answer.body.text());
      } catch (error) {
        throw explained(error);
      }
    },
    async list<P extends ListPath>(path: P, { path: names, query }: ListGiven<P>, limit: number) {
      const items: ItemOf<P>[] = [];
      let cursor: string | undefined;
      do {
        const wanted = { ...(query as Query | undefined), limit: Math.min(PAGE, limit - items.length), cursor };
        const page = await again(() =>
          asked<{ readonly items: ItemOf<P>[]; readonly cursor?: string }>('GET', path, [
            { path: names, query: wanted },
          ]),
        );
        items.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== undefined && items.length < limit);
      return { items, more: cursor !== undefined };
    },
    async close() {
      await Promise.all([dispatcher.destroy(), endless.destroy()]);
    },
  };
}

async function* inPieces(bytes: Uint8Array, onSent: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE) {
    yield bytes.subarray(at, at + PIECE);
    onSent(Math.min(at + PIECE, bytes.length));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Why there was no answer, in one line. */
function reasonOf(error: unknown): string {
  const { code, message, errors } = error as NodeJS.ErrnoException & { readonly errors?: readonly Error[] };
  const known: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'nothing listens there',
    ENOENT: 'its socket is gone',
    ENOTFOUND: 'its name cannot be resolved',
    EAI_AGAIN: 'its name cannot be resolved now',
    EACCES: 'you may not open its socket',
    UND_ERR_CONNECT_TIMEOUT: 'no connection within 10 s',
  };
  return known[code ?? ''] ?? (message || errors?.[0]?.message || String(code));
}

/** Whether a connection that there was broke before the answer was there, or the request that it carried still runs. */
function isBroken(error: unknown): boolean {
  if (error instanceof ApiError) return error.code === 'idempotency-busy';
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return error instanceof CommandError && ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(String(cause?.code));
}
