import { type Attempt, type Standing, standingOf } from './attempt.ts';
import type { WaveCounts } from './rollout.ts';
import { NO_COUNTS } from './rollout-steps.ts';

/** How many devices of each wave of each rollout stand how. */
export interface Standings {
  /** From the first wave up to the last that anybody came in by. */
  of(rollout: number): readonly WaveCounts[];
  add(rollout: number, wave: number, standing: Standing, count: number): void;
  /** The attempt of a device was the one, and is the other. */
  moved(before: Attempt | undefined, after: Attempt | undefined): void;
}

export function createStandings(): Standings {
  const counts = new Map<number, Array<Record<Standing, number>>>();

  const add = (rollout: number, wave: number, standing: Standing, count: number): void => {
    const waves = counts.get(rollout) ?? [];
    counts.set(rollout, waves);
    while (waves.length <= wave) waves.push({ ...NO_COUNTS });
    const ofWave = waves[wave];
    if (ofWave !== undefined) ofWave[standing] += count;
  };

  return {
    of: (rollout) => counts.get(rollout) ?? [],
    add,
    moved(before, after) {
      if (before?.rollout !== undefined) add(before.rollout, before.wave, standingOf(before), -1);
      if (after?.rollout !== undefined) add(after.rollout, after.wave, standingOf(after), 1);
    },
  };
}
