/**
 * Who may call a route, and where what it touches lies. Every route says so in its config, with one of
 *
 *     config: reads('viewer', 'path')
 *     config: changes('operator', 'path', { action: 'device.access', target: 'params.device', details: ['access'] })
 *     config: open()
 *
 * and a server whose routes do not does not start. The rule is one: who has too low a role is told so (403); what lies in a
 * project that one does not see is answered as if it were not there (404, or left out of a list).
 */
import type { FastifyRequest, RouteOptions } from 'fastify';
import { unknownProject } from '../../domain/catalogue.ts';
import { FotaServerError } from '../../domain/errors.ts';
import { isAtLeast, mayTouch, type Principal, type Role, sees } from '../../domain/principal.ts';

/**
 * Where what a route touches lies:
 * - `path`, `body`: in the project that is called `project` there;
 * - `query`: it lists; perhaps only the project that is called `project` there. The handler leaves out what is not
 *   {@link visible};
 * - `server`: in no project, or in all of them: it takes one who sees all;
 * - `own`: with the one who asks;
 * - a {@link Resource}: where the thing lies that the address, or the body, names.
 */
export type Where = 'path' | 'body' | 'query' | 'server' | 'own' | Resource;

/** A thing that the address names by its parameters, or the body by its fields, as they are once they are valid. */
export interface Resource {
  /** Its project, or who began it. Throws where it is not there. */
  readonly lies: (params: Params, body: unknown) => { readonly project: string } | { readonly owner: string };
  /** What `lies` throws then. */
  readonly unknown: (params: Params, body: unknown) => FotaServerError;
}

type Params = Readonly<Record<string, string | number>>;

/** What the audit log keeps of a request that changes something, besides who asked, when, and how it ended. */
export interface Audited {
  /** What is done to what: `project.create`. */
  readonly action: string;
  /** Where its name stands. Default: nowhere; the project says enough. */
  readonly target?: `params.${string}` | `body.${string}`;
  /** Where the answer names what was made: `id`, `release.id`. */
  readonly made?: string;
  /** Fields of the body, or of the query, that are kept too. Never a secret, a password or a key. */
  readonly details?: readonly string[];
  /** What is kept of a body, valid or not, whose fields are too long themselves. Must not throw. Never a secret either. */
  readonly sums?: (body: unknown) => Readonly<Record<string, unknown>>;
}

/** What a route says of itself. */
export interface Access {
  /** The lowest that it takes; `undefined`: nobody is asked who they are. */
  readonly role: Role | undefined;
  readonly where: Where;
  /** `undefined`: it changes nothing. */
  readonly audited: Audited | undefined;
  /** It changes nothing, though its method might. */
  readonly isQuestion?: true;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** See {@link principalOf}. */
    principal: Principal | undefined;
    /** The project of the thing that the address names, once that is known. */
    touched: string | undefined;
  }
}

interface Config {
  readonly access: Access;
}

/** Of a route that only tells something. */
export function reads(role: Role, where: Where): Config {
  return { access: { role, where, audited: undefined } };
}

/** Of a route that only tells something, of what it is told in a body. */
export function asks(role: Role, where: Where): Config {
  return { access: { role, where, audited: undefined, isQuestion: true } };
}

/** Of a route that changes something. */
export function changes(role: Role, where: Where, audited: Audited): Config {
  return { access: { role, where, audited } };
}

/** Of a route for everybody, known or not. */
export function open(audited?: Audited): Config {
  return { access: { role: undefined, where: 'own', audited } };
}

/** Who asks. Not in routes that are {@link open}. */
export function principalOf({ principal }: FastifyRequest): Principal {
  if (principal === undefined) throw new Error('nobody was asked who they are');
  return principal;
}

/** Of what a route lets nobody below a role do, though it takes lower ones for the rest. @throws FotaServerError `forbidden` */
export function expectRole(request: FastifyRequest, role: Role, what: string): void {
  const { kind, name, role: has } = principalOf(request);
  if (isAtLeast(has, role)) return;
  throw new FotaServerError('forbidden', `${what} takes the role ${role}; the ${kind} "${name}" is ${has}`);
}

/** What is left of a list for the one who asks, item by item. */
export function visible(request: FastifyRequest): (item: { readonly project: string }) => boolean {
  const principal = principalOf(request);
  return ({ project }) => sees(principal, project);
}

/** The projects that a list may tell of; `undefined`: all. */
export function within(request: FastifyRequest): readonly string[] | undefined {
  const { projects } = principalOf(request);
  return projects === 'all' ? undefined : projects;
}

/**
 * What a route says of itself, held to its shape.
 * @throws Error naming what to write
 */
export function declared({
  method,
  url,
  config,
  schema,
}: Pick<RouteOptions, 'method' | 'url' | 'config' | 'schema'>): Access {
  const methods = [method].flat();
  const fails = (what: string): Error => new Error(`${methods.join(', ')} ${url} ${what} (see http/admin/access.ts)`);
  const access = config?.access;
  if (access === undefined) {
    throw fails(
      "says not who may call it: add config: reads(ROLE, WHERE), asks(ROLE, WHERE), changes(ROLE, WHERE, { action: 'thing.verb' }) or open()",
    );
  }
  const isReading = access.isQuestion === true || methods.every((one) => one === 'GET' || one === 'HEAD');
  if (isReading !== (access.audited === undefined)) {
    throw fails(isReading ? 'changes nothing: use reads(…)' : 'changes something: use changes(…), for the audit log');
  }
  if (access.audited !== undefined && !/^[a-z-]+\.[a-z-]+$/.test(access.audited.action)) {
    throw fails(`has the action "${access.audited.action}": write it as thing.verb`);
  }
  const { target = '', details = [] } = access.audited ?? {};
  if (/password|secret|key$/i.test(target) || details.some((name) => /password|secret|token|key/i.test(name))) {
    throw fails('would write a secret into the audit log');
  }
  const { body, querystring } = (schema ?? {}) as Readonly<Record<string, Shape | undefined>>;
  if (access.where === 'path' && !url.includes('/:project')) throw fails('has no :project in its path');
  if (access.where === 'body' && body?.required?.includes('project') !== true) {
    throw fails('does not require "project" in its body');
  }
  if (access.where === 'query' && (!isReading || querystring === undefined)) throw fails('is no list: it has no query');
  return access;
}

interface Shape {
  readonly required?: readonly string[];
}

/** What can be said before the body is read. @throws FotaServerError `forbidden`, `project-unknown` */
export function checkEntry({ role, where }: Access, principal: Principal, params: unknown): void {
  if (role === undefined) return;
  const { project } = params as { readonly project?: string };
  const inPath = where === 'path' && project !== undefined ? project : undefined;
  if (!isAtLeast(principal.role, role) || (where === 'server' && principal.projects !== 'all')) {
    throw forbidden(role, where, inPath, principal);
  }
  if (inPath !== undefined && !sees(principal, inPath)) throw unknownProject(inPath);
}

/**
 * The rest, once the request is known to be valid. Gives the project of the thing that the address names, if that lies in one.
 * @throws FotaServerError of something that is not there
 */
export function checkTouched(
  { role, where }: Access,
  principal: Principal,
  params: unknown,
  body: unknown,
): string | undefined {
  if (role === undefined) return undefined;
  if (where === 'body') {
    const { project } = body as { readonly project: string };
    if (!sees(principal, project)) throw unknownProject(project);
  }
  if (typeof where === 'string') return undefined;
  const found = where.lies(params as Params, body);
  const isThere = 'owner' in found ? mayTouch(principal, found.owner) : sees(principal, found.project);
  if (!isThere) throw where.unknown(params as Params, body);
  return 'project' in found ? found.project : undefined;
}

function forbidden(
  role: Role,
  where: Where,
  project: string | undefined,
  { kind, name, role: has, projects }: Principal,
): FotaServerError {
  const place = where === 'server' ? ' for all projects' : project === undefined ? '' : ` for the project "${project}"`;
  const only = where === 'server' && projects !== 'all' ? `, for ${projects.length} of them` : '';
  return new FotaServerError(
    'forbidden',
    `this takes the role ${role}${place}; the ${kind} "${name}" is ${has}${only}`,
  );
}
