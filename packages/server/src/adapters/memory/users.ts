import { FotaServerError } from '../../domain/errors.ts';
import type { SessionStore, StoredSession, StoredUser, UserStore } from '../../ports/users.ts';

/** Users and sessions in memory, for tests. What they keep is gone with them. */
export function memoryUsers(): { readonly users: UserStore; readonly sessions: SessionStore } {
  const users = new Map<string, StoredUser>();
  const sessions = new Map<string, StoredSession>();
  return {
    users: {
      users: async () => [...users.values()],

      async add(user) {
        const same = [...users.values()].find(({ name }) => name.toLowerCase() === user.name.toLowerCase());
        if (same !== undefined) throw new FotaServerError('user-exists', `a user named "${same.name}" exists`);
        users.set(user.id, user);
      },

      async update(user) {
        if (users.has(user.id)) users.set(user.id, user);
      },

      async remove(id) {
        users.delete(id);
        for (const [hash, { user }] of sessions) if (user === id) sessions.delete(hash);
      },
    },
    sessions: {
      sessions: async () => [...sessions.values()],
      add: async (session) => void sessions.set(session.hash, session),

      async seen(hash, at) {
        const session = sessions.get(hash);
        if (session !== undefined) sessions.set(hash, { ...session, seenAt: at });
      },

      async remove(hashes) {
        for (const hash of hashes) sessions.delete(hash);
      },
    },
  };
}
