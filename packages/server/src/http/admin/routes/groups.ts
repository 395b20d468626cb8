import { MAX_QUERY_LENGTH } from '@libfota2/protocol';
import { Type } from 'typebox';
import type { Groups } from '../../../usecases/groups.ts';
import { changes, reads } from '../access.ts';
import { groupSchema } from '../device-schemas.ts';
import { type App, answers, empties, makes, name, pageOf } from '../route.ts';
import { closed } from '../shape.ts';
import { groupView } from '../views.ts';

const page = pageOf('GroupPage', groupSchema);
const project = name('name of the project');
const params = Type.Object({ project, group: name('name of the group') }, closed);
const query = Type.String({ maxLength: MAX_QUERY_LENGTH, description: 'who is in it, as docs/queries.md has it' });
const note = Type.Optional(Type.String({ maxLength: 10_000, description: 'for people; empty: none' }));
const WRONG = ['project-unknown', 'query-invalid', 'note-invalid', 'disk-full', 'data-dir-unusable'] as const;

export function groupRoutes(app: App, groups: Groups): void {
  const tags = ['groups'];
  app.addSchema(page);

  app.get(
    '/projects/:project/groups',
    {
      config: reads('viewer', 'path'),
      schema: {
        tags,
        summary: 'List the groups of a project, by name',
        params: Type.Object({ project }, closed),
        ...answers('Groups', page, ['project-unknown']),
      },
    },
    async ({ params }) => ({ items: groups.list(params.project).map(groupView) }),
  );

  app.post(
    '/projects/:project/groups',
    {
      config: changes('operator', 'path', { action: 'group.create', target: 'body.name', details: ['query'] }),
      schema: {
        tags,
        summary: 'Give a query a name',
        params: Type.Object({ project }, closed),
        body: Type.Object(
          { name: Type.String({ maxLength: 256, description: '1 to 64 printable characters' }), query, note },
          { ...closed, examples: [{ name: 'testers', query: 'label:beta and seen > 7d ago' }] },
        ),
        ...makes('The group', groupSchema, ['name-invalid', 'group-exists', 'groups-full', ...WRONG]),
      },
    },
    async ({ params, body }, reply) => {
      reply.code(201);
      return groupView(await groups.create({ ...body, project: params.project }));
    },
  );

  app.get(
    '/projects/:project/groups/:group',
    {
      config: reads('viewer', 'path'),
      schema: {
        tags,
        summary: 'Show a group',
        params,
        ...answers('The group', groupSchema, ['project-unknown', 'group-unknown']),
      },
    },
    async ({ params: { project, group } }) => groupView(groups.group(project, group)),
  );

  app.patch(
    '/projects/:project/groups/:group',
    {
      config: changes('operator', 'path', { action: 'group.change', target: 'params.group', details: ['query'] }),
      schema: {
        tags,
        summary: 'Change the query or the note of a group',
        params,
        body: Type.Object(
          { query: Type.Optional(query), note },
          { ...closed, examples: [{ query: 'label:beta', note: 'those who asked for it' }] },
        ),
        ...answers('The group', groupSchema, ['group-unknown', ...WRONG]),
      },
    },
    async ({ params: { project, group }, body }) => groupView(await groups.change(project, group, body)),
  );

  app.delete(
    '/projects/:project/groups/:group',
    {
      config: changes('operator', 'path', { action: 'group.remove', target: 'params.group' }),
      schema: {
        tags,
        summary: 'Remove a group that nothing needs; its devices stay',
        params,
        ...empties('It is gone', [
          'project-unknown',
          'group-unknown',
          'group-in-use',
          'disk-full',
          'data-dir-unusable',
        ]),
      },
    },
    async ({ params: { project, group } }, reply) => {
      await groups.remove(project, group);
      return reply.code(204).send();
    },
  );
}
