/** The shapes of key rings. */
import { type TUnsafe, Type } from 'typebox';
import { closed, count, shape, text } from './shape.ts';
import type { ApiKeyRing, ApiRingCounts } from './trust-api.ts';

const keys = (description: string) => Type.Array(Type.String(), { description, examples: [['0372CF77F715E298']] });

export const keyRingSchema: TUnsafe<ApiKeyRing> = shape<ApiKeyRing>()(
  'KeyRing',
  Type.Object(
    {
      serial: Type.Integer({ minimum: 1, description: 'grows by one with each ring' }),
      text: text('of the key ring, as it is signed'),
      links: Type.Array(Type.Object({ text: Type.String(), signature: Type.String() }, closed), {
        description:
          'from the ring that began the chain to this one: each with the signature by which the one before vouches for it',
      }),
      releaseKeys: keys('ids of the keys that sign releases'),
      ringKeys: keys('ids of the keys that sign the next ring'),
      warnings: Type.Array(Type.String(), {
        description: 'what devices with this ring do not take of what is published, in sentences',
      }),
    },
    closed,
  ),
);

export const ringCountsSchema: TUnsafe<ApiRingCounts> = shape<ApiRingCounts>()(
  'RingCounts',
  Type.Object(
    {
      items: Type.Array(
        Type.Object(
          {
            serial: count('number of the key ring; 0: none'),
            devices: count('that told it with their last question; one with several firmwares counts by its lowest'),
          },
          closed,
        ),
        { description: 'the highest first' },
      ),
    },
    closed,
  ),
);
