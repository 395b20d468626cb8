import { FotaServerError } from '../../domain/errors.ts';
import type { Role } from '../../domain/principal.ts';
import type { SessionStore, StoredSession, StoredUser, UserStore } from '../../ports/users.ts';
import { type Database, resultCode } from './database.ts';
import { transactions } from './transaction.ts';

/** What holds users and their sessions; a step of the schema. */
export const USER_TABLES: string = `
  -- name_key: what makes two names the same. projects is JSON: "all", or the names.
  CREATE TABLE user (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    projects TEXT NOT NULL,
    is_disabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    password TEXT NOT NULL,
    password_at INTEGER NOT NULL,
    generation INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE session (
    hash TEXT PRIMARY KEY,
    user TEXT NOT NULL REFERENCES user ON DELETE CASCADE,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX session_user ON session (user);
`;

interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly projects: string;
  readonly is_disabled: number;
  readonly created_at: number;
  readonly password: string;
  readonly password_at: number;
  readonly generation: number;
}

const CONSTRAINT = 19;

/** Users and sessions in the server's database, which is at `path`. */
export function sqliteUsers(
  database: Database,
  path: string,
): { readonly users: UserStore; readonly sessions: SessionStore } {
  const all = database.prepare('SELECT * FROM user ORDER BY created_at, rowid');
  const insert = database.prepare(
    `INSERT INTO user (name, name_key, role, projects, is_disabled, created_at, password, password_at, generation, id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const replace = database.prepare(
    `UPDATE user SET name = ?, name_key = ?, role = ?, projects = ?, is_disabled = ?, created_at = ?, password = ?,
    password_at = ?, generation = ? WHERE id = ?`,
  );
  const remove = database.prepare('DELETE FROM user WHERE id = ?');
  const open = database.prepare(
    'SELECT hash, user, generation, created_at AS createdAt, seen_at AS seenAt FROM session',
  );
  const begin = database.prepare(
    'INSERT INTO session (hash, user, generation, created_at, seen_at) VALUES (?, ?, ?, ?, ?)',
  );
  const see = database.prepare('UPDATE session SET seen_at = ? WHERE hash = ?');
  const end = database.prepare('DELETE FROM session WHERE hash = ?');

  const transaction = transactions(database, path);
  // Also against a power cut: who was kept out must not come in again.
  const durably = async (work: () => unknown): Promise<void> => void transaction('power-cut', work);

  return {
    users: {
      users: async () => all.all().map((row) => userOf(row as unknown as UserRow)),
      add: (user) =>
        durably(() => insert.run(...valuesOf(user))).catch((error: unknown) => {
          if (resultCode(error) !== CONSTRAINT) throw error;
          throw new FotaServerError('user-exists', `a user named "${user.name}" exists`, error);
        }),
      update: (user) => durably(() => replace.run(...valuesOf(user))),
      remove: (id) => durably(() => remove.run(id)),
    },
    sessions: {
      sessions: async () => open.all().map((row) => ({ ...(row as unknown as StoredSession) })),
      add: ({ hash, user, generation, createdAt, seenAt }) =>
        durably(() => begin.run(hash, user, generation, createdAt, seenAt)),
      seen: async (hash, at) => void transaction('kill', () => see.run(at, hash)),
      remove: (hashes) =>
        durably(() => {
          for (const hash of hashes) end.run(hash);
        }),
    },
  };
}

function valuesOf(user: StoredUser): Array<string | number> {
  const { id, name, role, projects, isDisabled, createdAt, password, passwordAt, generation } = user;
  const grant = [role, JSON.stringify(projects), isDisabled ? 1 : 0];
  return [name, name.toLowerCase(), ...grant, createdAt, password, passwordAt, generation, id];
}

function userOf(row: UserRow): StoredUser {
  const { id, name, role, projects, is_disabled, created_at, password, password_at, generation } = row;
  return {
    id,
    name,
    role,
    projects: JSON.parse(projects) as StoredUser['projects'],
    isDisabled: is_disabled === 1,
    createdAt: created_at,
    password,
    passwordAt: password_at,
    generation,
  };
}
