import { Type } from 'typebox';
import { FotaServerError } from '../../../domain/errors.ts';
import type { Audit } from '../../../usecases/audit.ts';
import type { Sessions } from '../../../usecases/sessions.ts';
import type { Users } from '../../../usecases/users.ts';
import { changes, open, principalOf, reads } from '../access.ts';
import { meSchema } from '../account-schemas.ts';
import { begin, noteRefusal } from '../auditing.ts';
import { sessionSecret, setSession } from '../cookie.ts';
import { type App, answers, empties, makes } from '../route.ts';
import { closed } from '../shape.ts';
import { meView } from '../views.ts';

const DISK = ['disk-full', 'data-dir-unusable'] as const;
const password = (description: string): Type.TString => Type.String({ maxLength: 1_024, description });

export function sessionRoutes(
  app: App,
  { users, sessions, audit }: { readonly users: Users; readonly sessions: Sessions; readonly audit: Audit },
): void {
  const tags = ['me'];
  app.addSchema(meSchema);

  const nameOf = (given: string): string | undefined => {
    try {
      return users.user(given).name;
    } catch {
      return undefined;
    }
  };

  app.get(
    '/me',
    {
      config: reads('viewer', 'own'),
      schema: { tags, summary: 'Say who one is, and what one may do', ...answers('Who asks', meSchema) },
    },
    async (request) => {
      const secret = sessionSecret(request);
      const me = principalOf(request);
      return meView(me, me.kind === 'user' && secret !== undefined ? sessions.holder(secret).expiresAt : undefined);
    },
  );

  app.post(
    '/session',
    {
      config: open({ action: 'session.begin' }),
      schema: {
        tags,
        summary: 'Log in with a name and a password',
        description:
          'The answer sets a cookie, which lets in from then on; for changes it takes the header X-Requested-With besides, with any value. It ends after 12 hours, after 2 hours without use, and when the role, the projects or the password of the user change.',
        security: [],
        body: Type.Object(
          { name: Type.String({ maxLength: 256, description: 'of the user' }), password: password('theirs') },
          { ...closed, examples: [{ name: 'ada', password: '…' }] },
        ),
        ...makes('Who one is now', meSchema, ['login-failed', 'logins-limited', ...DISK]),
      },
    },
    async (request, reply) => {
      const { name, password } = request.body;
      const { user, begin: beginSession } = await sessions
        .logIn(name, password, request.ip || undefined)
        .catch((error: unknown) => {
          // Only the name of a user: people type their password there, too.
          noteRefusal(audit, request, error, nameOf(name));
          throw error;
        });
      request.principal = user;
      await begin(audit, request);
      const { secret, expiresAt, lifeMs } = await beginSession();
      setSession(reply, secret, lifeMs / 1_000);
      reply.code(201);
      return meView(user, expiresAt);
    },
  );

  app.delete(
    '/session',
    {
      config: changes('viewer', 'own', { action: 'session.end' }),
      schema: { tags, summary: 'Log out', ...empties('The session has ended', ['session-missing', ...DISK]) },
    },
    async (request, reply) => {
      const secret = sessionSecret(request);
      if (principalOf(request).kind !== 'user' || secret === undefined) throw notAUser('session');
      await sessions.end(secret);
      setSession(reply, '', 0);
      return reply.code(204).send();
    },
  );

  app.put(
    '/me/password',
    {
      config: changes('viewer', 'own', { action: 'user.password' }),
      schema: {
        tags,
        summary: 'Set another password of one’s own',
        description: 'Ends every session of the user, this one too.',
        body: Type.Object(
          { current: password('the one that it is now'), next: password('the one that it is to be') },
          { ...closed, examples: [{ current: '…', next: '…' }] },
        ),
        ...empties('It is set', ['session-missing', 'login-failed', 'logins-limited', 'password-weak', ...DISK]),
      },
    },
    async (request, reply) => {
      const { kind, name } = principalOf(request);
      if (kind !== 'user') throw notAUser('password');
      await sessions.logIn(name, request.body.current, request.ip || undefined);
      await users.setPassword(name, request.body.next);
      setSession(reply, '', 0);
      return reply.code(204).send();
    },
  );
}

function notAUser(what: string): FotaServerError {
  return new FotaServerError('session-missing', `only a user who has logged in has a ${what}`);
}
