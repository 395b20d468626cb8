/** The shapes of what a rollout would do, see schemas.ts. */
import { type TSchema, type TUnsafe, Type } from 'typebox';
import { OTHERWISE } from '../../domain/forecast.ts';
import type { ApiPlan, ApiPlannedDevice, ApiPlanRequest } from './plan-api.ts';
import { rolloutBody } from './rollout-request.ts';
import { closed, count, oneOf, shape, text, time } from './shape.ts';

/** As it stands elsewhere by its name, here by what it is. */
const { $id: _, ...request } = rolloutBody as typeof rolloutBody & { readonly $id?: string };

export const planBody: TUnsafe<ApiPlanRequest> = Type.Unsafe<ApiPlanRequest>({
  $id: 'PlanRequest',
  title: 'PlanRequest',
  ...Type.Object(
    {
      rollout: Type.Optional(
        Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'id of a rollout that is there' }),
      ),
      request: Type.Optional(request as TSchema),
    },
    { ...closed, minProperties: 1, maxProperties: 1, examples: [{ rollout: 3 }, { request: { release: 7 } }] },
  ),
});

const why = oneOf(OTHERWISE, 'why a device gets nothing by it: a rule, or what no rule has to say');

export const planSchema: TUnsafe<ApiPlan> = shape<ApiPlan>()(
  'Plan',
  Type.Object(
    {
      project: text('name of the project'),
      firmwareName: text('of the release'),
      release: count('id of the release'),
      version: text('of the release'),
      rollout: Type.Optional(count('its id; left out of one that is not there')),
      at: time('when it was looked at'),
      waves: Type.Array(
        Type.Object(
          {
            wave: count('from 1'),
            from: Type.Optional(time('when it offers at the earliest; left out: its windows never let it')),
            devices: count('that get the release by it'),
            bytes: count('of packages, each device once'),
            atLeastMs: count('milliseconds that limits and windows alone make of it'),
          },
          closed,
        ),
      ),
      devices: count('that get the release by it'),
      bytes: count('of packages, each device once'),
      others: Type.Array(Type.Object({ why, devices: count('of the firmware') }, closed), {
        description: 'devices that get nothing by it, the most first',
      }),
    },
    closed,
  ),
);

export const plannedDeviceSchema: TUnsafe<ApiPlannedDevice> = shape<ApiPlannedDevice>()(
  'PlannedDevice',
  Type.Object(
    {
      device: text('its id'),
      version: text('that it told last'),
      wave: Type.Optional(count('by which it gets the release, from 1')),
      bytes: Type.Optional(count('of its package')),
      first: Type.Optional(count('other releases that it must take before')),
      why: Type.Optional(why),
    },
    closed,
  ),
);

export const planShapes: readonly TSchema[] = [planSchema, plannedDeviceSchema];
