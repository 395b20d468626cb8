/** The shapes of rollouts, attempts and the global stop, see schemas.ts. */
import { type TSchema, type TUnsafe, Type } from 'typebox';
import { ATTEMPT_STATES, STANDINGS } from '../../domain/attempt.ts';
import { ROLLOUT_STATES } from '../../domain/rollout.ts';
import type {
  ApiAttempt,
  ApiDeferral,
  ApiLastAttempt,
  ApiRetried,
  ApiRollout,
  ApiStandings,
  ApiStop,
} from './rollout-api.ts';
import { percent, rolloutLimitsSchema, thresholdSchema, windowSchema } from './rollout-request.ts';
import { closed, count, oneOf, ref, shape, text, time } from './shape.ts';

const standing = oneOf(STANDINGS, 'how it counts in its rollout');

const amount = Type.Object(
  {
    count: Type.Optional(count('so many devices')),
    percent: Type.Optional(percent('of the devices of the wave that were offered the release or are to be')),
  },
  closed,
);

const standingsSchema: TUnsafe<ApiStandings> = shape<ApiStandings>()(
  'Standings',
  Type.Object(
    {
      underWay: count('were offered it, and nothing more is known yet'),
      confirmed: count('told the version of the release'),
      failed: count('took all of it and told their old version, or reported that they failed'),
      rolledBack: count('told the version of the release, and another one again'),
      silent: count('were not heard of in time'),
      superseded: count('were offered something else, or may try again: they count nowhere else'),
    },
    { ...closed, description: 'devices that were offered the release' },
  ),
);

const ids = Type.Optional(Type.Array(Type.String(), { description: 'of a list; in lists of rollouts the first few' }));
const listed = Type.Optional(count('of a list: how many devices it names'));

export const rolloutSchema: TUnsafe<ApiRollout> = shape<ApiRollout>()(
  'Rollout',
  Type.Object(
    {
      id: count('of the rollout'),
      project: text('name of the project'),
      firmwareName: text('of the release'),
      release: count('id of the release'),
      version: text('of the release'),
      state: oneOf(ROLLOUT_STATES, 'a complete one still offers; an aborted one never again'),
      wave: count('the wave that was opened last, from 1; 0: none yet'),
      why: text('why it is as it is; empty: nothing is to be said'),
      next: Type.Object(
        {
          does: oneOf(['start', 'advance', 'complete', 'nothing'], 'what it does next by itself'),
          at: Type.Optional(time('not earlier than then; left out: time is not what it waits for')),
          confirmations: count('so many more devices of the open wave must confirm'),
          offersAt: Type.Optional(time('when its windows let it offer again; left out: they do')),
          says: text('all of it in plain sentences'),
        },
        closed,
      ),
      counts: ref(standingsSchema),
      target: Type.Object(
        {
          kind: oneOf(['all', 'query', 'group', 'list'], 'whom it is for'),
          query: Type.Optional(text('devices that it fits when they ask')),
          group: Type.Optional(text('a saved query of the project')),
          listed,
          ids,
        },
        closed,
      ),
      waves: Type.Array(
        Type.Object(
          {
            wave: count('from 1'),
            percent: Type.Optional(percent('of the target; who was in stays in')),
            listed,
            ids,
            counts: ref(standingsSchema),
          },
          closed,
        ),
      ),
      startAt: Type.Optional(time('when the first wave opens; left out: at once')),
      windows: Type.Array(ref(windowSchema), { description: 'when it offers; none: always' }),
      timeZone: text('of the windows'),
      soakMs: count('milliseconds that a wave is at least open before the next one opens'),
      confirm: amount,
      pause: Type.Object(
        { wave: ref(thresholdSchema), overall: ref(thresholdSchema) },
        { ...closed, description: 'devices that failed, rolled back or fell silent, at which it pauses by itself' },
      ),
      silentAfterMs: count('milliseconds without a word after which a device counts as silent'),
      mayDowngrade: Type.Boolean({ description: 'it takes devices down to the release, too, and keeps them there' }),
      limits: ref(rolloutLimitsSchema),
      createdAt: time('when it was made'),
      startedAt: Type.Optional(time('when its first wave opened')),
      waveOpenedAt: Type.Optional(time('when its last wave opened')),
      changedAt: time('when it last changed'),
      endedAt: Type.Optional(time('when it was complete or aborted')),
    },
    closed,
  ),
);

export const retriedSchema: TUnsafe<ApiRetried> = shape<ApiRetried>()(
  'Retried',
  Type.Object({ rollout: ref(rolloutSchema), devices: count('that may try again') }, closed),
);

export const deferralSchema: TUnsafe<ApiDeferral> = shape<ApiDeferral>()(
  'Deferral',
  Type.Object(
    {
      until: Type.Optional(time('until when; left out: the device did not say')),
      reason: text('why; empty: the device did not say'),
    },
    { ...closed, description: 'the device said that it does not install, or restart, yet' },
  ),
);

const attempt = {
  release: count('id of the release'),
  from: text('what the device told when it was offered the release'),
  to: text('what it tells once it runs the release'),
  rollout: Type.Optional(count('by which it was offered; left out: by none')),
  wave: Type.Optional(count('of the rollout, from 1')),
  state: oneOf(ATTEMPT_STATES, 'how far it has come'),
  standing,
  failures: count('how often it was installed in vain'),
  offeredAt: time('when it was first offered'),
  changedAt: time('when its state last changed'),
  code: Type.Optional(Type.Integer({ description: 'what the device reported' })),
  detail: text('why it ended as it did; empty: nothing is known'),
  deferral: Type.Optional(ref(deferralSchema)),
};

export const lastAttemptSchema: TUnsafe<ApiLastAttempt> = shape<ApiLastAttempt>()(
  'LastAttempt',
  Type.Object(attempt, closed),
);

export const attemptSchema: TUnsafe<ApiAttempt> = shape<ApiAttempt>()(
  'Attempt',
  Type.Object(
    {
      project: text('name of the project'),
      device: text('id of the device'),
      firmwareName: text('what it asked for'),
      ...attempt,
    },
    closed,
  ),
);

export const stopSchema: TUnsafe<ApiStop> = shape<ApiStop>()(
  'Stop',
  Type.Object(
    {
      isOn: Type.Boolean({ description: 'nobody is offered anything, and nobody resumes' }),
      why: text('for people'),
      at: Type.Optional(time('when it was set; left out: never')),
    },
    closed,
  ),
);

/** All that are named. */
export const rolloutShapes: readonly TSchema[] = [
  windowSchema,
  rolloutLimitsSchema,
  thresholdSchema,
  standingsSchema,
  rolloutSchema,
  retriedSchema,
  attemptSchema,
  lastAttemptSchema,
  deferralSchema,
  stopSchema,
];
