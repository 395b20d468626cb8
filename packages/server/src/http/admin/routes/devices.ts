import { Type } from 'typebox';
import type { Operator } from '../../../usecases/operator.ts';
import { changes, reads, within } from '../access.ts';
import { deviceListingSchema, deviceSchema, explanationSchema, logEntrySchema } from '../device-schemas.ts';
import { type App, answers, empties, name, pageOf, pageQuery, pageRequest } from '../route.ts';
import { closed, oneOf } from '../shape.ts';
import { deviceView, explanationView, listingView, logEntryView, pageView } from '../views.ts';

const listingPage = pageOf('DeviceListingPage', deviceListingSchema);
const logPage = pageOf('LogEntryPage', logEntrySchema);
const project = name('name of the project');
const params = Type.Object({ project, device: name('id of the device: imei, mac or uid') }, closed);
const ACCESS = ['blocked', 'allowed', 'default'] as const;

export function deviceRoutes(app: App, operator: Operator): void {
  const tags = ['devices'];
  app.addSchema(listingPage);
  app.addSchema(logPage);

  app.get(
    '/devices',
    {
      config: reads('viewer', 'query'),
      schema: {
        tags,
        summary: 'List devices, one item a firmware, by project, id and firmware name',
        querystring: Type.Object(
          {
            project: Type.Optional(name('only of this project')),
            firmware: Type.Optional(name('only with this firmware')),
            access: Type.Optional(oneOf(ACCESS, 'only with this word of the operator')),
            id: Type.Optional(name('only ids that begin so')),
            ...pageQuery,
          },
          closed,
        ),
        ...answers('Devices', listingPage, ['cursor-invalid']),
      },
    },
    async (request) => {
      const { query } = request;
      const { project, firmware, access, id } = query;
      const filter = { project, within: within(request), firmwareName: firmware, access, idPrefix: id };
      return pageView(await operator.devices(filter, pageRequest(query)), listingView);
    },
  );

  app.get(
    '/projects/:project/devices/:device',
    {
      config: reads('viewer', 'path'),
      schema: {
        tags,
        summary: 'Show a device',
        params,
        ...answers('The device', deviceSchema, ['project-unknown', 'device-unknown']),
      },
    },
    async ({ params: { project, device } }) => deviceView(project, device, await operator.device(project, device)),
  );

  app.delete(
    '/projects/:project/devices/:device',
    {
      config: changes('operator', 'path', { action: 'device.forget', target: 'params.device' }),
      schema: {
        tags,
        summary: 'Forget a device',
        description: "Also the operator's word on it; the log stays. Where it asks again it is new.",
        params,
        ...empties('It is forgotten', ['project-unknown', 'device-unknown', 'disk-full', 'data-dir-unusable']),
      },
    },
    async ({ params: { project, device } }, reply) => {
      await operator.forgetDevice(project, device);
      return reply.code(204).send();
    },
  );

  app.put(
    '/projects/:project/devices/:device/access',
    {
      config: changes('operator', 'path', { action: 'device.access', target: 'params.device', details: ['access'] }),
      schema: {
        tags,
        summary: 'Block or allow a device, or take the word back',
        description:
          'Allowing also releases a device that is held for an upgrade loop. The device need not have asked yet.',
        params,
        body: Type.Object(
          { access: oneOf(ACCESS, 'default: as the project registers devices') },
          { ...closed, examples: [{ access: 'blocked' }] },
        ),
        ...answers('The device', deviceSchema, ['project-unknown', 'id-invalid', 'disk-full', 'data-dir-unusable']),
      },
    },
    async ({ params: { project, device }, body }) =>
      deviceView(project, device, await operator.setAccess(project, device, body.access)),
  );

  app.get(
    '/projects/:project/explain',
    {
      config: reads('viewer', 'path'),
      schema: {
        tags,
        summary: 'Say what a device would be answered now, and why',
        description: 'Touches nothing. What is left out is as the device told it last.',
        params: Type.Object({ project }, closed),
        querystring: Type.Object(
          {
            id: name('id of the device'),
            firmware: Type.Optional(name('as if it had asked for this firmware')),
            version: Type.Optional(name('as if it ran this version')),
          },
          closed,
        ),
        ...answers('The explanation', explanationSchema, ['project-unknown', 'question-incomplete']),
      },
    },
    async ({ params, query: { id, firmware, version } }) =>
      explanationView(operator.explain({ project: params.project, id, firmwareName: firmware, version })),
  );

  app.get(
    '/log',
    {
      config: reads('viewer', 'query'),
      schema: {
        tags: ['log'],
        summary: 'Show the upgrade log, the newest first',
        querystring: Type.Object(
          {
            project: Type.Optional(name('only of this project')),
            firmware: Type.Optional(name('only of this firmware')),
            device: Type.Optional(name('only of the device with this id')),
            event: Type.Optional(
              oneOf(
                [
                  'offered',
                  'resumed',
                  'sent',
                  'broken',
                  'held',
                  'checked',
                  'reported',
                  'refused',
                  'confirmed',
                  'failed',
                  'rolled-back',
                  'silent',
                  'unreadable',
                ],
                'only such events',
              ),
            ),
            after: Type.Optional(
              Type.Integer({
                minimum: 0,
                maximum: Number.MAX_SAFE_INTEGER,
                description: 'only entries after the one with this id',
              }),
            ),
            ...pageQuery,
          },
          closed,
        ),
        ...answers('Entries', logPage, ['cursor-invalid']),
      },
    },
    async (request) => {
      const { query } = request;
      const { project, firmware, device, event, after } = query;
      const filter = { project, within: within(request), firmwareName: firmware, deviceId: device, event, after };
      return pageView(await operator.log(filter, pageRequest(query)), logEntryView);
    },
  );
}
