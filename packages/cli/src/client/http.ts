/** Speaks to the admin side of a server, over TCP with a token or over its socket in the data folder. */

import type { ApiPage } from '@libfota2/server';
import { Agent, type Dispatcher, request } from 'undici';
import { ApiError, CommandError } from '../failure.ts';

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

export interface Client {
  readonly name: string;
  get<T>(path: string, query?: Query): Promise<T>;
  /** `body` goes as JSON. */
  send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<T>;
  /** Sends `size` bytes of an upload from `offset` on. */
  patch<T>(path: string, offset: number, size: number, bytes: AsyncIterable<Uint8Array>): Promise<T>;
  /** The bytes of an answer that goes on until somebody leaves. Breaks off, too, where the server is silent for a minute. */
  open(path: string, query: Query, headers: Readonly<Record<string, string>>): Promise<AsyncIterable<Uint8Array>>;
  /** Has a file made, and sent: its bytes follow as they come. */
  download(path: string): Promise<Download>;
  /** Up to `limit` items, over as many pages as they lie on; whether there are more. */
  list<Item>(path: string, query: Query, limit: number): Promise<{ items: Item[]; more: boolean }>;
  close(): Promise<void>;
}

const PAGE = 1_000;
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
  return {
    name,
    get: (path, query = {}) => ask('GET', path, { query }),
    send: (method, path, body) => ask(method, path, body && { headers: json, body: JSON.stringify(body) }),
    patch: (path, offset, size, bytes) =>
      ask('PATCH', path, {
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String(size),
          'upload-offset': String(offset),
        },
        body: bytes,
      }),
    async open(path, query, headers) {
      try {
        const answer = await request(urlOf(path, query), {
          dispatcher: endless,
          headers: { ...headers, ...authorization },
          ...(signal === undefined ? {} : { signal }),
        });
        const type = String(answer.headers['content-type'] ?? '');
        if (answer.statusCode === 200 && type.startsWith('text/event-stream')) return explaining(answer.body);
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
    async list<Item>(path: string, query: Query, limit: number) {
      const items: Item[] = [];
      let cursor: string | undefined;
      do {
        const wanted = Math.min(PAGE, limit - items.length);
        const page: ApiPage<Item> = await ask('GET', path, { query: { ...query, limit: wanted, cursor } });
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
