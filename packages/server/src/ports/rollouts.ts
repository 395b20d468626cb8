/** What rollouts, attempts and the counts of versions need of the world. */
import type { Standing } from '../domain/attempt.ts';
import type { Release } from '../domain/catalogue.ts';
import type { Rollout } from '../domain/rollout.ts';
import type { Page, PageRequest, StoredAttempt } from '../ports.ts';

/** Rollouts and the global stop. What is written is durable, also against a power cut, when the promise resolves. */
export interface RolloutStore {
  /** In the order of their making. */
  rollouts(): Promise<readonly Rollout[]>;
  /**
   * Gives it the next id. `draft`: its release, which is published in the same write, as of the rollout's making.
   * @throws FotaServerError `disk-full`, `data-dir-unusable`
   */
  add(rollout: Omit<Rollout, 'id'>, draft?: Release): Promise<Rollout>;
  /** Replaces all of it but its id. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  update(rollout: Rollout): Promise<void>;
  stop(): Promise<Stop>;
  /** @throws FotaServerError `disk-full`, `data-dir-unusable` */
  setStop(stop: Stop): Promise<void>;
}

/** Whether every offer is halted. */
export interface Stop {
  readonly isOn: boolean;
  /** For people. */
  readonly why: string;
  /** Milliseconds since 1970; 0: it never was on. */
  readonly at: number;
}

/** How many attempts of a rollout stand how; only of rollouts that have any. */
export interface AttemptCount {
  readonly rollout: number;
  readonly wave: number;
  readonly standing: Standing;
  readonly count: number;
}

export interface AttemptFilter {
  readonly project: string | undefined;
  /** Only in these projects; `undefined`: in all. */
  readonly within?: readonly string[] | undefined;
  readonly rollout: number | undefined;
  readonly release: number | undefined;
  readonly standing: Standing | undefined;
  readonly deviceId: string | undefined;
}

/** Attempts as the device store keeps them: one a device, firmware, release and rollout. They are written with the records. */
export interface AttemptStore {
  /** Over all attempts. */
  counts(): Promise<readonly AttemptCount[]>;
  /** By project, id, firmware name, release and rollout. @throws FotaServerError `cursor-invalid` */
  attempts(filter: AttemptFilter, page: PageRequest): Promise<Page<StoredAttempt>>;
}
