import { FotaServerError } from '../domain/errors.ts';
import type { Now } from '../ports.ts';

/** How long a problem is not told again. */
const QUIET_MS = 10_000;

/**
 * Tells of a problem of one code, or of one message where it has none, once in ten seconds: on a full disk each device that
 * asks meets it. `onProblem` hears how many were not told since that problem was told last.
 */
export function seldom(now: Now, onProblem: (problem: unknown, untold: number) => void): (problem: unknown) => void {
  const told = new Map<string, { readonly at: number; untold: number }>();
  return (problem) => {
    const key = problem instanceof FotaServerError ? problem.code : String(problem);
    const at = now();
    const before = told.get(key);
    // A clock that was set back must not silence it for long.
    if (before !== undefined && Math.abs(at - before.at) < QUIET_MS) {
      before.untold += 1;
      return;
    }
    for (const [one, last] of told) if (Math.abs(at - last.at) >= QUIET_MS) told.delete(one);
    told.set(key, { at, untold: 0 });
    onProblem(problem, before?.untold ?? 0);
  };
}
