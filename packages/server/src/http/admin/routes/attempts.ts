import { Type } from 'typebox';
import { STANDINGS } from '../../../domain/attempt.ts';
import type { RolloutDesk } from '../../../usecases/rollout-desk.ts';
import { reads, within } from '../access.ts';
import { attemptSchema } from '../rollout-schemas.ts';
import { attemptView } from '../rollout-views.ts';
import { type App, answers, name, pageOf, pageQuery, pageRequest } from '../route.ts';
import { closed, oneOf } from '../shape.ts';
import { pageView } from '../views.ts';
import { rolloutResource } from './rollouts.ts';

const page = pageOf('AttemptPage', attemptSchema);
const id = (description: string) => Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description });
const which = {
  standing: Type.Optional(oneOf(STANDINGS, 'only those that stand so')),
  device: Type.Optional(name('only of the device with this id')),
};

/** What devices have made of releases. */
export function attemptRoutes(app: App, desk: RolloutDesk): void {
  const tags = ['rollouts'];
  app.addSchema(page);

  app.get(
    '/attempts',
    {
      config: reads('viewer', 'query'),
      schema: {
        tags,
        summary: 'List how far devices have come with releases, by project, device and release',
        querystring: Type.Object(
          {
            project: Type.Optional(name('only of this project')),
            rollout: Type.Optional(id('only by this rollout')),
            release: Type.Optional(id('only with this release')),
            ...which,
            ...pageQuery,
          },
          closed,
        ),
        ...answers('Attempts', page, ['cursor-invalid']),
      },
    },
    async (request) => {
      const { project, rollout, release, standing, device } = request.query;
      const filter = { project, within: within(request), rollout, release, standing, deviceId: device };
      return pageView(await desk.attempts(filter, pageRequest(request.query)), attemptView);
    },
  );

  app.get(
    '/rollouts/:rollout/attempts',
    {
      config: reads('viewer', rolloutResource(desk)),
      schema: {
        tags,
        summary: 'List how far the devices of a rollout have come',
        params: Type.Object({ rollout: id('id of the rollout') }, closed),
        querystring: Type.Object({ ...which, ...pageQuery }, closed),
        ...answers('Attempts', page, ['rollout-unknown', 'cursor-invalid']),
      },
    },
    async ({ params: { rollout }, query }) => {
      const { standing, device } = query;
      const any = { project: undefined, within: undefined, release: undefined };
      const filter = { ...any, rollout, standing, deviceId: device };
      return pageView(await desk.attempts(filter, pageRequest(query)), attemptView);
    },
  );
}
