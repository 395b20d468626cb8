import { compileQuery, parseQuery, type Query, resolveGroups } from '@libfota2/protocol';
import type { Project, Release } from '../domain/catalogue.ts';
import { factsOf } from '../domain/facts.ts';
import { type Gate, gateOf, type Plan, type Policy, planOf } from '../domain/plan.ts';
import type { Rollout, Target } from '../domain/rollout.ts';
import { openingOf } from '../domain/windows.ts';

/** The plan of this moment: made anew when something of it has changed, or a window opens or closes. */
export interface Planning {
  /** `now`: milliseconds since 1970. */
  plan(now: number): Plan;
  /** Projects, releases, rollouts, groups or the policy have changed. */
  changed(): void;
}

/** What a plan is made of. */
export interface PlanParts {
  readonly projects: () => readonly Project[];
  readonly releases: () => readonly Release[];
  readonly rollouts: () => readonly Rollout[];
  /** The query of a saved group; `undefined`: there is none of this name. */
  readonly groupQuery: (project: string, group: string) => Query | undefined;
  readonly policy: () => Policy;
  /** Told of a target that cannot be asked any more: nobody new comes in by it. */
  readonly onProblem: (problem: unknown) => void;
}

export function createPlanning(parts: PlanParts): Planning {
  let made: { readonly plan: Plan; readonly from: number; readonly until: number } | undefined;

  const make = (now: number) => {
    const gates = parts.rollouts().map((rollout) => {
      const opening = openingOf(rollout.windows, rollout.timeZone, now);
      return gateOf(rollout, targetTest(rollout, parts), opening);
    });
    const changes = gates.map(({ opening }) => opening.changesAt ?? Number.POSITIVE_INFINITY);
    const plan = planOf(parts.projects(), parts.releases(), parts.policy(), gates);
    return { plan, from: now, until: Math.min(...changes) };
  };

  return {
    plan(now) {
      // Also where the clock was set back: windows are as of that time then.
      if (made === undefined || now >= made.until || now < made.from) made = make(now);
      return made.plan;
    },
    changed() {
      made = undefined;
    },
  };
}

/** Whether a device belongs to the target of a rollout. */
function targetTest({ id, project, target }: Rollout, parts: PlanParts): Gate['isTarget'] {
  if (target.kind === 'all') return () => true;
  if (target.kind === 'list') {
    const ids = new Set(target.ids);
    return (device) => ids.has(device.id);
  }
  try {
    const query = resolvedTarget(project, target, parts.groupQuery);
    const matches = compileQuery(query);
    return (device, circumstances, now) => matches(factsOf(device, circumstances), now);
  } catch (problem) {
    parts.onProblem(new Error(`rollout ${id} lets nobody new in: ${(problem as Error).message}`, { cause: problem }));
    return () => false;
  }
}

/** The query of a target, its groups resolved. @throws QueryError */
export function resolvedTarget(
  project: string,
  target: Extract<Target, { kind: 'query' | 'group' }>,
  groupQuery: PlanParts['groupQuery'],
): Query {
  const asked: Query =
    target.kind === 'query'
      ? parseQuery(target.query)
      : { kind: 'term', field: 'group', operator: '=', value: { parts: [target.group] } };
  return resolveGroups(asked, (name) => groupQuery(project, name));
}
