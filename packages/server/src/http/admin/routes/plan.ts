import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { unknownRelease } from '../../../domain/catalogue.ts';
import { sees } from '../../../domain/principal.ts';
import { unknownRollout } from '../../../domain/rollout-steps.ts';
import type { Planned, PlannedDevice, PlanSummary } from '../../../usecases/forecasts.ts';
import type { Operator } from '../../../usecases/operator.ts';
import type { RolloutDesk } from '../../../usecases/rollout-desk.ts';
import { asks, principalOf } from '../access.ts';
import { cursorAt, rankIn } from '../paging.ts';
import type { ApiPlan, ApiPlannedDevice, ApiPlanRequest } from '../plan-api.ts';
import { planBody, plannedDeviceSchema, planSchema } from '../plan-schemas.ts';
import { rolloutRequest } from '../rollout-views.ts';
import { type App, answers, name, pageOf, pageQuery, pageRequest } from '../route.ts';
import { closed } from '../shape.ts';
import { iso, known } from '../views.ts';

const page = pageOf('PlannedDevicePage', plannedDeviceSchema);
const PROBLEMS = [
  'rollout-unknown',
  'release-unknown',
  'release-withdrawn',
  'rollout-invalid',
  'query-invalid',
  'group-unknown',
] as const;
/** As of a rollout that is made. */
const LARGEST_REQUEST = 4 * 1024 ** 2;
const DESCRIPTION =
  'Changes nothing. With the devices, releases and rollouts as they are now; nobody can say when devices ask.';

export function planRoutes(app: App, desk: RolloutDesk, operator: Operator): void {
  app.addSchema(page);

  /** What is asked about, if it is there for the one who asks. */
  const plannedBy = (request: FastifyRequest, { rollout, request: wanted }: ApiPlanRequest): Planned => {
    const principal = principalOf(request);
    if (rollout !== undefined) {
      if (!sees(principal, desk.rollout(rollout).rollout.project)) throw unknownRollout(rollout);
      return { rollout };
    }
    const release = wanted?.release ?? 0;
    if (!sees(principal, operator.release(release).project)) throw unknownRelease(release);
    return { request: rolloutRequest({ ...wanted, release }) };
  };

  app.post(
    '/plan',
    {
      bodyLimit: LARGEST_REQUEST,
      config: asks('viewer', 'own'),
      schema: {
        tags: ['rollouts'],
        summary: 'Say what a rollout would do: which devices would get what, when, and how many bytes',
        description: DESCRIPTION,
        body: planBody,
        ...answers('The plan', planSchema, PROBLEMS),
      },
    },
    async (request) => planView(await desk.planRollout(plannedBy(request, request.body)), request.body.rollout),
  );

  app.post(
    '/plan/devices',
    {
      bodyLimit: LARGEST_REQUEST,
      config: asks('viewer', 'own'),
      schema: {
        tags: ['rollouts'],
        summary: 'Say of each device what a rollout would do with it',
        description: DESCRIPTION,
        querystring: Type.Object(
          {
            id: Type.Optional(name('only ids that begin so')),
            wave: Type.Optional(Type.Integer({ minimum: 1, maximum: 20, description: 'only those of this wave' })),
            ...pageQuery,
          },
          closed,
        ),
        body: planBody,
        ...answers('Devices', page, [...PROBLEMS, 'cursor-invalid']),
      },
    },
    async (request) => {
      const { id, wave } = request.query;
      const { limit, cursor } = pageRequest(request.query);
      const filter = { idPrefix: id, wave: wave === undefined ? undefined : wave - 1 };
      const from = cursor === undefined ? 0 : rankIn(cursor);
      const found = await desk.plannedDevices(plannedBy(request, request.body), filter, from, limit);
      return known({
        items: found.items.map(deviceView),
        cursor: found.next === undefined ? undefined : cursorAt(found.next),
      });
    },
  );
}

function planView({ rollout, release, at, waves, others }: PlanSummary, id: number | undefined): ApiPlan {
  const sum = (name: 'devices' | 'bytes'): number => waves.reduce((all, wave) => all + wave[name], 0);
  return known({
    project: rollout.project,
    firmwareName: rollout.firmwareName,
    release: release.id,
    version: release.version,
    rollout: id,
    at: iso(at),
    waves: waves.map(({ from, devices, bytes, atLeastMs }, place) =>
      known({ wave: place + 1, from: Number.isFinite(from) ? iso(from) : undefined, devices, bytes, atLeastMs }),
    ),
    devices: sum('devices'),
    bytes: sum('bytes'),
    others: Object.entries(others)
      .map(([why, devices]) => ({ why: why as ApiPlan['others'][number]['why'], devices }))
      .sort((one, other) => other.devices - one.devices),
  });
}

function deviceView({ device, forecast }: PlannedDevice): ApiPlannedDevice {
  const { id, version } = device;
  if (!forecast.gets) return { device: id, version, why: forecast.why };
  return { device: id, version, wave: forecast.wave + 1, bytes: forecast.bytes, first: forecast.first };
}
