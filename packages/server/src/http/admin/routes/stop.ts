import { Type } from 'typebox';
import type { RolloutDesk } from '../../../usecases/rollout-desk.ts';
import { changes, reads } from '../access.ts';
import { stopSchema } from '../rollout-schemas.ts';
import { stopView } from '../rollout-views.ts';
import { type App, answers } from '../route.ts';
import { closed } from '../shape.ts';

/** The global stop. */
export function stopRoutes(app: App, desk: RolloutDesk): void {
  const tags = ['rollouts'];

  app.get(
    '/stop',
    {
      config: reads('viewer', 'own'),
      schema: { tags, summary: 'Say whether all upgrades are stopped', ...answers('The stop', stopSchema) },
    },
    async () => stopView(desk.stop()),
  );

  app.put(
    '/stop',
    {
      config: changes('operator', 'server', { action: 'stop.set', details: ['isOn', 'why'] }),
      schema: {
        tags,
        summary: 'Stop all upgrades of all projects at once, or let them go on',
        description: 'While it is on nobody is offered anything, and nobody resumes; what is being sent goes on.',
        body: Type.Object(
          {
            isOn: Type.Boolean(),
            why: Type.Optional(Type.String({ maxLength: 500, description: 'for people' })),
          },
          { ...closed, examples: [{ isOn: true, why: 'the release of noon drains batteries' }] },
        ),
        ...answers('The stop', stopSchema, ['disk-full', 'data-dir-unusable']),
      },
    },
    async ({ body: { isOn, why } }) => stopView(await desk.setStop(isOn, why)),
  );
}
