import { Type } from 'typebox';
import type { Tokens } from '../../../usecases/tokens.ts';
import { type App, answers, empties, makes, name, pageOf } from '../route.ts';
import { newTokenSchema, tokenSchema } from '../schemas.ts';
import { closed } from '../shape.ts';
import { tokenView } from '../views.ts';

const page = pageOf('TokenPage', tokenSchema);

export function tokenRoutes(app: App, tokens: Tokens): void {
  const tags = ['tokens'];
  app.addSchema(page);

  app.get(
    '/tokens',
    {
      schema: {
        tags,
        summary: 'List the tokens that are valid, without their secrets',
        ...answers('Tokens', page),
      },
    },
    async () => ({ items: tokens.list().map(tokenView) }),
  );

  app.post(
    '/tokens',
    {
      schema: {
        tags,
        summary: 'Make a token; it is shown this once',
        body: Type.Object(
          { name: Type.String({ maxLength: 256, description: 'who it is for: 1 to 64 printable characters' }) },
          { ...closed, examples: [{ name: 'ci' }] },
        ),
        ...makes('The token', newTokenSchema, ['name-invalid', 'disk-full', 'data-dir-unusable']),
      },
    },
    async ({ body }, reply) => {
      const made = await tokens.create(body.name);
      reply.code(201);
      return { ...tokenView(made), token: made.token };
    },
  );

  app.delete(
    '/tokens/:token',
    {
      schema: {
        tags,
        summary: 'Let nobody in with a token any more',
        params: Type.Object({ token: name('id of the token, not its secret') }, closed),
        ...empties('It is revoked', ['token-unknown', 'disk-full', 'data-dir-unusable']),
      },
    },
    async ({ params }, reply) => {
      await tokens.revoke(params.token);
      return reply.code(204).send();
    },
  );
}
