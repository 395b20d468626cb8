import type { BootRecord, Slot } from './boot-record.ts';

/** Who keeps the boot record where whatever starts the versions finds it: files for a launcher, variables for a boot loader. */
export interface BootChoice {
  /** Starts that it can count to. Default 99. */
  readonly mostTries?: number;
  /** What is started as long as nothing was chosen. Default: nothing. */
  readonly unchosen?: Slot;
  /**
   * `undefined`: no version was chosen yet. Throws where that cannot be told from a record that cannot be read: to begin anew then
   * would be to write over a version that runs.
   */
  load(): Promise<BootRecord | undefined>;
  /** Durable once resolved; until then the record before it counts. */
  save(record: BootRecord): Promise<void>;
  /**
   * Whether what was saved stands, once whatever starts the versions is done with the record, should it be at work there: it may
   * have read the one before, and write over this one. Default: nothing else writes while an application runs.
   */
  stands?(record: BootRecord): Promise<boolean>;
}
