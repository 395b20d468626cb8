import type { Role } from '../../domain/principal.ts';
import type { StoredToken, TokenStore } from '../../ports/tokens.ts';
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

/** The next step: what a token may do. Those that were made before may go on doing everything. */
export const TOKEN_GRANTS: string = `
  -- projects is JSON: "all", or the names.
  ALTER TABLE token ADD COLUMN role TEXT NOT NULL DEFAULT 'admin';
  ALTER TABLE token ADD COLUMN projects TEXT NOT NULL DEFAULT '"all"';
  ALTER TABLE token ADD COLUMN expires_at INTEGER;
  ALTER TABLE token ADD COLUMN last_used_at INTEGER;
`;

interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  readonly created_at: number;
  readonly role: Role;
  readonly projects: string;
  readonly expires_at: number | null;
  readonly last_used_at: number | null;
}

/** Tokens in the server's database, which is at `path`. */
export function sqliteTokens(database: Database, path: string): TokenStore {
  const valid = database.prepare('SELECT * FROM token WHERE hash IS NOT NULL ORDER BY created_at, rowid');
  const any = database.prepare('SELECT EXISTS (SELECT 1 FROM token) AS used');
  const insert = database.prepare(
    'INSERT INTO token (id, name, hash, created_at, role, projects, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const touch = database.prepare('UPDATE token SET last_used_at = ? WHERE id = ?');
  const forget = database.prepare('UPDATE token SET hash = NULL, revoked_at = ? WHERE id = ?');

  const transaction = transactions(database, path);
  // Also against a power cut: a token that was revoked must not come back.
  const durably = async (work: () => unknown): Promise<void> => void transaction('power-cut', work);

  return {
    tokens: async () => valid.all().map((row) => tokenOf(row as unknown as TokenRow)),
    isUsed: async () => (any.get() as { readonly used: number }).used === 1,
    add: ({ id, name, hash, createdAt, role, projects, expiresAt }) =>
      durably(() => insert.run(id, name, hash, createdAt, role, JSON.stringify(projects), expiresAt ?? null)),
    used: async (id, at) => void transaction('kill', () => touch.run(at, id)),
    revoke: (id, at) => durably(() => forget.run(at, id)),
  };
}

function tokenOf({ id, name, hash, created_at, role, projects, expires_at, last_used_at }: TokenRow): StoredToken {
  return {
    id,
    name,
    hash,
    role,
    projects: JSON.parse(projects) as StoredToken['projects'],
    createdAt: created_at,
    expiresAt: expires_at ?? undefined,
    lastUsedAt: last_used_at ?? undefined,
  };
}
