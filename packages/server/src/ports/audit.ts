import type { AuditEntry, AuditHead, AuditRecord } from '../domain/audit.ts';
import type { Page, PageRequest } from '../ports.ts';

export interface AuditFilter {
  readonly project: string | undefined;
  readonly action: string | undefined;
  /** Their name, or their kind and id, see `isOwner`. */
  readonly by: string | undefined;
}

/** What somebody did, or was kept from, and how it ended. */
export interface AuditListing {
  /** `begun` or `refused`. */
  readonly entry: AuditEntry;
  /** Of `begun`; `undefined` while it goes on, and where the server was killed meanwhile. */
  readonly ended: AuditEntry | undefined;
}

/** The audit log: entries are only ever added. */
export interface AuditStore {
  /** The end of the chain; that of an empty one where there is none. */
  head(): Promise<AuditHead>;
  /**
   * Adds them all, or none. Outlives the end of this process when the promise resolves; a power cut too, once anything that
   * follows in the same store does.
   * @throws FotaServerError `disk-full`, `data-dir-unusable`
   */
  append(records: readonly AuditRecord[]): Promise<void>;
  /** The records after one, in order. */
  records(after: number, limit: number): Promise<readonly AuditRecord[]>;
  /** The newest first. @throws FotaServerError `cursor-invalid` */
  list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditListing>>;
}
