import { standingOf } from '../../domain/attempt.ts';
import { FotaServerError } from '../../domain/errors.ts';
import type { AttemptCount, AttemptStore } from '../../ports/rollouts.ts';
import type { DeviceName, StoredAttempt } from '../../ports.ts';
import { compareTexts } from './lists.ts';

/** Attempts in memory, of the device store there. */
export function memoryAttempts(): AttemptStore & {
  write(attempt: StoredAttempt): void;
  forget(device: DeviceName): void;
} {
  const kept = new Map<string, StoredAttempt>();
  return {
    write: (attempt) => void kept.set(JSON.stringify(placeIn(attempt)), attempt),

    forget({ project, id }) {
      for (const [key, attempt] of kept) if (attempt.project === project && attempt.id === id) kept.delete(key);
    },

    async counts() {
      const counts = new Map<string, AttemptCount>();
      for (const attempt of kept.values()) {
        const { rollout, wave } = attempt;
        if (rollout === undefined) continue;
        const standing = standingOf(attempt);
        const key = JSON.stringify([rollout, wave, standing]);
        counts.set(key, { rollout, wave, standing, count: (counts.get(key)?.count ?? 0) + 1 });
      }
      return [...counts.values()];
    },

    async attempts(filter, { limit, cursor }) {
      const after = cursor === undefined ? undefined : placeOf(cursor);
      const rest = [...kept.values()]
        .filter(
          (one) =>
            (filter.project === undefined || filter.project === one.project) &&
            (filter.within === undefined || filter.within.includes(one.project)) &&
            (filter.rollout === undefined || filter.rollout === one.rollout) &&
            (filter.release === undefined || filter.release === one.release) &&
            (filter.standing === undefined || filter.standing === standingOf(one)) &&
            (filter.deviceId === undefined || filter.deviceId === one.id) &&
            (after === undefined || compare(placeIn(one), after) > 0),
        )
        .sort((a, b) => compare(placeIn(a), placeIn(b)));
      const items = rest.slice(0, limit);
      const last = items.at(-1);
      const isMore = rest.length > limit && last !== undefined;
      return { items, cursor: isMore ? JSON.stringify(placeIn(last)) : undefined };
    },
  };
}

type Place = readonly [project: string, id: string, firmwareName: string, release: number, rollout: number];

function placeIn({ project, id, firmwareName, release, rollout = 0 }: StoredAttempt): Place {
  return [project, id, firmwareName, release, rollout];
}

function compare(a: Place, b: Place): number {
  return compareTexts(a[0], b[0]) || compareTexts(a[1], b[1]) || compareTexts(a[2], b[2]) || a[3] - b[3] || a[4] - b[4];
}

/** @throws FotaServerError `cursor-invalid` */
function placeOf(cursor: string): Place {
  try {
    const place: unknown = JSON.parse(cursor);
    const kinds = Array.isArray(place) ? place.map((part) => typeof part).join(' ') : '';
    if (kinds === 'string string string number number') return place as Place;
  } catch {
    // Told below.
  }
  throw new FotaServerError('cursor-invalid', `"${cursor.slice(0, 64)}" is no place in the list`);
}
