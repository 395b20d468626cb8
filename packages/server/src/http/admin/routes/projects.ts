import { Type } from 'typebox';
import type { Operator } from '../../../usecases/operator.ts';
import { changes, reads, visible } from '../access.ts';
import { paged } from '../paging.ts';
import { type App, answers, makes, name, pageOf, pageQuery, pageRequest } from '../route.ts';
import { projectSchema } from '../schemas.ts';
import { closed, oneOf } from '../shape.ts';
import { pageView, projectView } from '../views.ts';

const page = pageOf('ProjectPage', projectSchema);
const params = Type.Object({ project: name('name of the project') }, closed);
const key = Type.Optional(Type.String({ maxLength: 256, description: '32 letters and digits; default: one is made' }));
const registration = Type.Optional(oneOf(['open', 'closed'], 'whether devices that nobody has allowed are registered'));
const refusals = Type.Optional(oneOf(['json', 'empty'], 'what refusals carry; empty: for devices that would keep it'));
const DISK = ['disk-full', 'data-dir-unusable'] as const;

export function projectRoutes(app: App, operator: Operator): void {
  const tags = ['projects'];
  app.addSchema(page);

  app.get(
    '/projects',
    {
      config: reads('viewer', 'query'),
      schema: {
        tags,
        summary: 'List projects, in the order of their making',
        querystring: Type.Object(pageQuery, closed),
        ...answers('Projects', page, ['cursor-invalid']),
      },
    },
    async (request) => {
      const mayShow = visible(request);
      const all = operator.projects().map((project, rank) => ({ project, rank }));
      const shown = all.filter(({ project }) => mayShow({ project: project.name }));
      const page = paged(shown, ({ rank }) => rank, pageRequest(request.query));
      return pageView(page, ({ project }) => projectView(project));
    },
  );

  app.post(
    '/projects',
    {
      config: changes('admin', 'server', {
        action: 'project.create',
        target: 'body.name',
        details: ['registration', 'refusals'],
      }),
      schema: {
        tags,
        summary: 'Make a project',
        body: Type.Object(
          {
            name: Type.String({ maxLength: 256, description: '1 to 64 printable characters' }),
            key,
            registration,
            refusals,
          },
          { ...closed, examples: [{ name: 'station' }] },
        ),
        ...makes('The project', projectSchema, ['name-invalid', 'key-invalid', 'project-exists', ...DISK]),
      },
    },
    async ({ body }, reply) => {
      reply.code(201);
      return projectView(await operator.createProject(body));
    },
  );

  app.get(
    '/projects/:project',
    {
      config: reads('viewer', 'path'),
      schema: {
        tags,
        summary: 'Show a project',
        params,
        ...answers('The project', projectSchema, ['project-unknown']),
      },
    },
    async ({ params }) => projectView(operator.project(params.project)),
  );

  app.patch(
    '/projects/:project',
    {
      config: changes('admin', 'path', { action: 'project.set', details: ['registration', 'refusals'] }),
      schema: {
        tags,
        summary: 'Change what may change of a project',
        params,
        body: Type.Object({ registration, refusals }, { ...closed, examples: [{ registration: 'closed' }] }),
        ...answers('The project', projectSchema, ['project-unknown', ...DISK]),
      },
    },
    async ({ params, body }) => projectView(await operator.updateProject(params.project, body)),
  );

  app.post(
    '/projects/:project/keys',
    {
      config: changes('admin', 'path', { action: 'key.rotate' }),
      // Nothing has to be said.
      preValidation: async (request) => {
        request.body ??= {};
      },
      schema: {
        tags,
        summary: 'Give a project a new key; devices may go on with the former ones',
        params,
        body: Type.Object({ key }, { ...closed, examples: [{}] }),
        ...makes('The project', projectSchema, ['project-unknown', 'key-invalid', 'project-exists', ...DISK]),
      },
    },
    async ({ params, body }, reply) => {
      reply.code(201);
      return projectView(await operator.rotateKey(params.project, body.key));
    },
  );

  app.delete(
    '/projects/:project/keys/:key',
    {
      config: changes('admin', 'path', { action: 'key.revoke' }),
      schema: {
        tags,
        summary: 'Take a former key away from the devices that still send it',
        params: Type.Object({ project: name('name of the project'), key: name('the former key') }, closed),
        ...answers('The project', projectSchema, ['project-unknown', 'key-unknown', ...DISK]),
      },
    },
    async ({ params }) => projectView(await operator.revokeKey(params.project, params.key)),
  );
}
