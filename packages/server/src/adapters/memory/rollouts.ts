import type { Rollout } from '../../domain/rollout.ts';
import type { RolloutStore, Stop, VersionCount, VersionCountStore } from '../../ports/rollouts.ts';
import { compareTexts } from './lists.ts';

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

const KEPT_MS = 400 * 24 * 3_600_000;

/** Version counts in memory, for tests and simulations. */
export function memoryVersionCounts(): VersionCountStore {
  let kept: readonly VersionCount[] = [];
  return {
    async keep(hour, counts) {
      const others = kept.filter((one) => one.hour !== hour && one.hour >= hour - KEPT_MS);
      kept = [...others, ...counts.map((count) => ({ ...count, hour }))];
    },
    counts: async ({ project, firmwareName, from, to }) =>
      kept
        .filter(
          (one) =>
            one.project === project &&
            one.hour >= from &&
            one.hour <= to &&
            (firmwareName === undefined || one.firmwareName === firmwareName),
        )
        .sort(
          (a, b) =>
            a.hour - b.hour || compareTexts(a.firmwareName, b.firmwareName) || compareTexts(a.version, b.version),
        ),
  };
}
