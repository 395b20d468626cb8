import { Type } from 'typebox';
import { MOST_LABELS } from '../../../domain/profile.ts';
import type { Operator } from '../../../usecases/operator.ts';
import { changes } from '../access.ts';
import { deviceSchema } from '../device-schemas.ts';
import { type App, answers, name } from '../route.ts';
import { closed } from '../shape.ts';
import { deviceView } from '../views.ts';

const params = Type.Object(
  { project: name('name of the project'), device: name('id of the device: imei, mac or uid') },
  closed,
);

function labels(description: string): Type.TOptional<Type.TArray<Type.TString>> {
  return Type.Optional(Type.Array(Type.String({ maxLength: 256 }), { maxItems: MOST_LABELS, description }));
}

const change = {
  labels: labels('instead of those that it has'),
  addLabels: labels('words without blanks, commas and quotes'),
  removeLabels: labels('it need not have them'),
  note: Type.Optional(Type.String({ maxLength: 10_000, description: 'for people; empty: none' })),
  pin: Type.Optional(
    Type.Union(
      [
        Type.Object(
          {
            version: Type.String({ maxLength: 256, description: 'as the release is called, or on the wire' }),
            mayDowngrade: Type.Boolean({ description: 'also where the device runs a higher one' }),
          },
          closed,
        ),
        Type.Null(),
      ],
      { description: 'the only version that it may get; null: as releases come' },
    ),
  ),
};

export function profileRoutes(app: App, operator: Operator): void {
  app.patch(
    '/projects/:project/devices/:device',
    {
      config: changes('operator', 'path', { action: 'device.profile', target: 'params.device' }),
      schema: {
        tags: ['devices'],
        summary: 'Label a device, note something about it, pin it to a version',
        description: 'What is left out stays as it was. The device need not have asked yet.',
        params,
        body: Type.Object(change, { ...closed, examples: [{ addLabels: ['beta'], note: 'on the roof' }] }),
        ...answers('The device', deviceSchema, [
          'project-unknown',
          'id-invalid',
          'label-invalid',
          'labels-too-many',
          'note-invalid',
          'version-invalid',
          'disk-full',
          'data-dir-unusable',
        ]),
      },
    },
    async ({ params: { project, device }, body }) =>
      deviceView(project, device, await operator.changeProfile(project, device, body)),
  );
}
