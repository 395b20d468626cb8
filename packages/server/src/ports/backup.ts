import type { Package } from '../domain/catalogue.ts';

/** The database as it was in one moment, in a file of its own that nobody else uses. */
export interface Snapshot {
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly schema: number;
  /** The packages that its releases name. */
  readonly packages: readonly Package[];
  read(): AsyncIterable<Uint8Array>;
  /** Takes the file away. */
  remove(): Promise<void>;
}

/** Makes snapshots while the database is in use. */
export interface Snapshots {
  /** @throws FotaServerError `disk-full`, `data-dir-unusable`, `database-damaged` */
  take(): Promise<Snapshot>;
}
