/** Lets so many through at once, and then one in each span of time; by key. */
export interface Throttle {
  /** Takes one; 0, or the milliseconds until there is one again. */
  take(key: string, now: number): number;
  /** Gives back what was taken. */
  giveBack(key: string): void;
}

interface Bucket {
  left: number;
  /** When `left` was so, as the milliseconds since 1970. */
  at: number;
}

/** Keys that are remembered; each is forgotten once it is as new. */
const MOST_KEYS = 10_000;

export function createThrottle({ burst, everyMs }: { readonly burst: number; readonly everyMs: number }): Throttle {
  const buckets = new Map<string, Bucket>();

  const refilled = ({ left, at }: Bucket, now: number): number =>
    // A clock that was set back gives nothing and takes nothing.
    Math.min(burst, left + Math.max(0, now - at) / everyMs);

  /** The oldest come first: those that are as new again, or too many. */
  const sweep = (now: number): void => {
    for (const [key, bucket] of buckets) {
      if (buckets.size <= MOST_KEYS && refilled(bucket, now) < burst) return;
      buckets.delete(key);
    }
  };

  return {
    take(key, now) {
      sweep(now);
      const left = refilled(buckets.get(key) ?? { left: burst, at: now }, now);
      if (left < 1) return Math.ceil((1 - left) * everyMs);
      buckets.delete(key);
      buckets.set(key, { left: left - 1, at: now });
      return 0;
    },

    giveBack(key) {
      const bucket = buckets.get(key);
      if (bucket !== undefined) bucket.left = Math.min(burst, bucket.left + 1);
    },
  };
}
