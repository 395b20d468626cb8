import type { Release } from '../../domain/catalogue.ts';
import type { Rollout } from '../../domain/rollout.ts';
import type { RolloutStore, Stop } from '../../ports/rollouts.ts';

/** Rollouts and the global stop in memory, for tests and simulations. What they keep is gone with them. `publish`: drafts. */
export function memoryRollouts(publish: (draft: Release, at: number) => void = () => undefined): RolloutStore {
  const rollouts = new Map<number, Rollout>();
  let stop: Stop = { isOn: false, why: '', at: 0 };
  return {
    rollouts: async () => [...rollouts.values()],
    async add(rollout, draft) {
      if (draft !== undefined) publish(draft, rollout.createdAt);
      const added = { ...rollout, id: rollouts.size + 1 };
      rollouts.set(added.id, added);
      return added;
    },
    async update(rollout) {
      rollouts.set(rollout.id, rollout);
    },
    stop: async () => stop,
    async setStop(next) {
      stop = next;
    },
  };
}
