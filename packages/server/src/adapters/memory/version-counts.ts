import type { HourlyCount, VersionCount, VersionCountStore } from '../../ports/version-counts.ts';
import { compareTexts } from './lists.ts';

/** Version counts of the newest `hoursKept` hours in memory, for tests and simulations. What they keep is gone with them. */
export function memoryVersionCounts(hoursKept: number): VersionCountStore {
  const kept = new Map<number, readonly VersionCount[]>();
  const hours = (): number[] => [...kept.keys()].sort((a, b) => a - b);
  return {
    async keep(hour, counts) {
      kept.set(hour, [...counts].sort(compared));
      for (const old of hours().slice(0, -hoursKept)) kept.delete(old);
    },
    hours: async (from, to) => hours().filter((hour) => hour >= from && hour <= to),
    counts: async ({ project, firmwareName, hours: wanted }) =>
      hours()
        .filter((hour) => wanted.includes(hour))
        .flatMap((hour): HourlyCount[] => (kept.get(hour) ?? []).map((count) => ({ ...count, hour })))
        .filter((one) => one.project === project && (firmwareName ?? one.firmwareName) === one.firmwareName),
  };
}

function compared(a: VersionCount, b: VersionCount): number {
  return compareTexts(a.firmwareName, b.firmwareName) || compareTexts(a.version, b.version);
}
