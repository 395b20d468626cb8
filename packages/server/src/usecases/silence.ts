/** Which devices are to be looked at because nothing may have been heard of them for too long. */
export interface Silence {
  /** Looks at the device then, and not earlier; what was said of it before is void. */
  watch(key: string, at: number): void;
  forget(key: string): void;
  /** Those whose time has come, each once. */
  due(now: number): readonly string[];
}

const SECOND_MS = 1_000;

/** Devices by the second in which their time comes: nobody walks over those that have time. */
export function createSilence(): Silence {
  const seconds = new Map<number, Set<string>>();
  const secondOf = new Map<string, number>();

  const forget = (key: string): void => {
    const second = secondOf.get(key);
    if (second === undefined) return;
    secondOf.delete(key);
    const keys = seconds.get(second);
    keys?.delete(key);
    if (keys?.size === 0) seconds.delete(second);
  };

  return {
    watch(key, at) {
      const second = Math.ceil(at / SECOND_MS);
      if (secondOf.get(key) === second) return;
      forget(key);
      secondOf.set(key, second);
      const keys = seconds.get(second);
      if (keys === undefined) seconds.set(second, new Set([key]));
      else keys.add(key);
    },
    forget,
    due(now) {
      const come = [...seconds.keys()].filter((second) => second * SECOND_MS <= now);
      const keys = come.flatMap((second) => [...(seconds.get(second) ?? [])]);
      for (const key of keys) forget(key);
      return keys;
    },
  };
}
