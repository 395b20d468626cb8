import { Type } from 'typebox';
import type { Operator } from '../../../usecases/operator.ts';
import type { VersionCounts } from '../../../usecases/version-counts.ts';
import { reads } from '../access.ts';
import { type App, answers, name } from '../route.ts';
import { closed, time } from '../shape.ts';
import { versionHistorySchema } from '../version-schemas.ts';
import { iso } from '../views.ts';

const MONTH_MS = 30 * 24 * 3_600_000;
const MOST_HOURS = 400 * 24;

export function versionRoutes(app: App, operator: Operator, versions: Pick<VersionCounts, 'history'>): void {
  app.get(
    '/projects/:project/versions',
    {
      config: reads('viewer', 'path'),
      schema: {
        tags: ['devices'],
        summary: 'Tell how many devices ran which version, hour by hour',
        description: 'Counted at the beginning of each hour, and kept for 400 days.',
        params: Type.Object({ project: name('name of the project') }, closed),
        querystring: Type.Object(
          {
            firmware: Type.Optional(name('only of this firmware')),
            from: Type.Optional(time('default: 30 days before the end')),
            to: Type.Optional(time('default: now')),
            step: Type.Optional(
              Type.Integer({
                minimum: 1,
                maximum: MOST_HOURS,
                description:
                  'tell only of every so many hours; default: so many that about 200 are told; more than about 1000 never are',
              }),
            ),
          },
          closed,
        ),
        ...answers('The counts', versionHistorySchema, ['project-unknown']),
      },
    },
    async ({ params, query }) => {
      const { name: project } = operator.project(params.project);
      const to = query.to === undefined ? Date.now() : Date.parse(query.to);
      const from = query.from === undefined ? to - MONTH_MS : Date.parse(query.from);
      const { firmware: firmwareName, step: stepHours } = query;
      const { hours, ...rest } = await versions.history({ project, firmwareName, from, to, stepHours });
      return { ...rest, hours: hours.map(iso) };
    },
  );
}
