import type { Rollout } from '../../domain/rollout.ts';
import type { RolloutStore, Stop } from '../../ports/rollouts.ts';

/** Rollouts and the global stop in memory, for tests and simulations. What they keep is gone with them. */
export function memoryRollouts(): RolloutStore {
  const rollouts = new Map<number, Rollout>();
  let stop: Stop = { isOn: false, why: '', at: 0 };
  return {
    rollouts: async () => [...rollouts.values()],
    async add(rollout) {
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
