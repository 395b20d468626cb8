/** When a fleet has come to its end. Told of everything that happens, it counts, and looks at no device twice. */
import type { LifeState } from './life.ts';
import type { FleetSpec } from './spec.ts';
import type { FleetEnd } from './tally.ts';

export interface Ends {
  lived(index: number, before: LifeState, after: LifeState): void;
  /** A device was answered: with a plain no, or with something that may yet bring a change. */
  answered(index: number, isNo: boolean, nowMs: number): void;
  /** Whether that is it. */
  reached(nowMs: number): FleetEnd | undefined;
  /** When it is, if nothing happens until then. */
  nextMs(): number;
}

export function createEnds({ count, until }: Pick<FleetSpec, 'count' | 'until'>, startMs: number): Ends {
  /** Of whom something may be expected: who still asks, and was not just told no. */
  const isHopeful = new Uint8Array(count).fill(1);
  let hopeful = count;
  let unconfirmed = count;
  let gone = 0;
  let lastNewsMs = startMs;

  const hope = (index: number, is: 0 | 1): void => {
    hopeful += is - (isHopeful[index] ?? 0);
    isHopeful[index] = is;
  };
  const isWaitedFor = ({ at, standing }: LifeState): boolean => at !== 'gone' && standing !== 'confirmed';

  const timeMs = startMs + (until.afterMs ?? Number.POSITIVE_INFINITY);
  const quietMs = (): number =>
    until.when === 'quiet' && hopeful === 0 ? lastNewsMs + until.quietMs : Number.POSITIVE_INFINITY;

  return {
    lived(index, before, after) {
      unconfirmed += Number(isWaitedFor(after)) - Number(isWaitedFor(before));
      if (before.at === 'gone' || after.at !== 'gone') return;
      gone += 1;
      hope(index, 0);
    },
    answered(index, isNo, nowMs) {
      hope(index, isNo ? 0 : 1);
      if (!isNo) lastNewsMs = nowMs;
    },
    reached(nowMs) {
      if (gone === count) return until.rounds === undefined ? 'quiet' : 'rounds';
      if (until.when === 'confirmed' && unconfirmed === 0) return 'confirmed';
      if (nowMs >= quietMs()) return 'quiet';
      return nowMs >= timeMs ? 'time' : undefined;
    },
    nextMs: () => Math.min(timeMs, quietMs()),
  };
}
