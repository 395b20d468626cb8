import { type AuditHead, type AuditRecord, entryIn, NO_ENTRY } from '../../domain/audit.ts';
import { FotaServerError } from '../../domain/errors.ts';
import { isOwner } from '../../domain/principal.ts';
import type { AuditFilter, AuditStore } from '../../ports/audit.ts';
import type { Database } from './database.ts';
import { readings, transactions } from './transaction.ts';

/**
 * What holds the audit log; a step of the schema. The text of an entry is all that counts: what lists are filtered by is
 * computed from it, so that there is nothing besides that could say otherwise.
 */
export const AUDIT_TABLE: string = `
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    hash TEXT NOT NULL,
    kind TEXT GENERATED ALWAYS AS (json_extract(text, '$.kind')) VIRTUAL,
    ends INTEGER GENERATED ALWAYS AS (json_extract(text, '$.of')) VIRTUAL,
    project TEXT GENERATED ALWAYS AS (json_extract(text, '$.project')) VIRTUAL,
    action TEXT GENERATED ALWAYS AS (json_extract(text, '$.action')) VIRTUAL,
    who TEXT GENERATED ALWAYS AS (json_extract(text, '$.by')) VIRTUAL,
    name TEXT GENERATED ALWAYS AS (json_extract(text, '$.name')) VIRTUAL
  ) STRICT;
  CREATE INDEX audit_ends ON audit (ends) WHERE ends IS NOT NULL;
  CREATE INDEX audit_project ON audit (project) WHERE project IS NOT NULL;
  CREATE INDEX audit_action ON audit (action) WHERE action IS NOT NULL;
  CREATE INDEX audit_who ON audit (who) WHERE who IS NOT NULL;
  CREATE INDEX audit_name ON audit (name) WHERE name IS NOT NULL;
`;

interface ListRow {
  readonly id: number;
  readonly text: string;
  readonly ended: string | null;
}

/** The audit log in the server's database, which is at `path`. */
export function sqliteAudit(database: Database, path: string): AuditStore {
  const last = database.prepare('SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1');
  const insert = database.prepare('INSERT INTO audit (id, text, hash) VALUES (?, ?, ?)');
  const after = database.prepare('SELECT id, text, hash FROM audit WHERE id > ? ORDER BY id LIMIT ?');
  const transaction = transactions(database, path);
  const reading = readings(path);

  return {
    head: async () => (reading(() => last.get()) as AuditHead | undefined) ?? NO_ENTRY,

    async append(records) {
      // The change that follows is synced, and this with it: it stands before it in the same journal.
      transaction('kill', () => {
        for (const { id, text, hash } of records) insert.run(id, text, hash);
      });
    },

    records: async (id, limit) =>
      reading(() => after.all(id, limit)).map((row) => ({ ...(row as unknown as AuditRecord) })),

    async list(filter, { limit, cursor }) {
      const [sql, values] = listing(filter, placeOf(cursor), limit + 1);
      const rows = reading(() => database.prepare(sql).all(values)) as unknown as ListRow[];
      const items = rows.slice(0, limit).map(({ text, ended }) => ({
        entry: entryIn({ text }),
        ended: ended === null ? undefined : entryIn({ text: ended }),
      }));
      return { items, cursor: rows.length > limit ? String(rows[limit - 1]?.id) : undefined };
    },
  };
}

type Values = Record<string, string | number>;

function listing({ project, action, by }: AuditFilter, before: number, limit: number): readonly [string, Values] {
  const given = Object.entries({ project, action }).flatMap(([column, value]) =>
    value === undefined ? [] : [{ sql: `a.${column} = :${column}`, values: { [column]: value } }],
  );
  if (by !== undefined) given.push({ sql: `a.${isOwner(by) ? 'who' : 'name'} = :by`, values: { by } });
  const where = ["a.kind <> 'ended'", 'a.id < :before', ...given.map(({ sql }) => sql)].join(' AND ');
  const sql = `SELECT a.id, a.text, e.text AS ended FROM audit a LEFT JOIN audit e ON e.ends = a.id
    WHERE ${where} ORDER BY a.id DESC LIMIT :limit`;
  return [sql, Object.assign({ before, limit }, ...given.map(({ values }) => values))];
}

/** The entry before which the page begins. @throws FotaServerError `cursor-invalid` */
function placeOf(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new FotaServerError('cursor-invalid', `"${cursor.slice(0, 64)}" is no place in the audit log`);
}
