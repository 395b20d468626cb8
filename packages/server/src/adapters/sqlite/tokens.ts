import type { StoredToken, TokenStore } from '../../ports.ts';
import type { Database } from './database.ts';
import { transactions } from './transaction.ts';

/** What holds tokens; a step of the schema. A revoked token keeps its row, so that a server knows that it had one. */
export const TOKEN_TABLE: string = `
  CREATE TABLE token (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT UNIQUE,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT;
`;

/** Tokens in the server's database, which is at `path`. */
export function sqliteTokens(database: Database, path: string): TokenStore {
  const valid = database.prepare(
    'SELECT id, name, hash, created_at AS createdAt FROM token WHERE hash IS NOT NULL ORDER BY created_at, rowid',
  );
  const any = database.prepare('SELECT EXISTS (SELECT 1 FROM token) AS used');
  const insert = database.prepare('INSERT INTO token (id, name, hash, created_at) VALUES (?, ?, ?, ?)');
  const forget = database.prepare('UPDATE token SET hash = NULL, revoked_at = ? WHERE id = ?');

  const transaction = transactions(database, path);
  // Also against a power cut: a token that was revoked must not come back.
  const durably = async (work: () => unknown): Promise<void> => void transaction('power-cut', work);

  return {
    tokens: async () => valid.all().map((row) => ({ ...(row as StoredToken) })),
    isUsed: async () => (any.get() as { readonly used: number }).used === 1,
    add: ({ id, name, hash, createdAt }) => durably(() => insert.run(id, name, hash, createdAt)),
    revoke: (id, at) => durably(() => forget.run(at, id)),
  };
}
