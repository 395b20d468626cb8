/** A world in which a release is rolled out, and devices that take it. */
import type { RolloutRequest } from '../../src/domain/rollout-spec.ts';
import type { RolloutProgress } from '../../src/usecases/rollout-desk.ts';
import { MINUTE, type World, type WorldOptions, worldOf } from './world.ts';

export const HOUR: number = 60 * MINUTE;
export const NEVER: { readonly count: undefined; readonly percent: undefined } = {
  count: undefined,
  percent: undefined,
};
export const PATIENT: { readonly wave: typeof NEVER; readonly overall: typeof NEVER } = { wave: NEVER, overall: NEVER };

export interface Scene extends World {
  /** Lets it be written. */
  done<T>(work: Promise<T>): Promise<T>;
  roll(request: Partial<RolloutRequest>): Promise<RolloutProgress>;
  /** Asks, and takes the whole package where it is promised one. Resolves to the rule. */
  take(id: string, version?: string): Promise<string>;
}

/** A world with the releases 1.0.0 (1) and 1.1.0 (2), the latter a draft. */
export async function scene(options: WorldOptions = {}): Promise<Scene> {
  const world = await worldOf(options);
  await world.publish('1.0.0');
  await world.publish('1.1.0', 'new', { draft: true });
  // Nobody publishes and rolls out within the same millisecond.
  await world.time.pass(1_000);
  const done = async <T>(work: Promise<T>): Promise<T> => {
    work.catch(() => undefined);
    await world.time.pass(0);
    return work;
  };
  return {
    ...world,
    done,
    roll: (request) =>
      done(world.desk.createRollout({ release: 2, waves: [{ percent: 100 }], soakMs: HOUR, ...request })),
    async take(id, version = '1.0.0') {
      const { decision, sent } = await world.ask({ id, version });
      if (sent !== undefined) {
        const { device } = decision;
        world.checkIns.ended({ sent, device, bytes: sent.size, isWhole: true, isRest: false });
      }
      return decision.rule;
    },
  };
}

export const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `d${at}`);

export async function all(world: Scene, devices: readonly string[], version?: string): Promise<string[]> {
  const rules: string[] = [];
  for (const id of devices) rules.push(await world.take(id, version));
  return rules;
}
