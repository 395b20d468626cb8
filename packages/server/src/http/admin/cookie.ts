/** The cookie that holds a session: read by no script, and sent by no page of another site. */
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Over TLS the prefix makes browsers hold it to this host, to TLS and to the whole of it: no neighbour, and nobody on the
 * path, can put one of theirs in its place.
 */
function nameFor({ protocol }: FastifyRequest): string {
  return protocol === 'https' ? '__Host-fota_session' : 'fota_session';
}

/** The secret of the session that a request shows; `undefined` where it shows none. */
export function sessionSecret(request: FastifyRequest): string | undefined {
  const begin = `${nameFor(request)}=`;
  const found = request.headers.cookie?.split(/; */).find((part) => part.startsWith(begin));
  return found?.slice(begin.length).slice(0, 64);
}

/** Gives a session to the browser, to be shown until it ends. `maxAgeS`: 0 takes it away. */
export function setSession(reply: FastifyReply, secret: string, maxAgeS: number): void {
  const { request } = reply;
  const secure = request.protocol === 'https' ? '; Secure' : '';
  const cookie = `${nameFor(request)}=${secret}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${secure}`;
  reply.header('Set-Cookie', cookie);
}
