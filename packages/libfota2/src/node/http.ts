import { lookup as systemLookup } from 'node:dns';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Answer, type Ask, FotaError, failure, type Transport } from '../core.ts';
import { type Stage, translate } from './http-errors.ts';

/** Longer than any resolver needs that answers at all; an unknown host is to be told within 5 seconds. */
const LOOKUP_TIMEOUT_MS = 4_500;
/** Milliseconds that one of several addresses of a host gets; Node's own 250 are too few for a cellular link. */
const ADDRESS_TIMEOUT_MS = 2_500;
const MOST_HEADER_BYTES = 16 * 1024;
const USER_AGENT = 'libfota2';

/** HTTP/1.1 over `node:http` and `node:https`: one connection a request, certificates always verified. */
export const nodeTransport: Transport = { open };

function open(ask: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (ask.signal.aborted) return reject(ask.signal.reason);
    const call = new Call(ask, resolve, reject);
    call.send();
  });
}

/** One request under way. Whatever ends it is told once: to the promise before the head, to the body's reader after. */
class Call {
  readonly #ask: Ask;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (reason: unknown) => void;
  #request: ClientRequest | undefined;
  #stage: Stage = 'connect';
  /** What the request was destroyed with; the response would only say that it was aborted. */
  #error: unknown;

  constructor(ask: Ask, resolve: (answer: Answer) => void, reject: (reason: unknown) => void) {
    this.#ask = ask;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  send(): void {
    const ask = this.#ask;
    const url = new URL(ask.url);
    const isTls = url.protocol === 'https:';
    try {
      this.#request = isTls ? https.request(url, tlsOptions(ask)) : http.request(url, options(ask));
    } catch (error) {
      this.#reject(
        error instanceof FotaError ? error : failure('option-invalid', `Cannot send this: ${error}.`, 'prepare', error),
      );
      return;
    }
    const request = this.#request;
    const onAbort = (): void => void request.destroy();
    ask.signal.addEventListener('abort', onAbort);
    const slow = setTimeout(() => {
      const message = `No connection within ${ask.connectTimeoutMs} ms.`;
      request.destroy(failure('connect-timeout', message, 'connect'));
    }, ask.connectTimeoutMs);

    request.on('socket', (socket) => {
      socket.once('connect', () => {
        this.#stage = isTls ? 'handshake' : 'answer';
      });
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        this.#stage = 'answer';
        clearTimeout(slow);
        ask.onConnected();
      });
    });
    request.setTimeout(ask.idleTimeoutMs);
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      this.#fail(failure('status-unexpected', `Status ${response.statusCode} is no answer to the question.`, 'answer'));
    });
    request.on('response', (response) => this.#onResponse(request, response));
    request.on('error', (error) => this.#fail(error));
    request.on('close', () => {
      clearTimeout(slow);
      ask.signal.removeEventListener('abort', onAbort);
      // Destroyed without an error: by an abort, or with the answer in hand.
      this.#fail(undefined);
    });
    request.on('timeout', () => {
      if (this.#stage === 'answer') request.destroy(stalled(ask));
    });
    request.end(ask.body);
  }

  #fail(error: unknown): void {
    this.#error ??= error;
    if (this.#stage !== 'transfer') this.#reject(this.#told(error));
  }

  #told(error: unknown): unknown {
    const { signal } = this.#ask;
    return signal.aborted ? signal.reason : translate(error, this.#stage);
  }

  #onResponse(request: ClientRequest, response: IncomingMessage): void {
    this.#stage = 'transfer';
    // The reader may be busy with its disk when the connection breaks; it is told when it reads on.
    response.on('error', () => undefined);
    request.on('timeout', () => {
      // Unread bytes mean that the disk is slow, not the server.
      if (response.readableLength > 0) request.setTimeout(this.#ask.idleTimeoutMs);
      else request.destroy(stalled(this.#ask));
    });
    const headers: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(response.headers)) {
      headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    this.#resolve({
      status: response.statusCode ?? 0,
      headers,
      framing: headers['transfer-encoding'] ? 'chunked' : headers['content-length'] ? 'length' : 'close',
      body: this.#body(response),
      close: () => void request.destroy(),
    });
  }

  async *#body(response: IncomingMessage): AsyncGenerator<Uint8Array> {
    try {
      for await (const bytes of response) yield bytes as Uint8Array;
    } catch (error) {
      throw this.#told(this.#error ?? error);
    }
    // Bytes beyond the end of the message break no stream, but they show that the server counts otherwise than it says.
    if (this.#error !== undefined) throw this.#told(this.#error);
  }
}

/** Handed on to `net.connect`, which Node's types of `request` do not show. */
interface SocketOptions {
  readonly autoSelectFamilyAttemptTimeout: number;
}

function tlsOptions(ask: Ask): https.RequestOptions & { readonly secureContext: SecureContext } {
  // Said aloud, so that no environment variable can switch the verification off.
  return { ...options(ask), secureContext: secureContext(ask), rejectUnauthorized: true };
}

function options(ask: Ask): http.RequestOptions & SocketOptions {
  const length = ask.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(ask.body)) };
  return {
    method: ask.method,
    headers: { 'user-agent': USER_AGENT, ...ask.headers, ...length, 'accept-encoding': 'identity' },
    agent: false,
    lookup: boundedLookup,
    autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
    insecureHTTPParser: false,
    maxHeaderSize: MOST_HEADER_BYTES,
  };
}

function secureContext(ask: Ask): SecureContext {
  const { ca, cert, key, passphrase } = ask.tls;
  try {
    return createSecureContext({ ca, cert, key, passphrase, minVersion: 'TLSv1.2' });
  } catch (error) {
    const message = `The certificate or key of this device cannot be used (${error}): check PEM text and passphrase.`;
    throw failure('tls-credentials', message, 'connect', error);
  }
}

const boundedLookup: LookupFunction = (hostname, options, callback) => {
  const timer = setTimeout(() => {
    settle(
      Object.assign(new Error(`no name server answered within ${LOOKUP_TIMEOUT_MS} ms`), { code: 'ENOTFOUND' }),
      [],
    );
  }, LOOKUP_TIMEOUT_MS);
  let settled = false;
  const settle: typeof callback = (...result) => {
    clearTimeout(timer);
    if (!settled) callback(...result);
    settled = true;
  };
  systemLookup(hostname, options, settle);
};

function stalled(ask: Ask): FotaError {
  return failure('stalled', `Nothing came for ${ask.idleTimeoutMs} ms.`, 'transfer');
}
