import { finished, PassThrough, Readable } from 'node:stream';
import { Type } from 'typebox';
import { ownerOf } from '../../../domain/principal.ts';
import { type Incoming, type Uploads, unknownUpload } from '../../../usecases/uploads.ts';
import { changes, principalOf, type Resource, reads } from '../access.ts';
import { type App, answers, empties, makes, name } from '../route.ts';
import { uploadSchema } from '../schemas.ts';
import { closed } from '../shape.ts';
import { uploadView } from '../views.ts';

const params = Type.Object({ upload: name('id of the upload') }, closed);
const TAGS = ['uploads'];
const DISK = ['disk-full', 'data-dir-unusable'] as const;

export function uploadRoutes(app: App, uploads: Uploads): void {
  app.post(
    '/uploads',
    {
      config: changes('publisher', 'own', {
        action: 'upload.begin',
        made: 'id',
        details: ['fileName', 'size', 'sha256'],
      }),
      schema: {
        tags: TAGS,
        summary: 'Begin an upload',
        description: 'Its bytes follow in one or more PATCHes. Uploads that nobody goes on with end after a day.',
        body: Type.Object(
          {
            fileName: Type.Optional(
              Type.String({
                maxLength: 255,
                pattern: '^[^\\u0000-\\u001f\\u007f/]*$',
                description: 'without folders and control characters; name and version may be read from it',
              }),
            ),
            size: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'bytes' }),
            sha256: Type.Optional(
              Type.String({
                pattern: '^[0-9a-f]{64}$',
                description: 'of the whole file, in lower-case hex; it is held to it',
              }),
            ),
          },
          { ...closed, examples: [{ fileName: 'station_2012.001.005_LuatOS-SoC_EC718PM.bin', size: 81_920 }] },
        ),
        ...makes('The upload', uploadSchema, ['package-empty', 'upload-too-large', 'uploads-full', ...DISK]),
      },
    },
    async (request, reply) => {
      reply.code(201);
      return uploadView(await uploads.create({ ...request.body, owner: ownerOf(principalOf(request)) }));
    },
  );

  app.get(
    '/uploads/:upload',
    {
      config: reads('publisher', theirs(uploads)),
      schema: {
        tags: TAGS,
        summary: 'Say how far an upload is',
        params,
        ...answers('The upload', uploadSchema, ['upload-unknown']),
      },
    },
    async ({ params }) => uploadView(await uploads.upload(params.upload)),
  );

  app.delete(
    '/uploads/:upload',
    {
      config: changes('publisher', theirs(uploads), { action: 'upload.remove', target: 'params.upload' }),
      schema: {
        tags: TAGS,
        summary: 'Give up an upload',
        params,
        ...empties('It is gone', ['upload-unknown', ...DISK]),
      },
    },
    async ({ params }, reply) => {
      await uploads.remove(params.upload);
      return reply.code(204).send();
    },
  );
}

/** The one route that takes bytes, in a context of its own: no other takes them, and it takes nothing else. */
export function uploadBytesRoute(app: App, uploads: Uploads): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));

  app.patch(
    '/uploads/:upload',
    {
      config: changes('publisher', theirs(uploads), { action: 'upload.append', target: 'params.upload' }),
      schema: {
        tags: TAGS,
        summary: 'Go on with an upload',
        description:
          'What comes before a connection breaks counts. The answer to the last byte comes once the file is hashed, stored and inspected; it can be had again by a PATCH without bytes at the end. Another PATCH of the same upload ends this one.',
        consumes: ['application/octet-stream'],
        params,
        headers: Type.Object({
          'upload-offset': Type.Integer({ minimum: 0, description: 'where these bytes go on', examples: [0] }),
        }),
        ...answers('The upload', uploadSchema, [
          'upload-unknown',
          'upload-offset',
          'upload-superseded',
          'upload-overrun',
          'media-type-unsupported',
          'upload-digest',
          'package-corrupt',
          'package-not-upgrade',
          ...DISK,
        ]),
      },
    },
    async ({ params, headers, body, raw }) => {
      const bytes = body instanceof Readable ? stoppable(body) : Readable.from([]);
      // Hashing and inspecting a large package is no silence that should end the connection.
      const patiently = (): unknown => raw.socket.setTimeout(0);
      if (raw.complete) patiently();
      else raw.once('end', patiently);
      try {
        return uploadView(await uploads.append(params.upload, headers['upload-offset'], bytes));
      } finally {
        bytes.destroy();
      }
    },
  );
}

function theirs(uploads: Uploads): Resource {
  return {
    lies: ({ upload }) => ({ owner: uploads.owner(String(upload)) }),
    unknown: ({ upload }) => unknownUpload(String(upload)),
  };
}

/** The bytes of a request, which may be stopped without its connection: the rest is dropped, and the answer goes out. */
function stoppable(body: Readable): Incoming {
  const bytes = body.pipe(new PassThrough());
  finished(body, (error) => error && bytes.destroy(error));
  // Behind what `pipe` does then, which is to stop the reading.
  bytes.once('close', () => body.resume());
  // Who waits for the bytes is told of it too; nobody may wait.
  bytes.on('error', () => undefined);
  return bytes;
}
