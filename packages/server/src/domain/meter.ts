import type { Usage } from './limits.ts';

/** What is being downloaded, and was within the last hour: of each rollout, and of all together. */
export interface Meter {
  usage(rollout: number | undefined): Usage;
  /** A package is promised: `key` is the device's. Counted at once, so that two who ask together do not both find room. */
  began(key: string, rollout: number | undefined, bytes: number): void;
  /** The device is sent nothing more. */
  ended(key: string): void;
  /** Counts what was promised before a restart. */
  remember(rollout: number | undefined, bytes: number, at: number): void;
}

/** Devices of all generations give a transfer up after ten minutes at the latest (luatos.md L20). */
const TRANSFER_MS = 600_000;
const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;

interface Scope {
  downloads: number;
  /** By minute since 1970 the bytes that were promised. */
  readonly minutes: Map<number, number>;
}

export function createMeter(now: () => number): Meter {
  const scopes = new Map<number | undefined, Scope>();
  /** By device, in the order of their beginning. */
  const running = new Map<string, { readonly rollout: number | undefined; readonly at: number }>();

  const scopeOf = (rollout: number | undefined): Scope => {
    const known = scopes.get(rollout);
    if (known !== undefined) return known;
    const made = { downloads: 0, minutes: new Map<number, number>() };
    scopes.set(rollout, made);
    return made;
  };

  /** A rollout counts for itself and for all. */
  const both = (rollout: number | undefined): Scope[] =>
    rollout === undefined ? [scopeOf(undefined)] : [scopeOf(rollout), scopeOf(undefined)];

  const end = (key: string): void => {
    const one = running.get(key);
    if (one === undefined) return;
    running.delete(key);
    for (const scope of both(one.rollout)) scope.downloads -= 1;
  };

  const add = (rollout: number | undefined, bytes: number, at: number): void => {
    const minute = Math.floor(at / MINUTE_MS);
    for (const { minutes } of both(rollout)) minutes.set(minute, (minutes.get(minute) ?? 0) + bytes);
  };

  const dropOld = (): void => {
    const at = now();
    for (const [key, one] of running) {
      // Also where the clock was set back, by which nobody can tell how long it took.
      if (Math.abs(at - one.at) < TRANSFER_MS) break;
      end(key);
    }
  };

  return {
    usage(rollout) {
      dropOld();
      const { downloads, minutes } = scopeOf(rollout);
      const minute = Math.floor(now() / MINUTE_MS);
      let bytesLastHour = 0;
      for (const [at, bytes] of minutes) {
        // The minute that an hour ago was in counts in full: never more goes out within an hour.
        if (at < minute - HOUR_MINUTES || at > minute) minutes.delete(at);
        else bytesLastHour += bytes;
      }
      return { downloads, bytesLastHour };
    },
    began(key, rollout, bytes) {
      end(key);
      running.set(key, { rollout, at: now() });
      for (const scope of both(rollout)) scope.downloads += 1;
      add(rollout, bytes, now());
    },
    ended: end,
    remember: add,
  };
}
