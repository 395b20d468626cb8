import type { DatedEvent, StoredEvent } from '../domain/event.ts';

/**
 * Events, the newest so many of them. What becomes of a release is written as an event by the store of the catalogue, in the
 * commit of the change itself (`releaseEvents`).
 */
export interface EventStore {
  /**
   * Puts an event into the next commit that is made against power cuts, whoever makes it; a commit that fails leaves it
   * staged. Gives what takes it back, as long as it was not written. Where nothing can be written for long, the newest
   * 10 000 stay staged.
   */
  stage(event: DatedEvent): () => void;
  /** Writes what is staged. @throws FotaServerError `disk-full`, `data-dir-unusable`: it stays staged */
  flush(): Promise<void>;
  /** The one who is told what was written, in order, right after its commit: nobody else may be told before. */
  onWritten(listener: (events: readonly StoredEvent[]) => void): void;
  /** The number of the newest event that there ever was; 0: none. */
  newest(): Promise<number>;
  /** The number of the oldest event that is kept; `undefined`: none. */
  oldest(): Promise<number | undefined>;
  /** Those after this number, the oldest first. */
  after(id: number, limit: number): Promise<readonly StoredEvent[]>;
  /** Those before this number, the newest first. */
  before(id: number, limit: number): Promise<readonly StoredEvent[]>;
}
