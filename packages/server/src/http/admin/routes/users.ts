import { Type } from 'typebox';
import { ROLES } from '../../../domain/principal.ts';
import type { Users } from '../../../usecases/users.ts';
import { changes, reads } from '../access.ts';
import { userSchema } from '../account-schemas.ts';
import { type App, answers, empties, makes, name, pageOf } from '../route.ts';
import { closed, oneOf, projects } from '../shape.ts';
import { userView } from '../views.ts';

const page = pageOf('UserPage', userSchema);
const DISK = ['disk-full', 'data-dir-unusable'] as const;
const params = Type.Object({ user: name('name of the user') }, closed);
const role = oneOf([...ROLES], 'what they may do; each may do what those before it may');
const where = Type.Optional(projects('where they may do that; default: all'));
const password = Type.String({ maxLength: 1_024, description: '10 to 256 characters' });

export function userRoutes(app: App, users: Users): void {
  const tags = ['users'];
  app.addSchema(userSchema);
  app.addSchema(page);

  app.get(
    '/users',
    {
      config: reads('admin', 'server'),
      schema: { tags, summary: 'List users, in the order of their making', ...answers('Users', page) },
    },
    async () => ({ items: users.list().map(userView) }),
  );

  app.post(
    '/users',
    {
      config: changes('admin', 'server', {
        action: 'user.create',
        target: 'body.name',
        made: 'id',
        details: ['role', 'projects'],
      }),
      schema: {
        tags,
        summary: 'Make a user',
        body: Type.Object(
          {
            name: Type.String({ maxLength: 256, description: '1 to 64 printable characters' }),
            password,
            role,
            projects: where,
          },
          { ...closed, examples: [{ name: 'ada', password: 'a long sentence', role: 'operator' }] },
        ),
        ...makes('The user', userSchema, [
          'name-invalid',
          'password-weak',
          'grant-invalid',
          'project-unknown',
          'user-exists',
          ...DISK,
        ]),
      },
    },
    async ({ body: { projects = 'all', ...wanted } }, reply) => {
      reply.code(201);
      return userView(await users.add({ ...wanted, projects }));
    },
  );

  app.get(
    '/users/:user',
    {
      config: reads('admin', 'server'),
      schema: { tags, summary: 'Show a user', params, ...answers('The user', userSchema, ['user-unknown']) },
    },
    async ({ params }) => userView(users.user(params.user)),
  );

  app.patch(
    '/users/:user',
    {
      config: changes('admin', 'server', {
        action: 'user.set',
        target: 'params.user',
        details: ['role', 'projects', 'isDisabled'],
      }),
      schema: {
        tags,
        summary: 'Change what a user may do; ends their sessions',
        params,
        body: Type.Object(
          {
            role: Type.Optional(role),
            projects: where,
            isDisabled: Type.Optional(Type.Boolean({ description: 'true: they cannot come in' })),
          },
          { ...closed, examples: [{ role: 'viewer' }] },
        ),
        ...answers('The user', userSchema, ['user-unknown', 'grant-invalid', 'project-unknown', ...DISK]),
      },
    },
    async ({ params, body }) => userView(await users.change(params.user, body)),
  );

  app.put(
    '/users/:user/password',
    {
      config: changes('admin', 'server', { action: 'user.password', target: 'params.user' }),
      schema: {
        tags,
        summary: 'Set another password of a user; ends their sessions',
        params,
        body: Type.Object({ password }, { ...closed, examples: [{ password: 'another sentence' }] }),
        ...answers('The user', userSchema, ['user-unknown', 'password-weak', ...DISK]),
      },
    },
    async ({ params, body }) => userView(await users.setPassword(params.user, body.password)),
  );

  app.delete(
    '/users/:user',
    {
      config: changes('admin', 'server', { action: 'user.remove', target: 'params.user' }),
      schema: {
        tags,
        summary: 'Remove a user, and end their sessions',
        params,
        ...empties('They are removed', ['user-unknown', ...DISK]),
      },
    },
    async ({ params }, reply) => {
      await users.remove(params.user);
      return reply.code(204).send();
    },
  );
}
