/** What changes something, kept from beginning once the server closes, and waited for. A part of the composition root. */
import { FotaServerError } from './domain/errors.ts';
import type { Groups } from './usecases/groups.ts';
import type { Operator } from './usecases/operator.ts';
import type { RolloutDesk } from './usecases/rollout-desk.ts';

type Guard = <A extends readonly unknown[], T>(work: (...args: A) => Promise<T>) => (...args: A) => Promise<T>;

/** What an operator changes: all that takes time, but for what only reads. */
type Change = Exclude<
  {
    [Name in keyof Operator]: Operator[Name] extends (...args: never[]) => Promise<unknown> ? Name : never;
  }[keyof Operator],
  'devices' | 'device' | 'log'
>;

/** The operator, whose changes are refused once the server closes. The compiler sees that none is forgotten. */
export function guarded(operator: Operator, guard: Guard): Operator {
  const changes: Pick<Operator, Change> = {
    createProject: guard(operator.createProject),
    updateProject: guard(operator.updateProject),
    rotateKey: guard(operator.rotateKey),
    revokeKey: guard(operator.revokeKey),
    setKeyRing: guard(operator.setKeyRing),
    takeIn: guard(operator.takeIn),
    publish: guard(operator.publish),
    publishDraft: guard(operator.publishDraft),
    withdraw: guard(operator.withdraw),
    setFloor: guard(operator.setFloor),
    setAccess: guard(operator.setAccess),
    releaseDevice: guard(operator.releaseDevice),
    changeProfile: guard(operator.changeProfile),
    forgetDevice: guard(operator.forgetDevice),
  };
  return { ...operator, ...changes };
}

/** The same for rollouts. */
export function guardedDesk(desk: RolloutDesk, guard: Guard): RolloutDesk {
  return {
    ...desk,
    createRollout: guard(desk.createRollout),
    pauseRollout: guard(desk.pauseRollout),
    resumeRollout: guard(desk.resumeRollout),
    skipWave: guard(desk.skipWave),
    abortRollout: guard(desk.abortRollout),
    retryRollout: guard(desk.retryRollout),
    rollBack: guard(desk.rollBack),
    setStop: guard(desk.setStop),
  };
}

/** Changes that must end before the database closes. */
export function tracked(): {
  readonly guard: Guard;
  refuse(): void;
  settle(graceMs: number): Promise<unknown>;
} {
  const running = new Set<Promise<unknown>>();
  let refusing = false;
  return {
    guard:
      (work) =>
      async (...args) => {
        if (refusing) throw new FotaServerError('closed', 'the server is closing or closed');
        const result = work(...args);
        running.add(result);
        return result.finally(() => running.delete(result));
      },
    refuse() {
      refusing = true;
    },
    settle(graceMs) {
      let timer: NodeJS.Timeout | undefined;
      const grace = new Promise((resolve) => {
        timer = setTimeout(resolve, graceMs);
      });
      return Promise.race([Promise.allSettled(running), grace]).finally(() => clearTimeout(timer));
    },
  };
}

/** The same for groups. */
export function guardedGroups(groups: Groups, guard: Guard): Groups {
  return {
    ...groups,
    create: guard(groups.create),
    change: guard(groups.change),
    remove: guard(groups.remove),
  };
}
