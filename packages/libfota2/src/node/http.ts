import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Answer, type Ask, type FailureCode, FotaError, failure, type Transport } from '../core.ts';
import { type Stage, translate } from './http-errors.ts';

/** Longer than any name server needs that answers at all; an unknown host is to be told within 5 seconds. */
const LOOKUP_TIMEOUT_MS = 4_500;
/** Milliseconds that one of several addresses of a host gets; Node's own 250 are too few for a cellular link. */
const ADDRESS_TIMEOUT_MS = 2_500;
const MOST_HEADER_BYTES = 16 * 1024;

/** HTTP/1.1 over `node:http` and `node:https`: one connection a request, certificates always verified. */
export const nodeTransport: Transport = { open };

/** Sends a request. Whatever ends it is told once: to the promise before the head, to the body's reader after. */
function open(ask: Ask): Promise<Answer> {
  const { signal, idleTimeoutMs } = ask;
  return new Promise((resolve, reject) => {
    let stage: Stage = 'connect';
    /** What broke the connection; the response itself would only say that it was aborted. */
    let broken: unknown;
    const told = (error: unknown): unknown => (signal.aborted ? signal.reason : translate(broken ?? error, stage));
    const fail = (error: unknown): void => {
      broken ??= error;
      reject(told(error));
    };
    let request: ClientRequest;
    try {
      request = start(ask);
    } catch (error) {
      fail(
        error instanceof FotaError
          ? error
          : failure('option-invalid', `This cannot be sent: ${error}.`, 'prepare', error),
      );
      return;
    }

    const giveUpAfter = (ms: number, code: FailureCode): NodeJS.Timeout =>
      setTimeout(() => request.destroy(failure(code, `No success within ${ms} ms.`, 'connect')), ms);
    const connecting = giveUpAfter(ask.connectTimeoutMs, 'connect-timeout');
    // An address needs no name server.
    const lookup = isIP(request.host) ? undefined : giveUpAfter(LOOKUP_TIMEOUT_MS, 'host-not-found');
    const onAbort = (): void => void request.destroy();
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    let response: IncomingMessage | undefined;
    request.on('socket', (socket) => {
      const isTls = request.protocol === 'https:';
      socket.once('lookup', () => clearTimeout(lookup));
      socket.once('connect', () => {
        stage = isTls ? 'handshake' : 'answer';
      });
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        stage = 'answer';
        clearTimeout(connecting);
        socket.setTimeout(idleTimeoutMs);
        ask.onConnected();
      });
      socket.on('timeout', () => {
        // Unread bytes mean that the disk is slow, not the server.
        if (response?.readableLength) socket.setTimeout(idleTimeoutMs);
        else request.destroy(failure('stalled', `Nothing came for ${idleTimeoutMs} ms.`, 'transfer'));
      });
    });
    request.on('error', fail);
    request.on('close', () => {
      clearTimeout(connecting);
      clearTimeout(lookup);
      signal.removeEventListener('abort', onAbort);
      // Destroyed without an error, by an abort: the promise still waits.
      reject(told(undefined));
    });
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      fail(failure('status-unexpected', `Status ${response.statusCode} was not asked for.`, 'answer'));
    });

    request.on('response', (incoming) => {
      response = incoming;
      stage = 'transfer';
      // The reader may be busy with its disk when the connection breaks; it is told when it reads on.
      response.on('error', () => undefined);
      // Only Set-Cookie comes as a list, and nobody asks for it.
      const headers = response.headers as Answer['headers'];
      resolve({
        status: response.statusCode ?? 0,
        headers,
        framing: headers['transfer-encoding'] ? 'chunked' : headers['content-length'] ? 'length' : 'close',
        body: read(incoming),
        close: onAbort,
      });
    });
    request.end(ask.body);

    async function* read(body: IncomingMessage): AsyncGenerator<Uint8Array> {
      try {
        for await (const bytes of body) yield bytes as Uint8Array;
      } catch (error) {
        // What had come before the break is good; Node only stops handing it out.
        for (let rest = body.read(); rest !== null && !signal.aborted; rest = body.read()) yield rest;
        throw told(error);
      }
      // Bytes beyond the end break no stream, but show that the server counts otherwise than it says. Whatever else
      // breaks after the end does not matter: the message is whole.
      if ((broken as NodeJS.ErrnoException)?.code?.startsWith('HPE_')) throw told(broken);
    }
  });
}

/** Handed on to `net.connect` and `tls.connect`, which Node's types of `request` do not show. */
interface SocketOptions {
  readonly autoSelectFamilyAttemptTimeout: number;
  readonly secureContext?: SecureContext;
}

function start(ask: Ask): ClientRequest {
  const length = ask.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(ask.body)) };
  const options: https.RequestOptions & SocketOptions = {
    method: ask.method,
    headers: { 'user-agent': 'libfota2', ...ask.headers, ...length, 'accept-encoding': 'identity' },
    agent: false,
    autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
    insecureHTTPParser: false,
    maxHeaderSize: MOST_HEADER_BYTES,
    // Said aloud, so that no environment variable can switch the verification off.
    rejectUnauthorized: true,
  };
  if (!/^https:/i.test(ask.url)) return http.request(ask.url, options);
  return https.request(ask.url, { ...options, secureContext: secureContext(ask) } as https.RequestOptions);
}

function secureContext(ask: Ask): SecureContext {
  try {
    return createSecureContext({ ...ask.tls, minVersion: 'TLSv1.2' });
  } catch (error) {
    throw failure(
      'tls-credentials',
      `This device's own certificate or key cannot be used: ${error}.`,
      'connect',
      error,
    );
  }
}
