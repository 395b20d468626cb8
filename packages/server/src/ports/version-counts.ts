/** How many devices ran which version, hour by hour. */
export interface VersionCount {
  readonly project: string;
  readonly firmwareName: string;
  /** As devices tell it. */
  readonly version: string;
  readonly devices: number;
  /** Those of them that asked within the day before. */
  readonly seen: number;
}

export interface HourlyCount extends VersionCount {
  /** Milliseconds since 1970, a whole hour. */
  readonly hour: number;
}

export interface VersionCountFilter {
  readonly project: string;
  readonly firmwareName: string | undefined;
  readonly hours: readonly number[];
}

/**
 * The version counts of the newest hours that were counted. They are told by their number, not by their age: a clock that
 * is years ahead for an hour must not cost a year.
 */
export interface VersionCountStore {
  /** Replaces the counts of this hour. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  keep(hour: number, counts: readonly VersionCount[]): Promise<void>;
  /** The hours that were counted, from one to another, both inclusive, in their order. */
  hours(from: number, to: number): Promise<readonly number[]>;
  /** In the order of hour, firmware name and version. */
  counts(filter: VersionCountFilter): Promise<readonly HourlyCount[]>;
}
