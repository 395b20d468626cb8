import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { fastifySwagger } from '@fastify/swagger';
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { Type } from 'typebox';
import { FotaServerError } from '../../domain/errors.ts';
import { LOCAL, type Principal } from '../../domain/principal.ts';
import type { Events } from '../../usecases/events.ts';
import type { Operator } from '../../usecases/operator.ts';
import type { Tokens } from '../../usecases/tokens.ts';
import type { Uploads } from '../../usecases/uploads.ts';
import { checkEntry, checkTouched, declared, open } from './access.ts';
import {
  deviceListingSchema,
  deviceSchema,
  explanationSchema,
  logEntrySchema,
  recordSchema,
} from './device-schemas.ts';
import { eventSchema } from './event-schemas.ts';
import { expected, PROBLEM_TYPE, problemOf } from './problems.ts';
import { type App, describeProblems } from './route.ts';
import { deviceRoutes } from './routes/devices.ts';
import { eventRoutes } from './routes/events.ts';
import { profileRoutes } from './routes/profiles.ts';
import { projectRoutes } from './routes/projects.ts';
import { releaseRoutes } from './routes/releases.ts';
import { type ServerFacts, statusRoute } from './routes/status.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { uploadBytesRoute, uploadRoutes } from './routes/uploads.ts';
import * as schemas from './schemas.ts';
import type { AdminLimits } from './servers.ts';
import { createStreaming } from './streaming.ts';

export interface AppParts {
  readonly operator: Operator;
  readonly uploads: Uploads;
  readonly tokens: Tokens;
  readonly events: Events;
  readonly facts: () => ServerFacts;
  readonly limits: Pick<AdminLimits, 'jsonBytes'>;
  /** Told of defects, and of what the operator must see to, such as a full disk. */
  readonly onProblem: (problem: unknown) => void;
  /** Whether the connection came over the socket, which needs no token. */
  readonly isLocal: (socket: Socket) => boolean;
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
  const { operator, uploads, tokens, events, facts, limits, onProblem, isLocal, ending } = parts;
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
    if (problem.status === 401) reply.header('WWW-Authenticate', 'Bearer');
    return reply.code(problem.status).type(PROBLEM_TYPE).serializer(String).send(JSON.stringify(problem));
  };

  const app: App = fastify({
    bodyLimit: limits.jsonBytes,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    frameworkErrors: (error, request, reply) => void refuse(error, request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>();
  const principalOf = ({ raw }: FastifyRequest): Principal => (isLocal(raw.socket) ? LOCAL : bearer(tokens, raw));

  app.decorateRequest('principal', undefined);
  app.setErrorHandler(refuse);
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async () => {
    if (ending.aborted) throw new FotaServerError('closed', 'the server is closing');
  });
  app.addHook('onRequest', async (request) => {
    const { access } = request.routeOptions.config;
    if (access?.role === undefined) return;
    request.principal = principalOf(request);
    checkEntry(access, request.principal, request.params);
  });
  app.addHook('preHandler', async ({ routeOptions, principal, params, body }) => {
    const { access } = routeOptions.config;
    if (access !== undefined && principal !== undefined) checkTouched(access, principal, params, body);
  });
  app.addHook('onSend', async (_request, reply) => {
    if (ending.aborted) reply.header('Connection', 'close');
  });

  await app.register(fastifySwagger, description(facts().version));
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
    // Not by `setValidatorCompiler`, which a context with schemas of its own forgets: the default drops what it does not know.
    route.validatorCompiler = TypeBoxValidatorCompiler;
    // An answer may be given up by its client while its work goes on: that must end before the database closes.
    route.handler = function (request, reply) {
      const work = Promise.resolve(handler.call(this, request, reply)).finally(() => running.delete(work));
      running.add(work);
      return work;
    };
  });
  const device = [deviceListingSchema, deviceSchema, explanationSchema, logEntrySchema, recordSchema, eventSchema];
  for (const schema of [...Object.values(schemas), ...device]) app.addSchema(schema);

  await app.register(
    (routes: App, _options, done) => {
      statusRoute(routes, operator, facts);
      projectRoutes(routes, operator);
      uploadRoutes(routes, uploads);
      void routes.register((bytes: App, _none, ready) => {
        uploadBytesRoute(bytes, uploads);
        ready();
      });
      releaseRoutes(routes, operator, uploads);
      deviceRoutes(routes, operator);
      profileRoutes(routes, operator);
      tokenRoutes(routes, tokens);
      const streaming = createStreaming({ events, ending, onProblem });
      eventRoutes(routes, operator, events, { streaming, identify: principalOf });
      done();
    },
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

const BEARER = /^Bearer ([A-Za-z0-9_]{1,256})$/i;

/** @throws FotaServerError `token-missing`, `token-invalid`, `token-expired` */
function bearer(tokens: Tokens, { headers }: IncomingMessage): Principal {
  const { authorization } = headers;
  if (authorization === undefined)
    throw new FotaServerError('token-missing', 'the request has no Authorization header');
  return tokens.principal(BEARER.exec(authorization)?.[1] ?? '');
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

function description(version: string): Parameters<typeof fastifySwagger>[1] {
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
      return { schema: { ...describeProblems(schema), ...takes }, url };
    },
    refResolver: { buildLocalReference: ({ $id }, _base, _fragment, index) => String($id ?? `def-${index}`) },
  };
}
