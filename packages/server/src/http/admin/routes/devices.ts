import { MAX_QUERY_LENGTH } from '@libfota2/protocol';
import { type Static, Type } from 'typebox';
import type { DeviceQueries, DeviceQuery } from '../../../usecases/device-queries.ts';
import type { Operator } from '../../../usecases/operator.ts';
import { changes, reads, within } from '../access.ts';
import {
  countSchema,
  deviceListingSchema,
  deviceSchema,
  explanationSchema,
  LOG_EVENTS,
  logEntrySchema,
} from '../device-schemas.ts';
import { type App, answers, empties, name, pageOf, pageQuery, pageRequest } from '../route.ts';
import { closed, oneOf } from '../shape.ts';
import { deviceView, explanationView, listingView, logEntryView, pageView } from '../views.ts';

const listingPage = pageOf('DeviceListingPage', deviceListingSchema);
const logPage = pageOf('LogEntryPage', logEntrySchema);
const project = name('name of the project');
const params = Type.Object({ project, device: name('id of the device: imei, mac or uid') }, closed);
const ACCESS = ['blocked', 'allowed', 'default'] as const;

const filter = {
  project: Type.Optional(name('only of this project')),
  query: Type.Optional(
    Type.String({
      maxLength: MAX_QUERY_LENGTH,
      description: 'only those that fit, as docs/queries.md has it; groups are those of the project',
      examples: ['version < 2.0 and label:beta and seen > 2d ago'],
    }),
  ),
  firmware: Type.Optional(name('only with this firmware')),
  access: Type.Optional(oneOf(ACCESS, 'only with this word of the operator')),
  id: Type.Optional(name('only ids that begin so')),
};

export function deviceRoutes(app: App, operator: Operator, devices: DeviceQueries): void {
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
        querystring: Type.Object({ ...filter, ...pageQuery }, closed),
        ...answers('Devices', listingPage, ['query-invalid', 'cursor-invalid']),
      },
    },
    async (request) => {
      const page = await devices.list(wanted(request.query, within(request)), pageRequest(request.query));
      return pageView(page, listingView);
    },
  );

  app.get(
    '/devices/count',
    {
      config: reads('viewer', 'query'),
      schema: {
        tags,
        summary: 'Count devices, each once',
        querystring: Type.Object(filter, closed),
        ...answers('How many there are', countSchema, ['query-invalid']),
      },
    },
    async (request) => ({ devices: await devices.count(wanted(request.query, within(request))) }),
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

  app.post(
    '/projects/:project/devices/:device/release',
    {
      config: changes('operator', 'path', { action: 'device.release', target: 'params.device' }),
      schema: {
        tags,
        summary: 'Release a device that is held for an upgrade loop',
        description: 'What it was sent counts from nothing. The word on it stays; one that is not held stays as it is.',
        params,
        ...answers('The device', deviceSchema, ['project-unknown', 'device-unknown', 'disk-full', 'data-dir-unusable']),
      },
    },
    async ({ params: { project, device } }) =>
      deviceView(project, device, await operator.releaseDevice(project, device)),
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
            keyRing: Type.Optional(
              Type.Integer({
                minimum: 0,
                maximum: 999_999_999,
                description: 'as if it had the key ring of this number; 0: none',
              }),
            ),
          },
          closed,
        ),
        ...answers('The explanation', explanationSchema, ['project-unknown', 'question-incomplete']),
      },
    },
    async ({ params, query: { id, firmware, version, keyRing } }) =>
      explanationView(operator.explain({ project: params.project, id, firmwareName: firmware, version, keyRing })),
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
            event: Type.Optional(oneOf(LOG_EVENTS, 'only such events')),
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

const filterType = Type.Object(filter);

function wanted(
  { project, query, firmware, access, id }: Static<typeof filterType>,
  projects: readonly string[] | undefined,
): DeviceQuery {
  return { project, within: projects, query, firmwareName: firmware, access, idPrefix: id };
}
