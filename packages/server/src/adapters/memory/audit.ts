import { type AuditRecord, entryIn, NO_ENTRY } from '../../domain/audit.ts';
import { FotaServerError } from '../../domain/errors.ts';
import { isOwner } from '../../domain/principal.ts';
import type { AuditFilter, AuditListing, AuditStore } from '../../ports/audit.ts';

/** The audit log in memory, for tests and simulations. What it keeps is gone with it. */
export function memoryAudit(): AuditStore {
  const kept: AuditRecord[] = [];
  return {
    head: async () => kept.at(-1) ?? NO_ENTRY,

    async append(records) {
      kept.push(...records);
    },

    records: async (after, limit) => kept.filter(({ id }) => id > after).slice(0, limit),

    async list(filter, { limit, cursor }) {
      const before = cursor === undefined ? Number.POSITIVE_INFINITY : placeOf(cursor);
      const entries = kept.map(entryIn);
      const rest = entries
        .filter(({ kind }) => kind !== 'ended')
        .map((entry): AuditListing => ({ entry, ended: entries.find(({ of }) => of === entry.id) }))
        .filter(({ entry }) => entry.id < before && isListed(filter, entry))
        .reverse();
      const items = rest.slice(0, limit);
      return { items, cursor: rest.length > limit ? String(items.at(-1)?.entry.id) : undefined };
    },
  };
}

function isListed({ project, action, by }: AuditFilter, entry: AuditListing['entry']): boolean {
  return (
    (project === undefined || entry.project === project) &&
    (action === undefined || entry.action === action) &&
    (by === undefined || (isOwner(by) ? entry.by : entry.name) === by)
  );
}

/** @throws FotaServerError `cursor-invalid` */
function placeOf(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new FotaServerError('cursor-invalid', `"${cursor.slice(0, 64)}" is no place in the audit log`);
}
