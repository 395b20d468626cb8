import { expect, it } from 'vitest';
import type { SessionStore, StoredSession, StoredUser, UserStore } from '../../src/ports/users.ts';

interface Stores {
  readonly users: UserStore;
  readonly sessions: SessionStore;
}

/** The stores, and the same opened again as after a restart. */
export interface UsersUnderTest extends Stores {
  reopened(): Promise<Stores>;
}

function userOf(changes: Partial<StoredUser> = {}): StoredUser {
  return {
    id: 'u1',
    name: 'Ada',
    role: 'operator',
    projects: ['p', '固'],
    isDisabled: false,
    createdAt: 5,
    passwordAt: 6,
    password: 'scrypt$…',
    generation: 1,
    ...changes,
  };
}

function sessionOf(changes: Partial<StoredSession> = {}): StoredSession {
  return { hash: 'a'.repeat(64), user: 'u1', generation: 1, createdAt: 7, seenAt: 8, ...changes };
}

/** What every `UserStore` and `SessionStore` owe to the use cases. */
export function testUserStores(make: () => Promise<UsersUnderTest>): void {
  it('users come back as they were written last, in the order of their making, until they are removed', async () => {
    const { users, reopened } = await make();
    const bob = userOf({ id: 'u0', name: '鲍勃', projects: 'all', createdAt: 6 });
    await users.add(userOf());
    await users.add(bob);
    const changed = userOf({
      role: 'viewer',
      projects: 'all',
      isDisabled: true,
      password: 'x',
      passwordAt: 9,
      generation: 2,
    });
    await users.update(changed);
    for (const one of [users, (await reopened()).users]) expect(await one.users()).toEqual([changed, bob]);
    await users.remove('u1');
    await users.update(changed);
    expect(await (await reopened()).users.users()).toEqual([bob]);
  });

  it('a name is there once, whatever the case of its letters', async () => {
    const { users } = await make();
    await users.add(userOf());
    await expect(users.add(userOf({ id: 'u2', name: 'aDA' }))).rejects.toMatchObject({ code: 'user-exists' });
    expect(await users.users()).toHaveLength(1);
  });

  it('sessions come back, and end alone or with their user', async () => {
    const { users, sessions, reopened } = await make();
    await users.add(userOf());
    await users.add(userOf({ id: 'u2', name: 'bob' }));
    const [first, second] = [sessionOf(), sessionOf({ hash: 'b'.repeat(64) })];
    const other = sessionOf({ hash: 'c'.repeat(64), user: 'u2', generation: 4 });
    for (const session of [first, second, other]) await sessions.add(session);
    await sessions.seen(other.hash, 99);
    await sessions.remove([first.hash]);
    const left = [second, { ...other, seenAt: 99 }];
    for (const one of [sessions, (await reopened()).sessions]) {
      expect((await one.sessions()).toSorted((a, b) => (a.hash < b.hash ? -1 : 1))).toEqual(left);
    }
    await users.remove('u1');
    expect(await (await reopened()).sessions.sessions()).toEqual(left.slice(1));
  });
}
