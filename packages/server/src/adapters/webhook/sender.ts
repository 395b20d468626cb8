import { lookup } from 'node:dns';
import { type ClientRequest, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { FotaServerError } from '../../domain/errors.ts';
import type { Sending } from '../../domain/webhook.ts';
import type { Message, WebhookSender } from '../../ports/webhooks.ts';
import { kindOf } from './addresses.ts';

/** Milliseconds from the first step to the head of the answer. */
const DEADLINE_MS = 10_000;
const LONGEST_URL = 2_048;
/** Bytes of an answer's head. */
const LARGEST_HEAD = 16_384;
/** Bytes of an answer that are read, so that a receiver can finish it: nobody looks at them. */
const MOST_READ = 65_536;

/**
 * Sends over connections of their own, to addresses that were looked at before: a name that leads to another address the next
 * time leads nowhere. Redirects are not followed; certificates are checked.
 */
export function createSender(deadlineMs: number = DEADLINE_MS): WebhookSender {
  const underWay = new Set<ClientRequest>();

  const send = ({ url, isPrivate, headers, body }: Message): Promise<Sending> =>
    new Promise((resolve) => {
      let problem: string | undefined;
      const request = url.startsWith('https:') ? requestHttps : requestHttp;
      const asking = request(url, {
        method: 'POST',
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' },
        agent: false,
        lookup: lookingAt(url, isPrivate),
        maxHeaderSize: LARGEST_HEAD,
      });
      const deadline = setTimeout(() => {
        problem = `no answer within ${deadlineMs / 1_000} s`;
        asking.destroy();
      }, deadlineMs);
      underWay.add(asking);
      asking.once('response', (answer) => {
        let read = 0;
        answer.on('data', (piece: Buffer) => {
          read += piece.length;
          if (read > MOST_READ) asking.destroy();
        });
        answer.on('error', () => undefined);
        const { statusCode: status = 0 } = answer;
        const isRedirect = status >= 300 && status < 400;
        resolve({ status, problem: isRedirect ? `status ${status}: redirects are not followed` : undefined });
      });
      asking.on('error', (error) => {
        problem ??= error.message;
      });
      asking.once('close', () => {
        clearTimeout(deadline);
        underWay.delete(asking);
        resolve({ status: undefined, problem: problem ?? 'the connection was closed before an answer came' });
      });
      asking.end(body);
    });

  return {
    check,
    async send(message) {
      try {
        check(message.url, message.isPrivate);
        return await send(message);
      } catch (error) {
        return { status: undefined, problem: (error as Error).message };
      }
    },
    close() {
      for (const asking of underWay) asking.destroy(new Error('the server closes'));
    },
  };
}

/** @throws FotaServerError `webhook-url-invalid`, `webhook-address-refused` */
function check(url: string, isPrivate: boolean): void {
  const read = url.length <= LONGEST_URL && URL.canParse(url) ? new URL(url) : undefined;
  if (read === undefined) throw new FotaServerError('webhook-url-invalid', 'this is no URL that events can be sent to');
  const { protocol, username, password, hostname, hash } = read;
  if (protocol !== 'https:' && !(protocol === 'http:' && isPrivate)) {
    throw new FotaServerError('webhook-url-invalid', `events go over https, not ${protocol.slice(0, 32)}//`);
  }
  if (username !== '' || password !== '' || hash !== '') {
    throw new FotaServerError('webhook-url-invalid', 'the URL has a name, a password or a fragment in it');
  }
  // Node looks nothing up where there is no name.
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0) refuse(address, url, isPrivate);
}

/** @throws FotaServerError `webhook-address-refused` */
function refuse(address: string, url: string, isPrivate: boolean): void {
  const kind = kindOf(address);
  const isSecret = url.startsWith('https:');
  if ((kind === 'public' && isSecret) || (kind === 'private' && isPrivate)) return;
  const why = {
    public: 'in a public network, where events go over https only',
    private: 'in a private network, and the webhook is not private',
    never: 'where nothing is sent to',
  }[kind];
  throw new FotaServerError('webhook-address-refused', `${address} is ${why}`);
}

/** Resolves a name, and lets nobody connect where one of its addresses must not be sent to. */
function lookingAt(url: string, isPrivate: boolean): LookupFunction {
  return (name, options, done) => {
    lookup(name, options, (error, found, family) => {
      try {
        if (error === null) for (const { address } of [found].flat().map(asAddress)) refuse(address, url, isPrivate);
        done(error, found, family);
      } catch (refusal) {
        done(refusal as Error, []);
      }
    });
  };
}

function asAddress(found: string | { readonly address: string }): { readonly address: string } {
  return typeof found === 'string' ? { address: found } : found;
}
