import { FotaServerError } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import type { SessionStore, StoredSession, StoredUser } from '../ports/users.ts';
import type { Now } from '../ports.ts';
import { letters } from './letters.ts';
import { createThrottle } from './throttle.ts';
import { principalOf, type Users } from './users.ts';

/** Somebody who has shown name and password. */
export interface LoggedIn {
  readonly user: Principal;
  /** Makes a session of it. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  begin(): Promise<NewSession>;
}

/** A session at the only moment in which its secret is known. */
export interface NewSession {
  /** 43 letters and digits. */
  readonly secret: string;
  /** When it ends at the latest: milliseconds since 1970. */
  readonly expiresAt: number;
  /** Milliseconds until then. */
  readonly lifeMs: number;
}

/** Pages that users have open: each by a secret that only its browser has. */
export interface Sessions {
  /**
   * Who has this name and this password. Whom nobody knows is told so as slowly as who has a wrong password. How often it
   * can be tried is limited: by name, by the address that it comes from, and in all.
   * @throws FotaServerError `login-failed`, `logins-limited` (its `facts.retryAfterS` are the seconds to wait)
   */
  logIn(name: string, password: string, from: string | undefined): Promise<LoggedIn>;
  /** Who shows this secret, and until when at the latest. @throws FotaServerError `session-invalid` */
  holder(secret: string): { readonly user: Principal; readonly expiresAt: number };
  /** @throws FotaServerError `disk-full`, `data-dir-unusable` */
  end(secret: string): Promise<void>;
}

export interface SessionPorts {
  readonly store: SessionStore;
  readonly users: Users;
  readonly now: Now;
  /** So many bytes that nobody can guess. */
  readonly random: (bytes: number) => Uint8Array;
  /** The SHA-256 of a text in lower-case hex. */
  readonly sha256: (text: string) => string;
  /** Told of what went wrong where nobody waits for an answer. */
  readonly onProblem: (problem: unknown) => void;
}

const HOUR = 3_600_000;
/** A session ends so long after its beginning, and after its last use. */
const [LIFE_MS, IDLE_MS] = [12 * HOUR, 2 * HOUR];
/** A use is noted where the last noted one is so old. */
const SEEN_STEP_MS = 5 * 60_000;
/** Sessions of one user; the oldest ends for a further one. */
const MOST_OF_ONE = 20;

/** Of one name ten wrong passwords, then one a minute; of one address twenty attempts, then one in five seconds. */
const LIMITS = {
  name: { burst: 10, everyMs: 60_000 },
  address: { burst: 20, everyMs: 5_000 },
  all: { burst: 60, everyMs: 1_000 },
};

export async function openSessions(ports: SessionPorts): Promise<Sessions> {
  const { store, users, now, random, sha256, onProblem } = ports;
  const byHash = new Map((await store.sessions()).map((session) => [session.hash, session]));
  const throttles = {
    name: createThrottle(LIMITS.name),
    address: createThrottle(LIMITS.address),
    all: createThrottle(LIMITS.all),
  };

  /** Whose it is, while it is valid. */
  const userOf = ({ user, generation, createdAt, seenAt }: StoredSession): StoredUser | undefined => {
    const at = now();
    if (at >= createdAt + LIFE_MS || at >= seenAt + IDLE_MS) return undefined;
    const found = users.active(user);
    return found?.generation === generation ? found : undefined;
  };

  const drop = async (sessions: readonly StoredSession[]): Promise<void> => {
    if (sessions.length === 0) return;
    await store.remove(sessions.map(({ hash }) => hash));
    for (const { hash } of sessions) byHash.delete(hash);
  };

  const begin = async ({ id, generation }: StoredUser): Promise<NewSession> => {
    const all = [...byHash.values()];
    const valid = all.filter((session) => session.user === id && userOf(session) !== undefined);
    const tooMany = valid.toSorted((a, b) => b.createdAt - a.createdAt).slice(MOST_OF_ONE - 1);
    await drop([...all.filter((session) => userOf(session) === undefined), ...tooMany]);
    const secret = letters(43, random);
    const at = now();
    const session = { hash: sha256(secret), user: id, generation, createdAt: at, seenAt: at };
    await store.add(session);
    byHash.set(session.hash, session);
    return { secret, expiresAt: at + LIFE_MS, lifeMs: LIFE_MS };
  };

  /** @throws FotaServerError `logins-limited` */
  const pass = (throttle: keyof typeof throttles, key: string): void => {
    const waitMs = throttles[throttle].take(key, now());
    if (waitMs === 0) return;
    const retryAfterS = Math.ceil(waitMs / 1_000);
    const detail = `too many have tried to log in; the next may in ${retryAfterS} s`;
    throw new FotaServerError('logins-limited', detail, undefined, { retryAfterS });
  };

  await drop([...byHash.values()].filter((session) => userOf(session) === undefined));

  return {
    async logIn(name, password, from) {
      const key = sha256(name.normalize('NFC').toLowerCase());
      // One address, or one name, is not to use up what is for all.
      if (from !== undefined) pass('address', from);
      pass('name', key);
      pass('all', '');
      const user = await users.whoHas(name, password);
      if (user === undefined) throw new FotaServerError('login-failed', 'name or password is wrong');
      throttles.name.giveBack(key);
      return { user: principalOf(user), begin: () => begin(user) };
    },

    holder(secret) {
      const session = byHash.get(sha256(secret));
      const user = session && userOf(session);
      if (session === undefined || user === undefined) {
        throw new FotaServerError('session-invalid', 'the session has ended');
      }
      const at = now();
      if (at - session.seenAt >= SEEN_STEP_MS) {
        byHash.set(session.hash, { ...session, seenAt: at });
        store.seen(session.hash, at).catch(onProblem);
      }
      return { user: principalOf(user), expiresAt: session.createdAt + LIFE_MS };
    },

    async end(secret) {
      const session = byHash.get(sha256(secret));
      if (session !== undefined) await drop([session]);
    },
  };
}
