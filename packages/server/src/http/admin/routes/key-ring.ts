import { parseKeyRing } from '@libfota2/protocol';
import { Type } from 'typebox';
import type { RingListing } from '../../../domain/trust.ts';
import type { DeviceQueries } from '../../../usecases/device-queries.ts';
import type { Operator } from '../../../usecases/operator.ts';
import { changes, reads } from '../access.ts';
import { type App, answers, name } from '../route.ts';
import { closed } from '../shape.ts';
import type { ApiKeyRing } from '../trust-api.ts';
import { keyRingSchema, ringCountsSchema } from '../trust-schemas.ts';

const params = Type.Object({ project: name('name of the project') }, closed);
const PATH = '/projects/:project/key-ring';

export function keyRingRoutes(app: App, operator: Operator, devices: Pick<DeviceQueries, 'keyRings'>): void {
  const tags = ['projects'];

  app.get(
    PATH,
    {
      config: reads('viewer', 'path'),
      schema: {
        tags,
        summary: 'Show whose signatures the devices of a project believe',
        params,
        ...answers('The key ring', keyRingSchema, ['project-unknown', 'key-ring-none']),
      },
    },
    async ({ params }) => keyRingView(operator.keyRing(params.project)),
  );

  app.get(
    `${PATH}/devices`,
    {
      config: reads('viewer', 'path'),
      schema: {
        tags,
        summary: 'Count the devices of a project by the key ring that they told last',
        params,
        ...answers('How many have which', ringCountsSchema, ['project-unknown']),
      },
    },
    async ({ params }) => ({ items: await devices.keyRings(operator.project(params.project).name) }),
  );

  app.put(
    PATH,
    {
      config: changes('admin', 'path', { action: 'key-ring.set', details: ['replace'], sums: summed }),
      schema: {
        tags,
        summary: 'Set the key ring of a project, or the next one',
        description:
          'From the first on nothing is published that its release keys have not signed. Devices whose ring is older are told the next ones, and follow them by their signatures. The same again changes nothing.',
        params,
        body: Type.Object(
          {
            text: Type.String({ maxLength: 4_096, description: 'of the key ring, as it is signed' }),
            signature: Type.Optional(
              Type.String({
                maxLength: 16_384,
                description: 'by a ring key of the present ring, in the format of minisign; the first needs none',
              }),
            ),
            replace: Type.Optional(
              Type.Boolean({
                description:
                  'begins anew without a signature, where all ring keys are lost: no device comes to such a ring by itself',
                default: false,
              }),
            ),
          },
          { ...closed, examples: [{ text: 'libfota2 key ring\nproject: station\nserial: 1\n…' }] },
        ),
        ...answers('The key ring', keyRingSchema, [
          'project-unknown',
          'key-ring-malformed',
          'key-ring-mismatch',
          'signature-missing',
          'signature-malformed',
          'signature-unknown-key',
          'signature-invalid',
          'manifest-malformed',
          'disk-full',
          'data-dir-unusable',
        ]),
      },
    },
    async ({ params, body }) => keyRingView(await operator.setKeyRing(params.project, body)),
  );
}

function keyRingView({ ring, text, links, warnings }: RingListing): ApiKeyRing {
  const { serial, releaseKeys, ringKeys } = ring;
  const ids = (keys: typeof releaseKeys): string[] => keys.map(({ id }) => id);
  return { serial, text, links, releaseKeys: ids(releaseKeys), ringKeys: ids(ringKeys), warnings };
}

/** What the audit log keeps of a key ring: its number, and whose keys are in it. */
function summed(body: unknown): Readonly<Record<string, unknown>> {
  try {
    const { serial, releaseKeys, ringKeys } = parseKeyRing((body as { readonly text: string }).text);
    return { serial, releaseKeys: releaseKeys.map(({ id }) => id), ringKeys: ringKeys.map(({ id }) => id) };
  } catch {
    return {};
  }
}
