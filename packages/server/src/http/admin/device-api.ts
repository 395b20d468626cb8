/** The JSON of the admin API about queries on devices, see api.ts. */
import type { ApiDeviceListing } from './api.ts';

/** How many devices a query fits. */
export interface ApiCount {
  readonly devices: number;
}

/** What became of a change of many devices, or what would. */
export interface ApiBulk {
  /** How many the query fits, where that was asked; each counted once. */
  readonly devices?: number;
  /** Of a dry run: some of them. */
  readonly sample?: readonly ApiDeviceListing[];
  /** How many were dealt with in this part, those that failed included. */
  readonly done: number;
  readonly failed: readonly ApiBulkFailure[];
  /** Give it to go on; left out at the end. */
  readonly cursor?: string;
}

/** A device that could not be changed. */
export interface ApiBulkFailure {
  readonly id: string;
  /** Of docs/errors.md. */
  readonly code: string;
  readonly message: string;
}

/** Devices of a project that have a name. */
export interface ApiGroup {
  readonly project: string;
  readonly name: string;
  /** In its one way of writing. */
  readonly query: string;
  readonly note?: string;
  readonly createdAt: string;
  readonly changedAt: string;
}
