import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type FakeTime, fakeTime, MINUTE } from '../../test/suites/world.ts';
import { memoryUsers } from '../adapters/memory/users.ts';
import { scryptPasswords } from '../adapters/scrypt/passwords.ts';
import type { Passwords } from '../ports/users.ts';
import { openSessions, type Sessions } from './sessions.ts';
import { openUsers, type Users } from './users.ts';

const HOUR = 60 * MINUTE;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const ADA = { name: 'Ada', password: 'correct horse battery', role: 'operator', projects: ['p'] } as const;

interface World {
  readonly users: Users;
  readonly sessions: Sessions;
  readonly time: FakeTime;
  readonly stores: ReturnType<typeof memoryUsers>;
  /** Passwords that were compared. */
  readonly compared: readonly string[];
  restarted(): Promise<World>;
}

async function made(time = fakeTime(), stores = memoryUsers()): Promise<World> {
  const { now } = time;
  const scrypt = scryptPasswords({ logN: 4, r: 1, p: 1 });
  const compared: string[] = [];
  const passwords: Passwords = {
    ...scrypt,
    async matches(password, hashed) {
      compared.push(hashed);
      return scrypt.matches(password, hashed);
    },
  };
  const onProblem = (problem: unknown): never => {
    throw problem;
  };
  const hasProject = (name: string): boolean => name !== 'nowhere';
  const users = await openUsers({ store: stores.users, passwords, now, random: randomBytes, hasProject });
  const sessions = await openSessions({ store: stores.sessions, users, now, random: randomBytes, sha256, onProblem });
  return { users, sessions, time, stores, compared, restarted: () => made(time, stores) };
}

async function opened({ sessions }: World, name = 'Ada', password: string = ADA.password): Promise<string> {
  return (await (await sessions.logIn(name, password, '10.0.0.1')).begin()).secret;
}

function refusal(code: string): unknown {
  return expect.objectContaining({ code });
}

describe('users', () => {
  it('are added, changed and removed by their name, whatever the case of its letters', async () => {
    const { users } = await made();
    const ada = await users.add(ADA);
    expect(ada).toEqual({
      ...{ id: expect.stringMatching(/^\w{8}$/), name: 'Ada', role: 'operator', projects: ['p'], isDisabled: false },
      ...{ createdAt: expect.any(Number), passwordAt: expect.any(Number) },
    });
    expect(users.list()).toEqual([ada]);
    await expect(users.add({ ...ADA, name: 'ADA' })).rejects.toMatchObject({ code: 'user-exists' });
    expect(await users.change('ada', { role: 'viewer' })).toMatchObject({ role: 'viewer', projects: ['p'] });
    expect(await users.change('ada', { projects: 'all', isDisabled: true })).toMatchObject({ projects: 'all' });
    expect(users.user('aDa')).toMatchObject({ name: 'Ada', isDisabled: true });
    await users.remove('ADA');
    expect(() => users.user('Ada')).toThrow(refusal('user-unknown'));
    await expect(users.change('Ada', {})).rejects.toMatchObject({ code: 'user-unknown' });
  });

  it('of one name are made once, also by two at the same time', async () => {
    const { users } = await made();
    const both = await Promise.allSettled([users.add(ADA), users.add(ADA)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it.each([
    ['short', 'password-weak'],
    ['x'.repeat(257), 'password-weak'],
    ['my name is aDa!', 'password-weak'],
  ])('do not have the password "%s"', async (password, code) => {
    const { users } = await made();
    await expect(users.add({ ...ADA, password })).rejects.toMatchObject({ code });
    await users.add(ADA);
    await expect(users.setPassword('Ada', password)).rejects.toMatchObject({ code });
  });

  it.each(['', ' x', 'a\nb', 'x'.repeat(65)])('are not named %j', async (name) => {
    const { users } = await made();
    await expect(users.add({ ...ADA, name })).rejects.toMatchObject({ code: 'name-invalid' });
  });

  it('are only for projects that there are', async () => {
    const { users } = await made();
    await expect(users.add({ ...ADA, projects: ['nowhere'] })).rejects.toMatchObject({ code: 'project-unknown' });
    await users.add(ADA);
    await expect(users.change('Ada', { projects: [] })).rejects.toMatchObject({ code: 'grant-invalid' });
  });
});

describe('a session', () => {
  it('lets its user in, after a restart too, until they log out', async () => {
    const world = await made();
    const { id } = await world.users.add(ADA);
    const secret = await opened(world);
    const user = { kind: 'user', id, name: 'Ada', role: 'operator', projects: ['p'] };
    expect(world.sessions.holder(secret).user).toEqual(user);
    const again = await world.restarted();
    expect(again.sessions.holder(secret).user).toEqual(user);
    expect(() => again.sessions.holder(`${secret}x`)).toThrow(refusal('session-invalid'));
    await again.sessions.end(secret);
    await again.sessions.end('unknown');
    expect(() => again.sessions.holder(secret)).toThrow(refusal('session-invalid'));
    const later = await again.restarted();
    expect(() => later.sessions.holder(secret)).toThrow(refusal('session-invalid'));
  });

  it('keeps nothing by which it could be used', async () => {
    const world = await made();
    await world.users.add(ADA);
    const secret = await opened(world);
    const kept = JSON.stringify([await world.stores.users.users(), await world.stores.sessions.sessions()]);
    expect(kept).toContain(sha256(secret));
    expect(kept).not.toContain(secret);
    expect(kept).not.toContain(ADA.password);
  });

  it('ends two hours after it was used last, and twelve after its beginning', async () => {
    const world = await made();
    await world.users.add(ADA);
    const { sessions, time } = world;
    const [idle, busy] = [await opened(world), await opened(world)];
    await time.pass(2 * HOUR - 1);
    expect(sessions.holder(busy)).toMatchObject({ expiresAt: Date.UTC(2026, 10, 23, 12) });
    await time.pass(1);
    expect(() => sessions.holder(idle)).toThrow(refusal('session-invalid'));
    for (let hour = 2; hour < 11; hour += 1) {
      await time.pass(HOUR);
      sessions.holder(busy);
    }
    const { sessions: again } = await world.restarted();
    await time.pass(HOUR - 1);
    again.holder(busy);
    await time.pass(1);
    expect(() => again.holder(busy)).toThrow(refusal('session-invalid'));
    await opened(world);
    expect(await world.stores.sessions.sessions()).toHaveLength(1);
  });

  it.each<readonly [string, (users: Users) => Promise<unknown>]>([
    ['role', (users) => users.change('Ada', { role: 'viewer' })],
    ['projects', (users) => users.change('Ada', { projects: 'all' })],
    ['being disabled', (users) => users.change('Ada', { isDisabled: true })],
    ['password', (users) => users.setPassword('Ada', 'another long sentence')],
    ['removal', (users) => users.remove('Ada')],
  ])('ends with another %s of its user, and nobody else’s does', async (_what, change) => {
    const world = await made();
    await world.users.add(ADA);
    await world.users.add({ ...ADA, name: 'Bob' });
    const [ada, bob] = [await opened(world), await opened(world, 'Bob')];
    await change(world.users);
    for (const { sessions } of [world, await world.restarted()]) {
      expect(() => sessions.holder(ada)).toThrow(refusal('session-invalid'));
      expect(sessions.holder(bob).user.name).toBe('Bob');
    }
  });

  it('is one of twenty at most: the oldest ends for another', async () => {
    const world = await made();
    await world.users.add(ADA);
    const secrets: string[] = [];
    for (let n = 0; n < 21; n += 1) {
      secrets.push(await opened(world));
      await world.time.pass(5_000);
    }
    expect(() => world.sessions.holder(secrets[0] ?? '')).toThrow(refusal('session-invalid'));
    for (const secret of secrets.slice(1)) world.sessions.holder(secret);
  });
});

describe('logging in', () => {
  it('is refused alike, and after the same work, for a wrong password, an unknown name and a disabled user', async () => {
    const { users, sessions, compared } = await made();
    await users.add(ADA);
    await users.add({ ...ADA, name: 'Gone' });
    await users.change('Gone', { isDisabled: true });
    const tried = [
      ['Ada', 'wrong'],
      ['nobody', ADA.password],
      ['Gone', ADA.password],
    ] as const;
    const told = await Promise.all(
      tried.map(([name, password]) => sessions.logIn(name, password, undefined).catch((error: unknown) => error)),
    );
    for (const error of told) {
      expect(error).toMatchObject({ code: 'login-failed', message: 'name or password is wrong' });
    }
    expect(compared).toHaveLength(3);
    expect(compared.every((hashed) => hashed.startsWith('scrypt$4$1$1$'))).toBe(true);
  });

  it('takes a password however its characters are put together', async () => {
    const world = await made();
    await world.users.add({ ...ADA, password: 'caf\u00e9 au lait, twice' });
    await expect(opened(world, 'Ada', 'cafe\u0301 au lait, twice')).resolves.toBeTruthy();
  });

  it('is limited by name: ten wrong passwords, then one a minute; right ones do not count', async () => {
    const world = await made();
    await world.users.add(ADA);
    const wrong = (name: string, n: number): Promise<unknown> =>
      world.sessions.logIn(name, 'wrong', `10.0.0.${n}`).then(
        () => 'in',
        ({ code }: { readonly code: string }) => code,
      );
    for (let n = 0; n < 15; n += 1) await opened({ ...world, sessions: fromAnywhere(world.sessions) });
    const codes: unknown[] = [];
    // Whether there is somebody of the name or not.
    for (let n = 0; n < 11; n += 1) codes.push(await wrong('Ada', n), await wrong('nobody', n));
    expect(codes).toEqual([...Array(20).fill('login-failed'), 'logins-limited', 'logins-limited']);
    await expect(world.sessions.logIn('ADA', ADA.password, undefined)).rejects.toMatchObject({
      code: 'logins-limited',
      facts: { retryAfterS: 60 },
    });
    await world.time.pass(MINUTE);
    await expect(opened(world)).resolves.toBeTruthy();
  });

  it('is limited by address, so that one alone cannot use up what is for all', async () => {
    const { users, sessions } = await made();
    await users.add(ADA);
    const codes = new Map<string, number>();
    for (let n = 0; n < 200; n += 1) {
      await sessions.logIn(`nobody ${n}`, 'wrong', '10.0.0.1').catch(({ code }: { readonly code: string }) => {
        codes.set(code, (codes.get(code) ?? 0) + 1);
      });
    }
    expect(Object.fromEntries(codes)).toEqual({ 'login-failed': 20, 'logins-limited': 180 });
    await expect(sessions.logIn('Ada', ADA.password, '10.0.0.2')).resolves.toBeTruthy();
  });

  it('is limited in all, and what is refused costs no hash', async () => {
    const { sessions, compared } = await made();
    for (let n = 0; n < 300; n += 1) {
      await sessions.logIn(`nobody ${n}`, 'wrong', `10.0.${n}.1`).catch(() => undefined);
    }
    expect(compared).toHaveLength(60);
  });
});

/** Each attempt from another address. */
function fromAnywhere(sessions: Sessions): Sessions {
  let n = 0;
  return {
    ...sessions,
    logIn(name, password) {
      n += 1;
      return sessions.logIn(name, password, `10.1.0.${n}`);
    },
  };
}
