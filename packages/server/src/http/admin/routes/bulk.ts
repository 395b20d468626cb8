import { MAX_QUERY_LENGTH } from '@libfota2/protocol';
import { type Static, Type } from 'typebox';
import { FotaServerError } from '../../../domain/errors.ts';
import { MOST_LABELS } from '../../../domain/profile.ts';
import { type Bulk, type BulkAction, checkExpected } from '../../../usecases/bulk.ts';
import { changes } from '../access.ts';
import { bulkSchema } from '../device-schemas.ts';
import { type App, answers } from '../route.ts';
import { closed, oneOf } from '../shape.ts';
import { bulkView } from '../views.ts';

const ACTIONS = ['block', 'allow', 'reset', 'release', 'label', 'unlabel', 'pin', 'unpin', 'forget'] as const;

const body = Type.Object(
  {
    project: Type.String({ maxLength: 256, description: 'name of the project' }),
    query: Type.String({ maxLength: MAX_QUERY_LENGTH, description: 'which devices, as docs/queries.md has it' }),
    action: oneOf(
      ACTIONS,
      'reset takes the word of block and allow back; release releases those that are held for an upgrade loop, and leaves the word as it is; forget forgets the devices',
    ),
    labels: Type.Optional(
      Type.Array(Type.String({ maxLength: 256 }), {
        minItems: 1,
        maxItems: MOST_LABELS,
        description: 'of label and unlabel',
      }),
    ),
    version: Type.Optional(Type.String({ maxLength: 256, description: 'of pin' })),
    mayDowngrade: Type.Optional(Type.Boolean({ description: 'of pin: also where a device runs a higher one' })),
    dryRun: Type.Optional(Type.Boolean({ description: 'change nothing, say which devices it would be' })),
    expect: Type.Optional(
      Type.Integer({ minimum: 0, description: 'change nothing unless the query fits so many devices' }),
    ),
    cursor: Type.Optional(Type.String({ maxLength: 1_024, description: 'of the part before' })),
  },
  { ...closed, examples: [{ project: 'station', query: 'label:beta', action: 'label', labels: ['brave'] }] },
);

export function bulkRoutes(app: App, bulk: Bulk): void {
  app.post(
    '/devices/bulk',
    {
      config: changes('operator', 'body', {
        action: 'device.bulk',
        details: ['query', 'action', 'labels', 'version', 'mayDowngrade', 'dryRun', 'cursor'],
      }),
      schema: {
        tags: ['devices'],
        summary: 'Change all devices that a query fits',
        description:
          'In parts of ten thousand devices or so: as long as the answer has a cursor, call again with it. The same call again changes nothing more.',
        body,
        ...answers('What was done, or would be', bulkSchema, [
          'project-unknown',
          'query-invalid',
          'bulk-unexpected',
          'cursor-invalid',
          'label-invalid',
          'version-invalid',
          'disk-full',
          'data-dir-unusable',
        ]),
      },
    },
    async ({ body }) => {
      const { project, query, dryRun = false, expect, cursor } = body;
      const wanted = { ...EVERYTHING, project, query };
      const action = actionOf(body);
      const isFirst = cursor === undefined;
      const found = isFirst && (dryRun || expect !== undefined) ? await bulk.preview(wanted) : undefined;
      if (found !== undefined) checkExpected(found.devices, expect);
      if (dryRun) return bulkView({ done: 0, failed: [], cursor: undefined }, found);
      return bulkView(await bulk.apply({ wanted, action }, cursor), found && { devices: found.devices });
    },
  );
}

const EVERYTHING = { within: undefined, firmwareName: undefined, access: undefined, idPrefix: undefined };

/** @throws FotaServerError `request-invalid` */
function actionOf({ action, labels, version, mayDowngrade = false }: Static<typeof body>): BulkAction {
  switch (action) {
    case 'block':
      return { kind: 'access', access: 'blocked' };
    case 'allow':
      return { kind: 'access', access: 'allowed' };
    case 'reset':
      return { kind: 'access', access: 'default' };
    case 'release':
      return { kind: 'release' };
    case 'label':
      return { kind: 'profile', change: { addLabels: needed(labels, 'labels', action) } };
    case 'unlabel':
      return { kind: 'profile', change: { removeLabels: needed(labels, 'labels', action) } };
    case 'pin':
      return { kind: 'profile', change: { pin: { version: needed(version, 'version', action), mayDowngrade } } };
    case 'unpin':
      return { kind: 'profile', change: { pin: null } };
    case 'forget':
      return { kind: 'forget' };
  }
}

function needed<T>(value: T | undefined, name: string, action: string): T {
  if (value !== undefined) return value;
  throw new FotaServerError('request-invalid', `missing in the body: "${name}", for the action "${action}"`);
}
