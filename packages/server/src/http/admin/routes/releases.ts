import { parseSignature } from '@libfota2/protocol';
import { Type } from 'typebox';
import { unknownRelease } from '../../../domain/catalogue.ts';
import { mayTouch } from '../../../domain/principal.ts';
import type { Operator } from '../../../usecases/operator.ts';
import { type Uploads, unknownUpload } from '../../../usecases/uploads.ts';
import { changes, principalOf, type Resource, reads, visible } from '../access.ts';
import { paged } from '../paging.ts';
import { type App, answers, makes, name, pageOf, pageQuery, pageRequest } from '../route.ts';
import { publishedSchema, releaseSchema } from '../schemas.ts';
import { closed, oneOf } from '../shape.ts';
import { pageView, publishedView, releaseView } from '../views.ts';

const page = pageOf('ReleasePage', releaseSchema);
const params = Type.Object(
  { release: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'id of the release' }) },
  closed,
);
const DISK = ['disk-full', 'data-dir-unusable'] as const;
const SIGNATURES = [
  'signature-missing',
  'signature-malformed',
  'signature-unknown-key',
  'signature-invalid',
  'manifest-malformed',
  'manifest-mismatch',
  'manifest-expired',
] as const;

export function releaseRoutes(app: App, operator: Operator, uploads: Uploads): void {
  const tags = ['releases'];
  const inProject: Resource = {
    lies: ({ release }) => operator.release(Number(release)),
    unknown: ({ release }) => unknownRelease(Number(release)),
  };
  app.addSchema(page);

  app.get(
    '/releases',
    {
      config: reads('viewer', 'query'),
      schema: {
        tags,
        summary: 'List releases, the newest first',
        querystring: Type.Object(
          {
            project: Type.Optional(name('only of this project')),
            firmware: Type.Optional(name('only of this firmware')),
            state: Type.Optional(oneOf(['draft', 'published', 'withdrawn'], 'only in this state')),
            ...pageQuery,
          },
          closed,
        ),
        ...answers('Releases', page, ['cursor-invalid']),
      },
    },
    async (request) => {
      const { query } = request;
      const { project, firmware, state } = query;
      const found = operator.releases({ project, firmwareName: firmware, state }).filter(visible(request));
      return pageView(
        paged(found, ({ id }) => -id, pageRequest(query)),
        releaseView,
      );
    },
  );

  app.post(
    '/releases',
    {
      config: changes('publisher', 'body', {
        action: 'release.create',
        made: 'release.id',
        details: ['upload', 'firmwareName', 'version', 'core', 'source', 'draft', 'despiteContradictions'],
        sums: summed,
      }),
      schema: {
        tags,
        summary: 'Publish an upload',
        description:
          'What is left out is read from the signature, the package and its file name. The same again changes nothing, but for a signature that it had not; the package for another source joins the release of its version. With a key ring nothing is published that is not signed.',
        body: Type.Object(
          {
            project: Type.String({ maxLength: 256, description: 'name of the project' }),
            upload: Type.String({ maxLength: 256, description: 'id of a complete upload' }),
            firmwareName: Type.Optional(
              Type.String({ maxLength: 1_024, description: 'what devices send as firmware_name' }),
            ),
            version: Type.Optional(
              Type.String({ maxLength: 256, description: 'one to six numbers with dots between them' }),
            ),
            core: Type.Optional(
              Type.String({
                maxLength: 64,
                description: 'the core that devices run afterwards, where version is the x.y.z of a script',
              }),
            ),
            source: Type.Optional(
              Type.String({ maxLength: 64, description: 'any, or the core that a device must run', default: 'any' }),
            ),
            notes: Type.Optional(Type.String({ description: 'for people, at most 10 000 characters' })),
            draft: Type.Optional(Type.Boolean({ description: 'devices do not hear of it yet', default: false })),
            floor: Type.Optional(
              Type.Boolean({ description: 'devices below its version must pass through it', default: false }),
            ),
            despiteContradictions: Type.Optional(
              Type.Boolean({ description: 'although name or version contradict the content', default: false }),
            ),
            signature: Type.Optional(
              Type.String({
                maxLength: 16_384,
                description: 'the text of a signature in the format of minisign, prehashed; its comment as §13.2 says',
              }),
            ),
          },
          { ...closed, examples: [{ project: 'station', upload: '4f0c…', version: '1.0.5', core: 'V2012' }] },
        ),
        ...makes(
          'A release, or a package of one, was made',
          publishedSchema,
          [
            'project-unknown',
            'upload-unknown',
            'upload-incomplete',
            'name-missing',
            'version-missing',
            'source-missing',
            'name-invalid',
            'version-invalid',
            'core-invalid',
            'core-missing',
            'notes-too-long',
            'package-contradicts',
            'version-taken',
            'release-exists',
            'release-published',
            ...SIGNATURES,
            'package-damaged',
            ...DISK,
          ],
          'The very same was published before',
        ),
      },
    },
    async (request, reply) => {
      const { upload, ...publication } = request.body;
      if (!mayTouch(principalOf(request), uploads.owner(upload))) throw unknownUpload(upload);
      const published = await operator.publish({ ...publication, intake: uploads.intake(upload) });
      reply.code(published.isNew ? 201 : 200);
      return publishedView(published);
    },
  );

  app.get(
    '/releases/:release',
    {
      config: reads('viewer', inProject),
      schema: {
        tags,
        summary: 'Show a release',
        params,
        ...answers('The release', releaseSchema, ['release-unknown']),
      },
    },
    async ({ params }) => releaseView(operator.release(params.release)),
  );

  app.post(
    '/releases/:release/publish',
    {
      config: changes('publisher', inProject, { action: 'release.publish', target: 'params.release' }),
      schema: {
        tags,
        summary: 'Let devices hear of a draft',
        params,
        ...answers('The release', releaseSchema, ['release-unknown', 'release-withdrawn', ...SIGNATURES, ...DISK]),
      },
    },
    async ({ params }) => releaseView(await operator.publishDraft(params.release)),
  );

  app.post(
    '/releases/:release/withdraw',
    {
      config: changes('publisher', inProject, { action: 'release.withdraw', target: 'params.release' }),
      schema: {
        tags,
        summary: 'Let devices hear of a release no more; those that are being sent it may finish',
        params,
        ...answers('The release', releaseSchema, ['release-unknown', ...DISK]),
      },
    },
    async ({ params }) => releaseView(await operator.withdraw(params.release)),
  );

  app.post(
    '/releases/:release/floor',
    {
      config: changes('publisher', inProject, { action: 'release.floor', target: 'params.release' }),
      schema: {
        tags,
        summary: 'Make devices below a release pass through it, or no more',
        params,
        body: Type.Object(
          { isFloor: Type.Boolean({ description: 'devices below its version must pass through it' }) },
          { ...closed, examples: [{ isFloor: true }] },
        ),
        ...answers('The release', releaseSchema, ['release-unknown', ...DISK]),
      },
    },
    async ({ params, body }) => releaseView(await operator.setFloor(params.release, body.isFloor)),
  );
}

/** What the audit log keeps of a signature: which key is said to have made it. */
function summed(body: unknown): Readonly<Record<string, unknown>> {
  try {
    const { signature } = body as { readonly signature?: string };
    return signature === undefined ? {} : { signedBy: parseSignature(signature).keyId };
  } catch {
    return {};
  }
}
