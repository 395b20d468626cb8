import type { Operator } from '../../../usecases/operator.ts';
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
  readonly deviceHost: string | undefined;
  readonly paths: readonly string[];
  readonly adminUrl: string | undefined;
  /** The latest, newest first. */
  readonly problems: readonly ServerProblem[];
}

export interface ServerProblem {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly code: string | undefined;
  readonly message: string;
}

/** Problems that are shown. */
const SHOWN = 20;

export function statusRoute(app: App, operator: Operator, facts: () => ServerFacts): void {
  app.get(
    '/status',
    { schema: { tags: ['status'], summary: 'Say how the server is', ...answers('The status', statusSchema) } },
    async () => {
      const { version, startedAt, dataDir, deviceUrl, deviceHost, paths, adminUrl, problems } = facts();
      return {
        version,
        node: process.versions.node,
        startedAt: iso(startedAt),
        dataDir,
        deviceUrl: deviceUrl ?? null,
        deviceHost: deviceHost ?? null,
        paths,
        adminUrl: adminUrl ?? null,
        counts: operator.counts(),
        problems: problems
          .slice(0, SHOWN)
          .map(({ at, code, message }) => ({ at: iso(at), code: code ?? null, message })),
      };
    },
  );
}
