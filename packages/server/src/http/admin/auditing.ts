/**
 * Writes the audit log of the admin API, for every route alike: what a route changes is written before its handler runs, how
 * it ended before the answer leaves, and who was kept out. A route only says what of it is kept (`changes` in access.ts).
 */
import type { FastifyRequest } from 'fastify';
import { FotaServerError } from '../../domain/errors.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Attempt, Audit } from '../../usecases/audit.ts';
import type { Audited } from './access.ts';
import type { App } from './route.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What was written of it, while its end is not. */
    begun: Begun | undefined;
  }
}

interface Begun {
  readonly id: number;
  code: string;
  made: string | undefined;
}

/** Characters of one detail, as JSON, that are kept. */
const LONGEST_DETAIL = 2_000;
/** Characters of a name that are kept. */
const LONGEST_NAME = 256;

export function addAuditing(app: App, audit: Audit, onProblem: (problem: unknown) => void): void {
  app.decorateRequest('begun', undefined);

  app.addHook('preHandler', async (request) => {
    const { access } = request.routeOptions.config;
    if (access?.role !== undefined && access.audited !== undefined) await begin(audit, request);
  });
  app.addHook('preSerialization', async (request, _reply, payload: unknown) => {
    const { begun } = request;
    const made = request.routeOptions.config.access?.audited?.made;
    if (begun !== undefined && made !== undefined) begun.made = nameAt(payload, made);
    return payload;
  });
  app.addHook('onSend', async (request) => {
    const { begun } = request;
    if (begun === undefined) return;
    request.begun = undefined;
    // What is done is done, and its beginning is written: its answer does not wait for room on the disk.
    await audit.end(begun.id, begun.code, begun.code === 'ok' ? begun.made : undefined).catch(onProblem);
  });
}

/** Writes that this request begins to change something: for routes that are open, once they know who asks. @throws FotaServerError `disk-full`, `data-dir-unusable` */
export async function begin(audit: Audit, request: FastifyRequest): Promise<void> {
  const { access } = request.routeOptions.config;
  const id = await audit.begin(attemptOf(request, access?.audited));
  request.begun = { id, code: 'ok', made: undefined };
}

/** Notes how a request that has begun something failed. */
export function noteFailure({ begun }: FastifyRequest, code: string): void {
  if (begun !== undefined) begun.code = code;
}

/** Notes that a request was kept out, or from something; `target` where the route does not say it. */
export function noteRefusal(audit: Audit, request: FastifyRequest, error: unknown, target?: string): void {
  const code = error instanceof FotaServerError ? error.code : 'internal';
  const attempt = attemptOf(request, request.routeOptions.config.access?.audited);
  audit.refused({ ...attempt, target: target ?? attempt.target }, code);
}

function attemptOf(request: FastifyRequest, audited: Audited | undefined): Attempt {
  const { method, routeOptions, ip, id, body, query } = request;
  const params = request.params as Readonly<Record<string, unknown>> | undefined;
  const principal: Principal | undefined = request.principal;
  const { target, details = [], sums } = audited ?? {};
  return {
    principal,
    action: audited?.action ?? `${method} ${routeOptions.url ?? ''}`,
    project: request.touched ?? nameAt(params, 'project') ?? nameAt(body, 'project'),
    target: target && nameAt({ params, body }, target),
    details: detailsOf({ ...(query as object | undefined), ...(body as object | undefined) }, details, sums?.(body)),
    from: ip || undefined,
    request: id,
  };
}

/** The name at a path of members, cut to what is kept. */
function nameAt(value: unknown, path: string): string | undefined {
  let found = value;
  for (const member of path.split('.'))
    found = (found as Readonly<Record<string, unknown>> | null | undefined)?.[member];
  return typeof found === 'string' || typeof found === 'number' ? String(found).slice(0, LONGEST_NAME) : undefined;
}

function detailsOf(
  body: unknown,
  names: readonly string[],
  summed: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> | undefined {
  const given = (body ?? {}) as Readonly<Record<string, unknown>>;
  const kept = names.flatMap((name) => (given[name] === undefined ? [] : [[name, bounded(given[name])] as const]));
  const all = { ...Object.fromEntries(kept), ...summed };
  return Object.keys(all).length === 0 ? undefined : all;
}

function bounded(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text.length <= LONGEST_DETAIL ? value : `${text.slice(0, LONGEST_DETAIL)}…`;
}
