import { Type } from 'typebox';
import { ROLES } from '../../../domain/principal.ts';
import type { Tokens } from '../../../usecases/tokens.ts';
import { changes, reads } from '../access.ts';
import { type App, answers, empties, makes, name, pageOf } from '../route.ts';
import { newTokenSchema, tokenSchema } from '../schemas.ts';
import { closed, oneOf, projects, time } from '../shape.ts';
import { tokenView } from '../views.ts';

const page = pageOf('TokenPage', tokenSchema);
const DISK = ['disk-full', 'data-dir-unusable'] as const;

export function tokenRoutes(app: App, tokens: Tokens): void {
  const tags = ['tokens'];
  app.addSchema(page);

  app.get(
    '/tokens',
    {
      config: reads('admin', 'server'),
      schema: {
        tags,
        summary: 'List the tokens that are not revoked, without their secrets',
        ...answers('Tokens', page),
      },
    },
    async () => ({ items: tokens.list().map(tokenView) }),
  );

  app.post(
    '/tokens',
    {
      config: changes('admin', 'server', {
        action: 'token.create',
        target: 'body.name',
        made: 'id',
        details: ['role', 'projects', 'expiresAt'],
      }),
      schema: {
        tags,
        summary: 'Make a token; it is shown this once',
        body: Type.Object(
          {
            name: Type.String({ maxLength: 256, description: 'who it is for: 1 to 64 printable characters' }),
            role: oneOf([...ROLES], 'what it may do; each may do what those before it may'),
            projects: Type.Optional(projects('where it may do that; default: all')),
            expiresAt: Type.Optional(time('when it ends; default: never')),
          },
          { ...closed, examples: [{ name: 'ci', role: 'publisher', projects: ['station'] }] },
        ),
        ...makes('The token', newTokenSchema, [
          'name-invalid',
          'grant-invalid',
          'expiry-invalid',
          'project-unknown',
          ...DISK,
        ]),
      },
    },
    async ({ body: { name, role, projects = 'all', expiresAt } }, reply) => {
      const ends = expiresAt === undefined ? undefined : Date.parse(expiresAt);
      const made = await tokens.create({ name, role, projects, expiresAt: ends });
      reply.code(201);
      return { ...tokenView(made), token: made.token };
    },
  );

  app.delete(
    '/tokens/:token',
    {
      config: changes('admin', 'server', { action: 'token.revoke', target: 'params.token' }),
      schema: {
        tags,
        summary: 'Let nobody in with a token any more',
        params: Type.Object({ token: name('id of the token, not its secret') }, closed),
        ...empties('It is revoked', ['token-unknown', ...DISK]),
      },
    },
    async ({ params }, reply) => {
      await tokens.revoke(params.token);
      return reply.code(204).send();
    },
  );
}
