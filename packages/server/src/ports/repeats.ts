/** A request that came with a key, so that it may come again, and what it was answered. */
export interface StoredRepeat {
  /** Who asked. */
  readonly owner: string;
  readonly key: string;
  /** Tells whether another request is the same. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** `undefined`: it was begun, and what came of it is not known. */
  readonly status: number | undefined;
  /** JSON, or empty; `undefined` where it is not kept. */
  readonly body: string | undefined;
}

/** The newest 10 000 requests with keys, give or take a hundredth. What is written outlives the end of this process. */
export interface RepeatStore {
  find(owner: string, key: string): Promise<StoredRepeat | undefined>;
  /** Adds it, or replaces the one of its owner and key. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  keep(repeat: StoredRepeat): Promise<void>;
  forget(owner: string, key: string): Promise<void>;
}
