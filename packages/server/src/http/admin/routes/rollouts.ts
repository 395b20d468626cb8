import { Type } from 'typebox';
import { unknownRelease } from '../../../domain/catalogue.ts';
import { ROLLOUT_STATES } from '../../../domain/rollout.ts';
import { unknownRollout } from '../../../domain/rollout-steps.ts';
import type { Operator } from '../../../usecases/operator.ts';
import type { RolloutDesk, RolloutProgress } from '../../../usecases/rollout-desk.ts';
import { changes, expectRole, type Resource, reads, visible } from '../access.ts';
import { paged } from '../paging.ts';
import type { ApiRollout, ApiRolloutRequest } from '../rollout-api.ts';
import { rolloutBody } from '../rollout-request.ts';
import { retriedSchema, rolloutSchema } from '../rollout-schemas.ts';
import { rolloutRequest, rolloutView } from '../rollout-views.ts';
import { type App, answers, makes, name, pageOf, pageQuery, pageRequest } from '../route.ts';
import { closed, oneOf } from '../shape.ts';
import { pageView } from '../views.ts';

const page = pageOf('RolloutPage', rolloutSchema);
const id = (description: string) => Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description });
const params = Type.Object({ rollout: id('id of the rollout') }, closed);
const TAGS = ['rollouts'];
const DISK = ['disk-full', 'data-dir-unusable'] as const;
const STEPS = ['rollout-unknown', 'rollout-state', ...DISK] as const;
/** As long as a list of as many devices as a rollout may name, each with an IMEI or a name that is not much longer. */
const LARGEST_REQUEST = 4 * 1024 ** 2;

/** What the audit log keeps of what is asked for: all of it, lists as far as there is room. */
const KEPT: ReadonlyArray<keyof ApiRolloutRequest> = [
  'release',
  'target',
  'waves',
  'startAt',
  'windows',
  'timeZone',
  'soakMs',
  'confirm',
  'pause',
  'silentAfterMs',
  'mayDowngrade',
  'limits',
];

/** Where a rollout lies. */
export function rolloutResource(desk: RolloutDesk): Resource {
  return {
    lies: ({ rollout }) => desk.rollout(Number(rollout)).rollout,
    unknown: ({ rollout }) => unknownRollout(Number(rollout)),
  };
}

export function rolloutRoutes(app: App, desk: RolloutDesk, operator: Operator): void {
  const inProject = rolloutResource(desk);
  const ofRelease: Resource = {
    lies: (_params, body) => operator.release(releaseIn(body)),
    unknown: (_params, body) => unknownRelease(releaseIn(body)),
  };
  app.addSchema(page);

  app.get(
    '/rollouts',
    {
      config: reads('viewer', 'query'),
      schema: {
        tags: TAGS,
        summary: 'List rollouts, the newest first',
        querystring: Type.Object(
          {
            project: Type.Optional(name('only of this project')),
            release: Type.Optional(id('only of this release')),
            state: Type.Optional(oneOf(ROLLOUT_STATES, 'only in this state')),
            ...pageQuery,
          },
          closed,
        ),
        ...answers('Rollouts', page, ['cursor-invalid']),
      },
    },
    async (request) => {
      const { project, release, state } = request.query;
      const mayShow = visible(request);
      const found = desk.rollouts({ project, release, state }).filter(({ rollout }) => mayShow(rollout));
      return pageView(
        paged(found, ({ rollout }) => -rollout.id, pageRequest(request.query)),
        (progress) => rolloutView(progress, false),
      );
    },
  );

  app.post(
    '/rollouts',
    {
      bodyLimit: LARGEST_REQUEST,
      config: changes('publisher', ofRelease, {
        action: 'rollout.create',
        made: 'id',
        details: KEPT,
      }),
      schema: {
        tags: TAGS,
        summary: 'Roll a release out, in waves',
        description:
          'It takes a publisher, who could publish the release to all; an operator for a release that has a rollout, and to take devices down. A draft is published with it. A release that was offered to all before is offered only to those whom one of its rollouts admits from now on. What is left out is as a careful operator would have it.',
        body: rolloutBody,
        ...makes('The rollout', rolloutSchema, [
          'release-unknown',
          'release-withdrawn',
          'rollout-invalid',
          'query-invalid',
          'group-unknown',
          ...DISK,
        ]),
      },
    },
    async (request, reply) => {
      const { body } = request;
      const before = desk.rollouts({ project: undefined, release: body.release, state: undefined });
      // By what is left, a release reaches nobody whom its publisher could not reach without a rollout.
      if (before.length > 0) expectRole(request, 'operator', `another rollout of release ${body.release}`);
      if (body.mayDowngrade === true) expectRole(request, 'operator', 'taking devices down to a release');
      const made = await desk.createRollout(rolloutRequest(body));
      reply.code(201);
      return whole(made);
    },
  );

  app.get(
    '/rollouts/:rollout',
    {
      config: reads('viewer', inProject),
      schema: {
        tags: TAGS,
        summary: 'Show a rollout',
        params,
        ...answers('The rollout', rolloutSchema, ['rollout-unknown']),
      },
    },
    async ({ params }) => whole(desk.rollout(params.rollout)),
  );

  stepRoutes(app, desk, inProject);
}

function whole(progress: RolloutProgress): ApiRollout {
  return rolloutView(progress, true);
}

/** Of a body that is valid. */
function releaseIn(body: unknown): number {
  return (body as ApiRolloutRequest).release;
}

/** What an operator does with a rollout. */
function stepRoutes(app: App, desk: RolloutDesk, inProject: Resource): void {
  const step = (what: string) =>
    changes('operator', inProject, { action: `rollout.${what}`, target: 'params.rollout', details: ['why'] });

  for (const [what, summary, work] of [
    ['pause', 'Let a rollout offer nothing more until it is resumed', desk.pauseRollout],
    ['abort', 'End a rollout: it never offers again', desk.abortRollout],
  ] as const) {
    app.post(
      `/rollouts/:rollout/${what}`,
      {
        config: step(what),
        preValidation: nothingNeeded,
        schema: {
          tags: TAGS,
          summary,
          params,
          body: Type.Object(
            { why: Type.Optional(Type.String({ maxLength: 500, description: 'for people' })) },
            { ...closed, examples: [{ why: 'support reports flat batteries' }] },
          ),
          ...answers('The rollout', rolloutSchema, STEPS),
        },
      },
      async ({ params, body }) => whole(await work(params.rollout, body.why)),
    );
  }

  for (const [what, summary, work] of [
    ['resume', 'Let a rollout go on; what went wrong until now counts no more', desk.resumeRollout],
    ['skip', 'Open the next wave of a rollout now, whatever the open one has shown', desk.skipWave],
  ] as const) {
    app.post(
      `/rollouts/:rollout/${what}`,
      { config: step(what), schema: { tags: TAGS, summary, params, ...answers('The rollout', rolloutSchema, STEPS) } },
      async ({ params }) => whole(await work(params.rollout)),
    );
  }

  app.post(
    '/rollouts/:rollout/retry',
    {
      config: step('retry'),
      schema: {
        tags: TAGS,
        summary: 'Let the devices that failed, rolled back or fell silent try again',
        params,
        ...answers('The rollout, and how many devices that are', retriedSchema, STEPS),
      },
    },
    async ({ params: { rollout } }) => {
      const devices = await desk.retryRollout(rollout);
      return { rollout: whole(desk.rollout(rollout)), devices };
    },
  );

  app.post(
    '/rollouts/:rollout/rollback',
    {
      config: changes('operator', inProject, {
        action: 'rollout.rollback',
        target: 'params.rollout',
        made: 'id',
        details: ['to'],
      }),
      preValidation: nothingNeeded,
      schema: {
        tags: TAGS,
        summary: 'Abort a rollout, and take its devices back to another release by a new one',
        description: 'Devices that run its release are offered the other one at once, and kept there.',
        params,
        body: Type.Object(
          { to: Type.Optional(id('id of the release; default: the highest below that was not aborted')) },
          { ...closed, examples: [{}] },
        ),
        ...makes('The rollout that takes them back', rolloutSchema, [
          'rollout-unknown',
          'release-unknown',
          'release-withdrawn',
          'rollout-invalid',
          ...DISK,
        ]),
      },
    },
    async ({ params, body }, reply) => {
      const made = await desk.rollBack(params.rollout, body.to);
      reply.code(201);
      return whole(made);
    },
  );
}

/** Nothing has to be said. */
async function nothingNeeded(request: { body: unknown }): Promise<void> {
  request.body ??= {};
}
