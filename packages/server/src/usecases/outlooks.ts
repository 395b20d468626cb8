import type { Rollout, WaveCounts } from '../domain/rollout.ts';
import { dependsOnOutlook, dueAt, NO_COUNTS, type Outlook } from '../domain/rollout-steps.ts';
import type { Now } from '../ports.ts';

/** Asked seldom, for both look at all devices. */
export interface OutlookPorts {
  /** Whether a known device could come in by the open wave. */
  readonly hasMembers: (rollout: Rollout) => Promise<boolean>;
  /** How many devices that were heard of lately will come in by it, and were offered nothing by the rollout. */
  readonly toCome: (rollout: Rollout) => Promise<number>;
  readonly now: Now;
}

/** What is known of the open waves of rollouts besides their counts. */
export interface Outlooks {
  of(rollout: Rollout, counts: readonly WaveCounts[]): Outlook;
  /** Looks at the devices, where a wave waits for nothing else and it was not looked lately. */
  look(rollout: Rollout, counts: () => readonly WaveCounts[]): Promise<void>;
}

interface Look extends Outlook {
  readonly at: number;
  readonly wave: number;
  /** Devices that the wave had counted by then. */
  readonly counted: number;
}

/** How long it is held for true what was seen. */
const LOOK_MS = 30_000;

export function createOutlooks({ hasMembers, toCome, now }: OutlookPorts): Outlooks {
  const looks = new Map<number, Look>();

  /** Whether the known devices that it is for are all in other waves. Of a target of nobody nobody knows when it will have some. */
  const isOfOthers = async (one: Rollout): Promise<boolean> => {
    if (await hasMembers(one)) return false;
    for (const wave of one.waves.keys()) {
      if (wave !== one.wave && (await hasMembers({ ...one, wave }))) return true;
    }
    return false;
  };

  /** What was seen of the open wave lately. */
  const fresh = ({ id, wave }: Rollout): Look | undefined => {
    const look = looks.get(id);
    return look?.wave === wave && Math.abs(now() - look.at) < LOOK_MS ? look : undefined;
  };

  return {
    of(one, counts) {
      const look = fresh(one);
      if (look?.toCome === undefined) return look ?? UNSEEN;
      // Who was counted since then is not to come any more.
      const came = Math.max(0, countedIn(counts, one.wave) - look.counted);
      return { isEmpty: false, toCome: Math.max(0, look.toCome - came) };
    },

    async look(one, counts) {
      const { id, state, wave } = one;
      const isDue = (dueAt(one) ?? Number.POSITIVE_INFINITY) <= now();
      if (state !== 'running' || !isDue || fresh(one) !== undefined) return;
      const isUntouched = countedIn(counts(), wave) === 0;
      if (!isUntouched && !dependsOnOutlook(one, counts()[wave] ?? NO_COUNTS)) return;
      const seen = isUntouched
        ? { isEmpty: await isOfOthers(one), toCome: undefined }
        : { isEmpty: false, toCome: await toCome(one) };
      // Who was counted while it was looked may be among those to come: rather one too many than one too few.
      looks.set(id, { ...seen, at: now(), wave, counted: countedIn(counts(), wave) });
    },
  };
}

const UNSEEN: Outlook = { isEmpty: false, toCome: undefined };

function countedIn(counts: readonly WaveCounts[], wave: number): number {
  return Object.values(counts[wave] ?? NO_COUNTS).reduce((sum, count) => sum + count, 0);
}
