import type { RepeatStore, StoredRepeat } from '../../ports/repeats.ts';
import type { Database } from './database.ts';
import type { Reading, Transaction } from './transaction.ts';

/** What holds answers to requests that may come again; a part of a step of the schema. */
export const REPEAT_TABLE: string = `
  CREATE TABLE repeat (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    at INTEGER NOT NULL,
    status INTEGER,
    body TEXT,
    UNIQUE (owner, key)
  ) STRICT;
`;

const KEPT = 10_000;
const SLACK = 100;

export function repeatStore(database: Database, transaction: Transaction, reading: Reading): RepeatStore {
  const find = database.prepare(
    'SELECT owner, key, fingerprint, at, status, body FROM repeat WHERE owner = ? AND key = ?',
  );
  const upsert = database.prepare(
    `INSERT INTO repeat (owner, key, fingerprint, at, status, body) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (owner, key) DO UPDATE SET fingerprint = excluded.fingerprint, at = excluded.at,
       status = excluded.status, body = excluded.body`,
  );
  const trim = database.prepare('DELETE FROM repeat WHERE number <= ?');
  const drop = database.prepare('DELETE FROM repeat WHERE owner = ? AND key = ?');

  return {
    async find(owner, key) {
      const row = reading(() => find.get(owner, key)) as unknown as StoredRow | undefined;
      return row && { ...row, status: row.status ?? undefined, body: row.body ?? undefined };
    },
    async keep({ owner, key, fingerprint, at, status, body }) {
      transaction('kill', () => {
        const { lastInsertRowid } = upsert.run(owner, key, fingerprint, at, status ?? null, body ?? null);
        const last = Number(lastInsertRowid);
        if (last % SLACK === 0) trim.run(last - KEPT);
      });
    },
    forget: async (owner, key) => void transaction('kill', () => drop.run(owner, key)),
  };
}

type StoredRow = Omit<StoredRepeat, 'status' | 'body'> & {
  readonly status: number | null;
  readonly body: string | null;
};
