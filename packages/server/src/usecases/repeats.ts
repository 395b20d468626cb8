import { FotaServerError } from '../domain/errors.ts';
import type { RepeatStore, StoredRepeat } from '../ports/repeats.ts';
import type { Now } from '../ports.ts';

/** A request that may come again. */
export interface Keyed {
  readonly owner: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** What the first of equal requests was answered. */
export interface Answer {
  readonly status: number;
  /** JSON, or empty. */
  readonly body: string;
}

/**
 * Requests that change something, each of which may come again with the key of the first: it is done once, and answered the
 * same (docs/decisions/0016). What was refused was not done, and may be tried again under its key.
 */
export interface Repeats {
  /**
   * Begins a request, which is then written, or gives the answer to the first one.
   * @param mayRunAgain doing it twice is as doing it once: it is done again where nobody knows whether it was
   * @throws FotaServerError `idempotency-busy`, `idempotency-mismatch`, `idempotency-gone`, `disk-full`, `data-dir-unusable`
   */
  begin(keyed: Keyed, mayRunAgain: boolean): Promise<Answer | undefined>;
  /** It is done. `body`: `undefined` where it must not be kept. */
  done(keyed: Keyed, status: number, body: string | undefined): Promise<void>;
  /** It was refused, and nothing was done. */
  refused(keyed: Keyed): Promise<void>;
  /** Nobody knows what was done. */
  broken(keyed: Keyed): void;
}

/** How long an answer is kept. */
const KEPT_MS = 24 * 3_600_000;
/** Characters of an answer that is kept. */
const LONGEST_ANSWER = 262_144;

export function createRepeats({ store, now }: { readonly store: RepeatStore; readonly now: Now }): Repeats {
  const running = new Set<string>();
  const placeOf = ({ owner, key }: Keyed): string => JSON.stringify([owner, key]);

  return {
    async begin(keyed, mayRunAgain) {
      const place = placeOf(keyed);
      if (running.has(place)) {
        throw new FotaServerError('idempotency-busy', 'a request with this Idempotency-Key is being worked on');
      }
      running.add(place);
      try {
        const before = await store.find(keyed.owner, keyed.key);
        const answer =
          before && Math.abs(now() - before.at) < KEPT_MS ? earlier(before, keyed, mayRunAgain) : undefined;
        if (answer === undefined) await store.keep({ ...keyed, at: now(), status: undefined, body: undefined });
        else running.delete(place);
        return answer;
      } catch (error) {
        running.delete(place);
        throw error;
      }
    },

    async done(keyed, status, body) {
      const kept = body !== undefined && body.length <= LONGEST_ANSWER ? body : undefined;
      try {
        await store.keep({ ...keyed, at: now(), status, body: kept });
      } finally {
        running.delete(placeOf(keyed));
      }
    },

    async refused(keyed) {
      try {
        await store.forget(keyed.owner, keyed.key);
      } finally {
        running.delete(placeOf(keyed));
      }
    },

    broken: (keyed) => void running.delete(placeOf(keyed)),
  };
}

/** What the earlier request was answered; `undefined`: it may be done again. */
function earlier(before: StoredRepeat, { fingerprint }: Keyed, mayRunAgain: boolean): Answer | undefined {
  const { status, body } = before;
  if (before.fingerprint !== fingerprint) {
    throw new FotaServerError('idempotency-mismatch', 'another request came with this Idempotency-Key before');
  }
  if (status !== undefined && body !== undefined) return { status, body };
  if (status === undefined && mayRunAgain) return undefined;
  const why =
    status === undefined
      ? 'was begun, and the server ended before it was answered'
      : 'is done, and its answer is not kept';
  throw new FotaServerError('idempotency-gone', `the first request with this Idempotency-Key ${why}`);
}
