import { compileQuery, parseQuery, type Query, resolveGroups } from '@libfota2/protocol';
import { factsOf } from './facts.ts';
import type { Gate } from './plan.ts';
import type { Rollout, Target } from './rollout.ts';

/** The query of a saved group of a project; `undefined`: there is none of this name. */
export type GroupQuery = (project: string, group: string) => Query | undefined;

/**
 * Says whether a device belongs to the target of a rollout. `onProblem` is told of a target that cannot be asked any more:
 * nobody new comes in by it.
 */
export function targetTest(
  { id, project, target }: Pick<Rollout, 'id' | 'project' | 'target'>,
  groupQuery: GroupQuery,
  onProblem: (problem: unknown) => void,
): Gate['isTarget'] {
  if (target.kind === 'all') return () => true;
  if (target.kind === 'list') {
    const ids = new Set(target.ids);
    return (device) => ids.has(device.id);
  }
  try {
    const query = resolvedTarget(project, target, groupQuery);
    const matches = compileQuery(query);
    return (device, circumstances, now) => matches(factsOf(device, circumstances), now);
  } catch (problem) {
    onProblem(new Error(`rollout ${id} lets nobody new in: ${(problem as Error).message}`, { cause: problem }));
    return () => false;
  }
}

/** The query of a target, its groups resolved. @throws QueryError */
export function resolvedTarget(
  project: string,
  target: Extract<Target, { kind: 'query' | 'group' }>,
  groupQuery: GroupQuery,
): Query {
  const asked: Query =
    target.kind === 'query'
      ? parseQuery(target.query)
      : { kind: 'term', field: 'group', operator: '=', value: { parts: [target.group] } };
  return resolveGroups(asked, (name) => groupQuery(project, name));
}
