import type { Project, Release } from './catalogue.ts';
import { type Gate, gateOf, type Plan, type Policy, planOf } from './plan.ts';
import type { Rollout } from './rollout.ts';
import { type GroupQuery, targetTest } from './target.ts';
import { openingOf } from './windows.ts';

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
  readonly groupQuery: GroupQuery;
  readonly policy: () => Policy;
  /** Told of a target that cannot be asked any more: nobody new comes in by it. */
  readonly onProblem: (problem: unknown) => void;
}

export function createPlanning(parts: PlanParts): Planning {
  let made: { readonly plan: Plan; readonly from: number; readonly until: number } | undefined;

  /** Those of the last plan, by rollout. */
  let known: ReadonlyMap<number, Gate> = new Map();

  /** Lists of devices may be long: what they are looked up in is made anew only where they are others. */
  const gate = (rollout: Rollout, now: number): Gate => {
    const before = known.get(rollout.id);
    const isSameList = rollout.target.kind === 'list' && before?.rollout.target === rollout.target;
    const isTarget = isSameList ? before.isTarget : targetTest(rollout, parts.groupQuery, parts.onProblem);
    const waveOf = before?.rollout.waves === rollout.waves ? before.waveOf : undefined;
    return gateOf(rollout, isTarget, openingOf(rollout.windows, rollout.timeZone, now), waveOf);
  };

  const make = (now: number) => {
    const gates = parts.rollouts().map((rollout) => gate(rollout, now));
    known = new Map(gates.map((one) => [one.rollout.id, one]));
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
