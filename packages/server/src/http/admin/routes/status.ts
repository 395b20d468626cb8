import type { FastifyRequest } from 'fastify';
import type { Expiry } from '../../../domain/expiry.ts';
import { isAtLeast } from '../../../domain/principal.ts';
import type { Certificate } from '../../../ports/certificates.ts';
import type { Operator } from '../../../usecases/operator.ts';
import type { RolloutDesk } from '../../../usecases/rollout-desk.ts';
import { principalOf, reads, visible, within } from '../access.ts';
import type { ApiCertificate, ApiCounts, ApiExpiry } from '../api.ts';
import { stopView } from '../rollout-views.ts';
import { type App, answers } from '../route.ts';
import { statusSchema } from '../schemas.ts';
import { iso } from '../views.ts';

/** What the composition root knows of the running server. */
export interface ServerFacts {
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly dataDir: string;
  /** `undefined` where it does not listen. */
  readonly deviceUrl: string | undefined;
  readonly deviceTlsUrl: string | undefined;
  readonly deviceHost: string | undefined;
  readonly paths: readonly string[];
  readonly adminUrl: string | undefined;
  /** What is shown over TLS, where it is. */
  readonly certificates: { readonly devices: Certificate | undefined; readonly admin: Certificate | undefined };
  /** Releases on offer whose time ends soon, or has ended. */
  readonly expiring: readonly Expiry[];
  /** The latest, newest first. */
  readonly problems: readonly ServerProblem[];
}

export interface ServerProblem {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly code: string | undefined;
  readonly message: string;
}

/** What concerns the machine is for those who run it. */
const RUNS_IT = 'operator';

/** Problems that are shown. */
const SHOWN = 20;

export function statusRoute(
  app: App,
  operator: Operator,
  desk: Pick<RolloutDesk, 'stop'>,
  facts: () => ServerFacts,
): void {
  app.get(
    '/status',
    {
      config: reads('viewer', 'own'),
      schema: { tags: ['status'], summary: 'Say how the server is', ...answers('The status', statusSchema) },
    },
    async (request) => {
      const { version, startedAt, dataDir, deviceUrl, deviceTlsUrl, deviceHost, paths, adminUrl, ...rest } = facts();
      const { certificates, expiring, problems } = rest;
      const mayShow = visible(request);
      const seesAll = within(request) === undefined;
      const runsIt = seesAll && isAtLeast(principalOf(request).role, RUNS_IT);
      return {
        version,
        node: runsIt ? process.versions.node : null,
        startedAt: iso(startedAt),
        dataDir: runsIt ? dataDir : null,
        deviceUrl: deviceUrl ?? null,
        deviceTlsUrl: deviceTlsUrl ?? null,
        deviceHost: (runsIt ? deviceHost : undefined) ?? null,
        paths,
        adminUrl: (runsIt ? adminUrl : undefined) ?? null,
        certificates: { devices: shown(certificates.devices), admin: runsIt ? shown(certificates.admin) : null },
        counts: countsFor(request, operator),
        stop: stopView(desk.stop()),
        expiring: expiring.filter(({ release }) => mayShow(release)).map(expiryView),
        // They may name any project.
        problems: (seesAll ? problems : [])
          .slice(0, SHOWN)
          .map(({ at, code, message }) => ({ at: iso(at), code: code ?? null, message })),
      };
    },
  );
}

function expiryView({ release: { id, project, firmwareName, version }, at, hasPassed }: Expiry): ApiExpiry {
  return { release: id, project, firmwareName, version, notAfter: iso(at), hasPassed };
}

function shown(certificate: Certificate | undefined): ApiCertificate | null {
  if (certificate === undefined) return null;
  const { names, validFrom, expiresAt, fingerprint } = certificate;
  return { names, validFrom: iso(validFrom), expiresAt: iso(expiresAt), fingerprint };
}

/** What there is for the one who asks. Devices are counted in all projects together, or not at all. */
function countsFor(request: FastifyRequest, operator: Operator): ApiCounts {
  if (within(request) === undefined) return operator.counts();
  const mayShow = visible(request);
  const none = { project: undefined, firmwareName: undefined, state: undefined };
  return {
    projects: operator.projects().filter(({ name }) => mayShow({ project: name })).length,
    releases: operator.releases(none).filter(mayShow).length,
  };
}
