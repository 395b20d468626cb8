import type { Group, GroupStore } from '../../ports/groups.ts';
import type { Database } from './database.ts';
import type { Reading, Transaction } from './transaction.ts';

/** Queries with names; a part of a step of the schema. */
export const GROUP_TABLE: string = `
  CREATE TABLE device_group (
    project TEXT NOT NULL REFERENCES project,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    note TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (project, name)
  ) STRICT, WITHOUT ROWID;
`;

export function groupStore(database: Database, transaction: Transaction, reading: Reading): GroupStore {
  const all = database.prepare(
    'SELECT project, name, query, note, created_at AS createdAt, changed_at AS changedAt FROM device_group ORDER BY project, name',
  );
  const upsert = database.prepare('INSERT OR REPLACE INTO device_group VALUES (?, ?, ?, ?, ?, ?)');
  const drop = database.prepare('DELETE FROM device_group WHERE project = ? AND name = ?');
  return {
    groups: async () => reading(() => all.all()).map((row) => ({ ...(row as Group) })),
    async keep({ project, name, query, note, createdAt, changedAt }) {
      transaction('power-cut', () => upsert.run(project, name, query, note, createdAt, changedAt));
    },
    async remove(project, name) {
      transaction('power-cut', () => drop.run(project, name));
    },
  };
}
