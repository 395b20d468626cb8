/**
 * The shapes of answers, as JSON Schema: what fastify writes out by, and the OpenAPI document is made of. Whatever is not in
 * a schema does not leave the server. The compiler holds each to its type of api.ts.
 */
import { type TUnsafe, Type } from 'typebox';
import { SERVER_ERRORS, type ServerErrorCode } from '../../domain/errors.ts';
import { ROLES } from '../../domain/principal.ts';
import type {
  ApiNewToken,
  ApiProblem,
  ApiProject,
  ApiPublished,
  ApiRelease,
  ApiStatus,
  ApiToken,
  ApiUpload,
} from './api.ts';
import { stopSchema } from './rollout-schemas.ts';
import { closed, count, oneOf, projects, ref, secret, sha256, shape, text, time } from './shape.ts';

export const problemSchema: TUnsafe<ApiProblem> = shape<ApiProblem>()(
  'Problem',
  Type.Object(
    {
      type: Type.String({ description: 'urn:fota: and the code', examples: ['urn:fota:project-unknown'] }),
      title: text('what the code means'),
      status: Type.Integer({ examples: [404] }),
      detail: text('what happened this time'),
      code: oneOf(Object.keys(SERVER_ERRORS) as ServerErrorCode[], 'stable; docs/errors.md lists all'),
      remedy: text('what to do about it'),
      offset: Type.Optional(count('of upload-offset: bytes that the upload has')),
      nextFreeVersion: Type.Optional(text('of version-taken: the next version that is free')),
      position: Type.Optional(count('of query-invalid: where in the query, from 0')),
      suggestion: Type.Optional(text('of query-invalid: what was probably meant')),
      problems: Type.Optional(
        Type.Array(
          Type.Object(
            {
              line: count('from 1'),
              column: Type.Optional(text('its name, where it is about one')),
              message: Type.String(),
            },
            closed,
          ),
          { description: 'of table-invalid: the first of what is wrong' },
        ),
      ),
      wrong: Type.Optional(count('of table-invalid: how much is wrong in all, as far as it was read')),
    },
    closed,
  ),
);

const certificate = Type.Object(
  {
    names: text('whom it is for, such as DNS:fota.example.com'),
    validFrom: time('when it begins to be valid'),
    expiresAt: time('when it ends to be'),
    fingerprint: text('SHA-256, in hex with colons'),
  },
  closed,
);

const FOR_THOSE = 'null for those who are no operators of all projects';

export const statusSchema: TUnsafe<ApiStatus> = shape<ApiStatus>()(
  'Status',
  Type.Object(
    {
      version: text('of this program'),
      node: Type.Union([Type.String(), Type.Null()], { description: `version of Node; ${FOR_THOSE}` }),
      startedAt: time('when the server started'),
      dataDir: Type.Union([Type.String(), Type.Null()], {
        description: `the data folder on the machine of the server; ${FOR_THOSE}`,
      }),
      deviceUrl: Type.Union([Type.String(), Type.Null()], {
        description: 'where devices on the machine of the server ask; null: nowhere',
      }),
      deviceTlsUrl: Type.Union([Type.String(), Type.Null()], {
        description: 'the same over TLS; null: nowhere',
      }),
      deviceHost: Type.Union([Type.String(), Type.Null()], {
        description: 'the address that is listened on for devices, such as 0.0.0.0; null: none, or not told: see node',
      }),
      paths: Type.Array(Type.String(), {
        description: 'where LuatOS devices ask besides the path of the platform, as configured',
      }),
      adminUrl: Type.Union([Type.String(), Type.Null()], {
        description: 'where this API is on the network; null: nowhere, or not told: see node',
      }),
      certificates: Type.Object(
        {
          devices: Type.Union([certificate, Type.Null()], { description: 'shown to devices; null: none' }),
          admin: Type.Union([certificate, Type.Null()], {
            description: 'shown to clients of this API; null: none, or not told',
          }),
        },
        closed,
      ),
      counts: Type.Object(
        {
          projects: count('projects'),
          releases: count('releases'),
          devices: Type.Optional(count('each counted once a firmware; left out for those who do not see all projects')),
        },
        closed,
      ),
      stop: ref(stopSchema),
      expiring: Type.Array(
        Type.Object(
          {
            release: count('id of the release'),
            project: Type.String(),
            firmwareName: Type.String(),
            version: text('of the release'),
            notAfter: time('the first of its packages may be taken until then'),
            hasPassed: Type.Boolean({ description: 'devices with a key ring take it no more' }),
          },
          closed,
        ),
        { description: 'signed releases on offer that may be taken for 14 more days at most, or no more' },
      ),
      problems: Type.Array(
        Type.Object(
          {
            at: time('when it happened'),
            code: Type.Union([Type.String(), Type.Null()], { description: 'of docs/errors.md, where it has one' }),
            message: text('what happened'),
          },
          closed,
        ),
        { description: 'the latest, newest first; none for those who do not see all projects' },
      ),
    },
    closed,
  ),
);

export const projectSchema: TUnsafe<ApiProject> = shape<ApiProject>()(
  'Project',
  Type.Object(
    {
      name: text('what people call it by'),
      key: text('what devices send as project_key'),
      formerKeys: Type.Array(Type.String(), { description: 'earlier keys, still accepted; newest first' }),
      registration: oneOf(['open', 'closed'], 'whether devices that nobody has allowed are registered'),
      refusals: oneOf(['json', 'empty'], 'what refusals carry'),
      keyRing: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
        description: 'the number of its key ring; null: it has none, and its releases need no signature',
      }),
      createdAt: time('when it was made'),
    },
    closed,
  ),
);

const proposed = Type.Object(
  { value: Type.String(), from: oneOf(['content', 'file name', 'content and file name'], 'where it was read') },
  closed,
);

export const uploadSchema: TUnsafe<ApiUpload> = shape<ApiUpload>()(
  'Upload',
  Type.Object(
    {
      id: text('of the upload'),
      fileName: text('empty where it has none'),
      size: count('bytes, as announced'),
      offset: count('bytes that came'),
      state: oneOf(['open', 'complete'], 'complete: it can be published'),
      sha256: Type.Optional(sha256()),
      inspection: Type.Optional(
        Type.Object(
          {
            format: oneOf(['ec618', 'ec7xx', 'air8101', 'lfta', 'xt804', 'luadb', 'opaque'], 'what the bytes are'),
            kind: oneOf(
              ['script', 'script-and-core-delta', 'core-delta', 'full-core', 'full', 'unknown'],
              'what a device changes with it',
            ),
            project: Type.Optional(text('PROJECT of the script inside')),
            version: Type.Optional(text('VERSION of the script inside')),
            productKeySha256: Type.Optional(text('SHA-256 of the PRODUCT_KEY of the script inside')),
            sourceCore: Type.Optional(text('the core that it applies to')),
            targetCore: Type.Optional(text('the core that it leads to')),
            needsSourceCore: Type.Boolean({ description: 'it must only go to devices of the source core' }),
            facts: Type.Array(Type.Object({ label: Type.String(), value: Type.String() }, closed)),
            warnings: Type.Array(Type.String()),
          },
          closed,
        ),
      ),
      proposal: Type.Optional(
        Type.Object(
          {
            firmwareName: Type.Optional(proposed),
            version: Type.Optional(proposed),
            core: Type.Optional(proposed),
            sourceCore: Type.Optional(proposed),
          },
          { ...closed, description: 'how it might be published' },
        ),
      ),
      expiresAt: time('when it is forgotten, unless more bytes come'),
    },
    closed,
  ),
);

export const releaseSchema: TUnsafe<ApiRelease> = shape<ApiRelease>()(
  'Release',
  Type.Object(
    {
      id: count('of the release'),
      project: text('name of the project'),
      firmwareName: text('what devices send as firmware_name'),
      version: text('as its maker calls it'),
      core: Type.Optional(text('the core that devices run afterwards')),
      wireVersion: text('what a device that runs it sends as version'),
      state: oneOf(['draft', 'published', 'withdrawn'], 'never goes back'),
      notes: text('for people'),
      isFloor: Type.Boolean({ description: 'devices below its version must pass through it' }),
      packages: Type.Array(
        Type.Object(
          {
            sha256: sha256(),
            size: count('bytes'),
            source: text('any, or the core that a device must run'),
            fileName: text('of the upload'),
            format: text('what inspection found'),
            signature: Type.Optional(text('in the format of minisign; left out: it is not signed')),
          },
          closed,
        ),
      ),
      createdAt: time('when it was made'),
      publishedAt: Type.Optional(time('when devices began to hear of it')),
      withdrawnAt: Type.Optional(time('when they ceased to')),
    },
    closed,
  ),
);

export const publishedSchema: TUnsafe<ApiPublished> = shape<ApiPublished>()(
  'Published',
  Type.Object(
    {
      release: ref(releaseSchema),
      isNew: Type.Boolean({ description: 'false: the very same was published before' }),
      warnings: Type.Array(Type.String(), { description: 'what an operator should know' }),
    },
    closed,
  ),
);

const token = {
  id: Type.String(),
  name: text('who it is for'),
  role: oneOf([...ROLES], 'what it may do'),
  projects: projects('where it may do that'),
  createdAt: time('when it was made'),
  expiresAt: Type.Optional(time('when it ends')),
  lastUsedAt: Type.Optional(time('when it let somebody in last, some minutes behind')),
};

export const tokenSchema: TUnsafe<ApiToken> = shape<ApiToken>()('Token', Type.Object(token, closed));

export const newTokenSchema: TUnsafe<ApiNewToken> = shape<ApiNewToken>()(
  'NewToken',
  Type.Object(
    {
      ...token,
      token: secret('shown this once', 'fota_…'),
    },
    closed,
  ),
);
