import { isDeepStrictEqual } from 'node:util';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { unknownProject } from '../../../domain/catalogue.ts';
import { eventTypes } from '../../../domain/event.ts';
import { type Principal, sees } from '../../../domain/principal.ts';
import type { Events } from '../../../usecases/events.ts';
import type { Operator } from '../../../usecases/operator.ts';
import { principalOf, reads, within } from '../access.ts';
import { eventSchema } from '../event-schemas.ts';
import { type App, name, pageOf, pageQuery, pageRequest } from '../route.ts';
import { closed, oneOf, ref } from '../shape.ts';
import type { Streaming } from '../streaming.ts';
import { eventView, pageView } from '../views.ts';

const page = pageOf('EventPage', eventSchema);
const place = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description }));

/** `identify`: who asks, as it is now. @throws FotaServerError where that one may not come in any more */
export function eventRoutes(
  app: App,
  operator: Operator,
  events: Events,
  { streaming, identify }: { readonly streaming: Streaming; readonly identify: (request: FastifyRequest) => Principal },
): void {
  app.addSchema(page);

  app.get(
    '/events',
    {
      // A HEAD would wait for events.
      exposeHeadRoute: false,
      config: reads('viewer', 'query'),
      schema: {
        tags: ['events'],
        summary: 'Tell what happens, as it happens',
        description: `Server-sent events: each with its number as \`id\`, its type as \`event\` and an Event as \`data\`. Begins with what happens from now on, or behind \`Last-Event-ID\` or \`after\`; where events behind that are not kept any more, an event of the type \`reset\` says so, and the oldest that is kept follows. A comment comes at least every 15 s. With \`Accept: application/json\` a page of what has happened, the newest first.`,
        headers: Type.Object({
          'last-event-id': place('number of the last event that was seen; weighs more than after'),
        }),
        querystring: Type.Object(
          {
            project: Type.Optional(
              Type.Array(name('name of a project'), {
                maxItems: 100,
                description: 'only of these projects, and what is about the whole server',
              }),
            ),
            type: Type.Optional(
              Type.Array(oneOf(eventTypes(), 'a type, or a family of types such as rollout'), {
                maxItems: 100,
                description: 'only of these types or families of types',
              }),
            ),
            after: place('only events after the one with this number; 0: all that are kept'),
            ...pageQuery,
          },
          closed,
        ),
        response: {
          200: {
            description: 'Events',
            content: {
              'text/event-stream': { schema: Type.String({ description: 'goes on until the client leaves' }) },
              'application/json': { schema: ref(page) },
            },
          },
        },
        problems: ['cursor-invalid', 'project-unknown', 'listeners-full'],
      },
    },
    async (request, reply) => {
      const { query, headers } = request;
      const { project: projects, type: types, after } = query;
      for (const project of projects ?? []) {
        if (!sees(principalOf(request), operator.project(project).name)) throw unknownProject(project);
      }
      const filter = { projects, types, within: within(request) };
      if (/\bapplication\/json\b/.test(headers.accept ?? '')) {
        return pageView(await events.page(filter, pageRequest(query), after), eventView);
      }
      const begin = headers['last-event-id'] ?? after ?? events.newest();
      const mayStay = (): boolean => {
        try {
          return isDeepStrictEqual(identify(request), request.principal);
        } catch {
          return false;
        }
      };
      const served = streaming.serve(reply.raw, { after: begin, filter, mayStay });
      // What it refuses is answered as any problem; afterwards the answer is its own.
      if (reply.raw.headersSent) reply.hijack();
      await served;
      return reply;
    },
  );
}
