import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fastifySwagger } from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyReply, type FastifyRequest, type FastifySchema, fastify, type RouteOptions } from 'fastify';
import { Type } from 'typebox';
import { FotaServerError } from '../../domain/errors.ts';
import type { Backups } from '../../usecases/backup.ts';
import type { Bulk } from '../../usecases/bulk.ts';
import type { DeviceQueries } from '../../usecases/device-queries.ts';
import type { DeviceTables } from '../../usecases/device-tables.ts';
import type { Events } from '../../usecases/events.ts';
import type { Groups } from '../../usecases/groups.ts';
import type { Operator } from '../../usecases/operator.ts';
import type { Repeats } from '../../usecases/repeats.ts';
import type { RolloutDesk } from '../../usecases/rollout-desk.ts';
import type { Uploads } from '../../usecases/uploads.ts';
import type { Users } from '../../usecases/users.ts';
import type { VersionCounts } from '../../usecases/version-counts.ts';
import type { Webhooks } from '../../usecases/webhooks.ts';
import type { Proxies } from '../proxies.ts';
import { declared, open } from './access.ts';
import { addAuditing, noteFailure } from './auditing.ts';
import { type Compilers, WHEN_NEEDED } from './compilers.ts';
import { addConditions } from './conditions.ts';
import {
  bulkSchema,
  countSchema,
  deviceListingSchema,
  deviceSchema,
  explanationSchema,
  groupSchema,
  logEntrySchema,
  recordSchema,
  tableOutcomeSchema,
} from './device-schemas.ts';
import { addEntry, type EntryParts } from './entry.ts';
import { eventSchema } from './event-schemas.ts';
import { planShapes } from './plan-schemas.ts';
import { expected, PROBLEM_TYPE, problemOf } from './problems.ts';
import { addRepeating, describeRepeating } from './repeating.ts';
import { rolloutShapes } from './rollout-schemas.ts';
import { type App, describeProblems } from './route.ts';
import { attemptRoutes } from './routes/attempts.ts';
import { auditRoutes } from './routes/audit.ts';
import { backupRoutes } from './routes/backup.ts';
import { bulkRoutes } from './routes/bulk.ts';
import { deviceRoutes } from './routes/devices.ts';
import { eventRoutes } from './routes/events.ts';
import { groupRoutes } from './routes/groups.ts';
import { keyRingRoutes } from './routes/key-ring.ts';
import { planRoutes } from './routes/plan.ts';
import { profileRoutes } from './routes/profiles.ts';
import { projectRoutes } from './routes/projects.ts';
import { releaseRoutes } from './routes/releases.ts';
import { rolloutRoutes } from './routes/rollouts.ts';
import { sessionRoutes } from './routes/session.ts';
import { type ServerFacts, statusRoute } from './routes/status.ts';
import { stopRoutes } from './routes/stop.ts';
import { tableImportRoute, tableRoutes } from './routes/tables.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { uploadBytesRoute, uploadRoutes } from './routes/uploads.ts';
import { userRoutes } from './routes/users.ts';
import { versionRoutes } from './routes/versions.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import * as schemas from './schemas.ts';
import type { AdminLimits } from './servers.ts';
import { createStreaming } from './streaming.ts';
import { keyRingSchema, ringCountsSchema } from './trust-schemas.ts';
import { versionHistorySchema } from './version-schemas.ts';

export interface AppParts extends EntryParts {
  readonly users: Users;
  readonly operator: Operator;
  readonly devices: DeviceQueries;
  readonly groups: Groups;
  readonly bulk: Bulk;
  readonly tables: DeviceTables;
  readonly rollouts: RolloutDesk;
  readonly uploads: Uploads;
  readonly events: Events;
  readonly versions: Pick<VersionCounts, 'history'>;
  readonly backups: Backups;
  /** Default: none. */
  readonly proxies?: Proxies | undefined;
  readonly webhooks: Webhooks;
  readonly repeats: Repeats;
  readonly facts: () => ServerFacts;
  readonly limits: Pick<AdminLimits, 'jsonBytes'>;
  /** Of the schemas of all routes. Default: each is compiled when it is needed. */
  readonly compilers?: Compilers | undefined;
  /** Told of defects, and of what the operator must see to, such as a full disk. */
  readonly onProblem: (problem: unknown) => void;
  /** Aborted when the server begins to close. */
  readonly ending: AbortSignal;
}

/** The application behind both ways in. */
export interface AdminApp {
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Resolves when nothing that a request began runs any more. */
  close(): Promise<void>;
}

const PREFIX = '/api/v1';
/** Of an id of 128 characters, each of four bytes that are percent-encoded. */
const LONGEST_PARAMETER = 128 * 12;

export async function createApp(parts: AppParts): Promise<AdminApp> {
  const {
    operator,
    devices,
    groups,
    bulk,
    rollouts,
    uploads,
    tokens,
    audit,
    events,
    versions,
    facts,
    limits,
    onProblem,
    ending,
    compilers = WHEN_NEEDED,
  } = parts;
  const running = new Set<Promise<unknown>>();

  const refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const known = expected(error);
    const isGone = request.raw.destroyed && !request.raw.complete;
    const problem = problemOf(known ?? new FotaServerError('internal', 'the server met a defect of its own'));
    if (problem.status >= 500 && problem.code !== 'closed' && (known !== undefined || !isGone)) onProblem(error);
    // Closing while the client still sends would reset the connection, and the answer would be lost: see `hangUpSoon`.
    if (!request.raw.complete) {
      reply.removeHeader('connection');
      reply.raw.shouldKeepAlive = true;
    }
    const etag = known?.facts['etag'];
    if (typeof etag === 'string') reply.header('ETag', etag);
    noteFailure(request, problem.code);
    const { retryAfterS } = known?.facts ?? {};
    if (retryAfterS !== undefined) reply.header('Retry-After', String(retryAfterS));
    if (problem.status === 401) reply.header('WWW-Authenticate', 'Bearer');
    return reply.code(problem.status).type(PROBLEM_TYPE).serializer(String).send(JSON.stringify(problem));
  };

  const app: App = fastify({
    bodyLimit: limits.jsonBytes,
    trustProxy: (address: string | undefined) => parts.proxies?.isTrusted(address) === true,
    genReqId: () => randomBytes(9).toString('base64url'),
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    schemaController: { compilersFactory: { buildSerializer: compilers.buildSerializer } },
    frameworkErrors: (error, request, reply) => void refuse(error, request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.setErrorHandler(refuse);
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async () => {
    if (ending.aborted) throw new FotaServerError('closed', 'the server is closing');
  });
  const identify = addEntry(app, parts);
  // Before it is noted that a change begins: what is only answered again changes nothing.
  addRepeating(app, parts.repeats, onProblem);
  addAuditing(app, audit, onProblem);
  app.addHook('onSend', async (request, reply) => {
    reply.header('X-Request-Id', request.id);
    if (ending.aborted) reply.header('Connection', 'close');
  });

  const describeConditions = addConditions(app);
  const describe: Describe = (schema, route) =>
    describeProblems(describeRepeating(describeConditions(schema, route), route));
  await app.register(fastifySwagger, description(facts().version, describe));
  const known = knownAddresses(app);
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?', 1);
    const methods = known(path);
    if (methods.length === 0) throw new FotaServerError('not-found', `nothing is at ${path.slice(0, 256)}`);
    reply.header('Allow', methods.join(', '));
    throw new FotaServerError('method-not-allowed', `${path.slice(0, 256)} does not take ${request.method}`);
  });
  app.addHook('onRoute', (route) => {
    declared(route);
    const { handler } = route;
    // Not by `setValidatorCompiler`, which a context with schemas of its own forgets.
    route.validatorCompiler = compilers.validator;
    // An answer may be given up by its client while its work goes on: that must end before the database closes.
    route.handler = function (request, reply) {
      const work = Promise.resolve(handler.call(this, request, reply)).finally(() => running.delete(work));
      running.add(work);
      return work;
    };
  });
  const device = [
    bulkSchema,
    countSchema,
    deviceListingSchema,
    deviceSchema,
    explanationSchema,
    groupSchema,
    logEntrySchema,
    recordSchema,
    tableOutcomeSchema,
    eventSchema,
    versionHistorySchema,
    keyRingSchema,
    ringCountsSchema,
  ];
  for (const schema of [...Object.values(schemas), ...device, ...rolloutShapes, ...planShapes]) app.addSchema(schema);

  await app.register(
    context((routes) => {
      statusRoute(routes, operator, rollouts, facts);
      projectRoutes(routes, operator);
      keyRingRoutes(routes, operator, devices);
      uploadRoutes(routes, uploads);
      void routes.register(context((bytes) => uploadBytesRoute(bytes, uploads)));
      releaseRoutes(routes, operator, uploads);
      rolloutRoutes(routes, rollouts, operator);
      planRoutes(routes, rollouts, operator);
      attemptRoutes(routes, rollouts);
      stopRoutes(routes, rollouts);
      deviceRoutes(routes, operator, devices);
      profileRoutes(routes, operator);
      versionRoutes(routes, operator, versions);
      groupRoutes(routes, groups);
      bulkRoutes(routes, bulk);
      tableRoutes(routes, parts.tables);
      void routes.register(context((tables) => tableImportRoute(tables, parts.tables)));
      tokenRoutes(routes, tokens);
      eventRoutes(routes, operator, events, { streaming: createStreaming({ events, ending, onProblem }), identify });
      backupRoutes(routes, parts.backups);
      webhookRoutes(routes, parts.webhooks);
      auditRoutes(routes, audit);
      userRoutes(routes, parts.users);
      sessionRoutes(routes, parts);
    }),
    { prefix: PREFIX },
  );
  app.get(
    `${PREFIX}/openapi.json`,
    {
      config: open(),
      schema: {
        tags: ['status'],
        summary: 'This document',
        security: [],
        response: { 200: Type.Unknown({ description: 'OpenAPI 3.1' }) },
      },
    },
    async () => app.swagger(),
  );
  await app.ready();

  return {
    handle: (request, response) => app.routing(request, response),
    async close() {
      await Promise.allSettled(running);
      await app.close();
    },
  };
}

/** A context of its own for routes. What is wrong with one of them keeps the application from starting. */
function context(add: (routes: App) => void): (app: App, options: object, done: (error?: Error) => void) => void {
  return (app, _options, done) => {
    try {
      add(app);
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}

/** Of a path the methods that have a route there. */
function knownAddresses(app: App): (path: string) => readonly string[] {
  const routes: Array<{ readonly pattern: RegExp; readonly methods: readonly string[] }> = [];
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({
      pattern: new RegExp(`^${url.replace(/:\w+/g, '[^/]+').replace('.', '\\.')}$`),
      methods: [method].flat(),
    });
  });
  return (path) => [...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))];
}

type Describe = (schema: FastifySchema, route: RouteOptions) => FastifySchema;

function description(version: string, describe: Describe): Parameters<typeof fastifySwagger>[1] {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Admin API of the upgrade server',
        description:
          'Over the network with a token, over the socket in the data folder without. x-fota-role is the lowest role that an operation takes. Errors are problems by RFC 9457; docs/errors.md lists their codes. Lists come in pages: give the cursor of one to get the next.',
        version,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'fota_…' } } },
      security: [{ token: [] }],
    },
    transform: ({ schema, url, route }) => {
      const { role, where } = route.config?.access ?? {};
      const scope = typeof where === 'object' ? 'resource' : where;
      const takes = role === undefined ? {} : { 'x-fota-role': role, 'x-fota-where': scope };
      return { schema: { ...describe(schema, route), ...takes }, url };
    },
    refResolver: { buildLocalReference: ({ $id }, _base, _fragment, index) => String($id ?? `def-${index}`) },
  };
}
