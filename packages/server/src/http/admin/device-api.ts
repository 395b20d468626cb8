/** The JSON of the admin API about queries on devices, see api.ts. */
import type { ApiDeviceListing, ApiProfile } from './api.ts';

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

/** What a table of devices has changed, or would change. */
export interface ApiTableOutcome {
  /** Nothing was changed: it was only looked at. */
  readonly dryRun: boolean;
  /** SHA-256 of the table, in lower-case hex. */
  readonly sha256: string;
  /** The head not counted. */
  readonly lines: number;
  /** Each once. */
  readonly devices: number;
  readonly changed: number;
  /** Of the changed, those of which nothing was known. */
  readonly added: number;
  /** Of which nothing is known and nothing is said. */
  readonly unknown: number;
  /** The first of the changes. */
  readonly sample: readonly ApiTableChange[];
}

export interface ApiTableChange {
  readonly line: number;
  readonly id: string;
  readonly isNew: boolean;
  readonly before: ApiProfile;
  readonly after: ApiProfile;
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
