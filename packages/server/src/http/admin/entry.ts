/** Who comes in, and whether they may go where they want: before anything else of a request is looked at. */
import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { FotaServerError } from '../../domain/errors.ts';
import { LOCAL, type Principal } from '../../domain/principal.ts';
import type { Audit } from '../../usecases/audit.ts';
import type { Sessions } from '../../usecases/sessions.ts';
import type { Tokens } from '../../usecases/tokens.ts';
import { checkEntry, checkTouched } from './access.ts';
import { noteRefusal } from './auditing.ts';
import { sessionSecret } from './cookie.ts';
import type { App } from './route.ts';

export interface EntryParts {
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly audit: Audit;
  /** Whether the connection came over the socket, which needs no token. */
  readonly isLocal: (socket: Socket) => boolean;
}

/** Gives what says who asks, as it is now, and throws where that one may not come in. */
export function addEntry(
  app: App,
  { tokens, sessions, audit, isLocal }: EntryParts,
): (request: FastifyRequest) => Principal {
  const identify = (request: FastifyRequest): Principal => {
    if (isLocal(request.raw.socket)) return LOCAL;
    const secret = sessionSecret(request);
    if (secret === undefined || request.headers.authorization !== undefined) return bearer(tokens, request);
    checkOrigin(request);
    return sessions.holder(secret).user;
  };

  app.decorateRequest('principal', undefined);
  app.decorateRequest('touched', undefined);

  app.addHook('onRequest', async (request) => {
    const { access } = request.routeOptions.config;
    if (access?.role === undefined) return;
    try {
      request.principal = identify(request);
      checkEntry(access, request.principal, request.params);
    } catch (error) {
      noteRefusal(audit, request, error);
      throw error;
    }
  });
  app.addHook('preHandler', async (request) => {
    const { principal, params, body } = request;
    const { access } = request.routeOptions.config;
    if (access === undefined || principal === undefined) return;
    try {
      request.touched = checkTouched(access, principal, params, body);
    } catch (error) {
      // For who sees all it is just not there.
      if (principal.projects !== 'all') noteRefusal(audit, request, error);
      throw error;
    }
  });
  return identify;
}

/**
 * A browser sends a cookie whoever made the page that asks; a header of one's own only where the page is of this origin, for
 * this server allows it to no other. @throws FotaServerError `session-header-missing`
 */
function checkOrigin({ method, headers }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD' || headers['x-requested-with'] !== undefined) return;
  throw new FotaServerError('session-header-missing', 'a change by a session takes the header X-Requested-With');
}

const BEARER = /^Bearer ([A-Za-z0-9_]{1,256})$/i;

/** @throws FotaServerError `token-missing`, `token-invalid`, `token-expired` */
function bearer(tokens: Tokens, { headers }: FastifyRequest): Principal {
  const { authorization } = headers;
  if (authorization === undefined)
    throw new FotaServerError('token-missing', 'the request has no Authorization header');
  return tokens.principal(BEARER.exec(authorization)?.[1] ?? '');
}
