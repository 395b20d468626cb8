import { FotaServerError } from '../domain/errors.ts';
import { checkGrant, type Grant, type Principal } from '../domain/principal.ts';
import type { Passwords, StoredUser, User, UserStore } from '../ports/users.ts';
import type { Now } from '../ports.ts';
import { letters } from './letters.ts';

export interface WantedUser extends Grant {
  readonly name: string;
  readonly password: string;
}

/** People who may come in over the network. Whatever changes of one ends their sessions. */
export interface Users {
  /** In the order of their making. */
  list(): readonly User[];
  /** @throws FotaServerError `user-unknown` */
  user(name: string): User;
  /**
   * @throws FotaServerError `name-invalid`, `password-weak`, `grant-invalid`, `project-unknown`, `user-exists`, `disk-full`,
   *   `data-dir-unusable`
   */
  add(wanted: WantedUser): Promise<User>;
  /** @throws FotaServerError `user-unknown`, `grant-invalid`, `project-unknown`, `disk-full`, `data-dir-unusable` */
  change(name: string, change: Partial<Grant & Pick<User, 'isDisabled'>>): Promise<User>;
  /** @throws FotaServerError `user-unknown`, `password-weak`, `disk-full`, `data-dir-unusable` */
  setPassword(name: string, password: string): Promise<User>;
  /** @throws FotaServerError `user-unknown`, `disk-full`, `data-dir-unusable` */
  remove(name: string): Promise<void>;
  /** Whom a name and a password belong to; takes as long where nobody has the name. `undefined`: nobody who may come in. */
  whoHas(name: string, password: string): Promise<StoredUser | undefined>;
  /** The one with this id, while they may come in. */
  active(id: string): StoredUser | undefined;
}

export interface UserPorts {
  readonly store: UserStore;
  readonly passwords: Passwords;
  readonly now: Now;
  /** So many bytes that nobody can guess. */
  readonly random: (bytes: number) => Uint8Array;
  readonly hasProject: (name: string) => boolean;
}

const NAME = /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u;
/** Characters of a password. */
const [SHORTEST, LONGEST] = [10, 256];

export async function openUsers({ store, passwords, now, random, hasProject }: UserPorts): Promise<Users> {
  const byName = new Map((await store.users()).map((user) => [keyOf(user.name), user]));
  /** What is compared with where nobody has the name: nobody knows what it is the hash of. */
  let nobody: Promise<string> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** What one change has read must still be true when it writes. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };

  const known = (name: string): StoredUser => {
    const found = byName.get(keyOf(name));
    if (found !== undefined) return found;
    throw new FotaServerError('user-unknown', `no user is named "${name.slice(0, 64)}"`);
  };

  const change = (name: string, changed: (before: StoredUser) => StoredUser): Promise<User> =>
    inTurn(async () => {
      const before = known(name);
      const after = { ...changed(before), generation: before.generation + 1 };
      await store.update(after);
      byName.set(keyOf(after.name), after);
      return bare(after);
    });

  return {
    list: () => [...byName.values()].map(bare),
    user: (name) => bare(known(name)),

    async add({ name, password, ...wanted }) {
      const grant = checkGrant(wanted, hasProject);
      const hashed = await passwords.hash(checkPassword(password, checkName(name)));
      return inTurn(async () => {
        if (byName.has(keyOf(name))) throw new FotaServerError('user-exists', `a user named "${name}" exists`);
        const at = now();
        const user: StoredUser = {
          ...{ id: letters(8, random), name: name.normalize('NFC'), ...grant, isDisabled: false },
          ...{ createdAt: at, passwordAt: at, password: hashed, generation: 1 },
        };
        await store.add(user);
        byName.set(keyOf(name), user);
        return bare(user);
      });
    },

    change: (name, { role, projects, isDisabled }) =>
      change(name, (before) => ({
        ...before,
        ...checkGrant({ role: role ?? before.role, projects: projects ?? before.projects }, hasProject),
        isDisabled: isDisabled ?? before.isDisabled,
      })),

    async setPassword(name, password) {
      const hashed = await passwords.hash(checkPassword(password, known(name).name));
      return change(name, (before) => ({ ...before, password: hashed, passwordAt: now() }));
    },

    remove: (name) =>
      inTurn(async () => {
        const { id } = known(name);
        await store.remove(id);
        byName.delete(keyOf(name));
      }),

    async whoHas(name, password) {
      // Made when it is first needed, for whomever: a start does not wait for it, and the time tells nothing.
      nobody ??= passwords.hash(letters(43, random));
      const standIn = await nobody;
      const found = byName.get(keyOf(name));
      const matches = await passwords.matches(password.normalize('NFKC'), found?.password ?? standIn);
      // As they are by now.
      const user = found && byName.get(keyOf(name));
      return matches && user?.password === found?.password && user?.isDisabled === false ? user : undefined;
    },

    active: (id) => [...byName.values()].find((user) => user.id === id && !user.isDisabled),
  };
}

export function principalOf({ id, name, role, projects }: User): Principal {
  return { kind: 'user', id, name, role, projects };
}

/** What makes two names the same. */
function keyOf(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

function bare({ password: _, generation: __, ...user }: StoredUser): User {
  return user;
}

/** @throws FotaServerError `name-invalid` */
function checkName(name: string): string {
  if (NAME.test(name) && name === name.trim()) return name;
  throw new FotaServerError('name-invalid', `${JSON.stringify(name.slice(0, 64))} is no name for a user`);
}

/** The password as it is hashed: however a keyboard puts its characters together. @throws FotaServerError `password-weak` */
function checkPassword(password: string, name: string): string {
  const normal = password.normalize('NFKC');
  const length = [...normal].length;
  if (length < SHORTEST || length > LONGEST) {
    throw new FotaServerError('password-weak', `a password has ${SHORTEST} to ${LONGEST} characters`);
  }
  if (keyOf(normal).includes(keyOf(name))) {
    throw new FotaServerError('password-weak', 'a password does not hold the name that it is for');
  }
  return normal;
}
