/** The JSON of what a rollout would do, see api.ts. Waves are counted from 1, as people do. */
import type { Otherwise } from '../../domain/forecast.ts';
import type { ApiRolloutRequest } from './rollout-api.ts';

/** Just one of them. */
export interface ApiPlanRequest {
  /** One that is there. */
  readonly rollout?: number;
  /** One that is not. */
  readonly request?: ApiRolloutRequest;
}

export interface ApiPlan {
  readonly project: string;
  readonly firmwareName: string;
  readonly release: number;
  readonly version: string;
  /** Left out of one that is not there. */
  readonly rollout?: number;
  /** When it was looked at. */
  readonly at: string;
  readonly waves: readonly ApiPlanWave[];
  readonly devices: number;
  readonly bytes: number;
  /** Devices that get nothing by it. */
  readonly others: ReadonlyArray<{ readonly why: Otherwise; readonly devices: number }>;
}

export interface ApiPlanWave {
  readonly wave: number;
  /** The earliest time at which it offers; left out: its windows never let it. */
  readonly from?: string;
  readonly devices: number;
  readonly bytes: number;
  /** Milliseconds that limits and windows alone make of it. */
  readonly atLeastMs: number;
}

export interface ApiPlannedDevice {
  readonly device: string;
  readonly version: string;
  /** By which it gets the release. */
  readonly wave?: number;
  readonly bytes?: number;
  /** Other releases that it must take before. */
  readonly first?: number;
  /** Why it gets nothing. */
  readonly why?: Otherwise;
}
