/** A rollout as it is asked for, bounded in all its parts, and those parts that its answers have, too; see schemas.ts. */
import { type TUnsafe, Type } from 'typebox';
import type { ApiRolloutLimits, ApiRolloutRequest, ApiThreshold, ApiWindow } from './rollout-api.ts';
import { closed, count, shape, time } from './shape.ts';

const HOUR = '(?:[01][0-9]|2[0-3]):[0-5][0-9]';
const positive = (description: string): Type.TInteger =>
  Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description });
export const percent = (description: string): Type.TNumber =>
  Type.Number({ exclusiveMinimum: 0, maximum: 100, description });

const window = Type.Object(
  {
    days: Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), {
      minItems: 1,
      maxItems: 7,
      description: '1 Monday to 7 Sunday: the days on which it begins',
    }),
    from: Type.String({ pattern: `^${HOUR}$`, description: 'when it opens', examples: ['22:00'] }),
    to: Type.String({
      pattern: `^(?:${HOUR}|24:00)$`,
      description: 'when it closes; where that is before it opens, on the next day',
      examples: ['06:00'],
    }),
  },
  { ...closed, examples: [{ days: [1, 2, 3, 4, 5], from: '22:00', to: '06:00' }] },
);

export const windowSchema: TUnsafe<ApiWindow> = shape<ApiWindow>()('Window', window);

const limits = Type.Object(
  {
    downloads: Type.Optional(positive('devices that download at once')),
    bytesPerHour: Type.Optional(positive('bytes that are promised to all its devices within an hour')),
    bytesPerDevicePerDay: Type.Optional(positive('bytes that a device is promised within a day, by any rollout')),
  },
  { ...closed, description: 'what is left out has no limit' },
);

export const rolloutLimitsSchema: TUnsafe<ApiRolloutLimits> = shape<ApiRolloutLimits>()('RolloutLimits', limits);

const threshold = Type.Object(
  {
    count: Type.Optional(positive('so many devices')),
    percent: Type.Optional(percent('of the devices that have ended well or badly')),
    ofAtLeast: positive('a percentage says nothing before so many have'),
  },
  closed,
);

export const thresholdSchema: TUnsafe<ApiThreshold> = shape<ApiThreshold>()('Threshold', threshold);

/** Ids of the lists of one rollout: as many as are kept. */
const MOST_IDS = 100_000;
const MOST = 20;
const someIds = Type.Optional(
  Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
    minItems: 1,
    maxItems: MOST_IDS,
    description: 'ids of devices',
  }),
);
/** Of an object whose fields exclude each other. */
const justOne = { ...closed, minProperties: 1, maxProperties: 1 };
const thresholdBody = Type.Optional(
  Type.Object(
    {
      count: threshold.properties.count,
      percent: threshold.properties.percent,
      ofAtLeast: Type.Optional(threshold.properties.ofAtLeast),
    },
    { ...closed, description: 'a count, a percentage or both, of which either is enough; neither: never' },
  ),
);

export const rolloutBody: TUnsafe<ApiRolloutRequest> = shape<ApiRolloutRequest>()(
  'RolloutRequest',
  Type.Object(
    {
      release: Type.Integer({
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'id of a release; a draft is published with it',
      }),
      target: Type.Optional(
        Type.Object(
          {
            query: Type.Optional(
              Type.String({ maxLength: 4_096, description: 'devices that it fits, as docs/queries.md has it' }),
            ),
            group: Type.Optional(Type.String({ maxLength: 256, description: 'name of a saved query of the project' })),
            ids: someIds,
          },
          { ...justOne, description: 'just one of them; left out: all devices' },
        ),
      ),
      waves: Type.Optional(
        Type.Array(
          Type.Object(
            { percent: Type.Optional(percent('of the target, never less than before')), ids: someIds },
            { ...justOne, description: 'just one of them' },
          ),
          { minItems: 1, maxItems: MOST, description: 'default: 5, 25 and 100 %' },
        ),
      ),
      startAt: Type.Optional(time('when the first wave opens; default: at once')),
      windows: Type.Optional(Type.Array(window, { maxItems: MOST, description: 'when it offers; default: always' })),
      timeZone: Type.Optional(
        Type.String({
          maxLength: 64,
          description: 'of the windows, as IANA names it; default: UTC',
          examples: ['Asia/Shanghai'],
        }),
      ),
      soakMs: Type.Optional(
        count('milliseconds that a wave is at least open before the next one opens; default: a day'),
      ),
      confirm: Type.Optional(
        Type.Object(
          {
            count: Type.Optional(count('so many devices of the wave, or all where it has fewer')),
            percent: Type.Optional(
              percent(
                'of the devices of the wave that were offered the release, or were heard of within silentAfterMs and are to be',
              ),
            ),
          },
          { ...justOne, description: 'how many must have confirmed before the next wave opens; default: 80 %' },
        ),
      ),
      pause: Type.Optional(
        Type.Object(
          { wave: thresholdBody, overall: thresholdBody },
          {
            ...closed,
            description:
              'devices that failed, rolled back or fell silent, at which it pauses by itself; default: 10 % of at least 10 in the open wave, 5 % of at least 50 in all',
          },
        ),
      ),
      silentAfterMs: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: Number.MAX_SAFE_INTEGER,
          description: 'milliseconds without a word after which a device counts as silent; default: a day',
        }),
      ),
      mayDowngrade: Type.Optional(
        Type.Boolean({ description: 'take devices down to the release, too, and keep them there', default: false }),
      ),
      limits: Type.Optional(limits),
    },
    {
      ...closed,
      examples: [
        { release: 7, target: { query: 'label:beta' }, waves: [{ percent: 5 }, { percent: 100 }], soakMs: 86_400_000 },
      ],
    },
  ),
);
