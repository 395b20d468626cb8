import type { Grant } from '../domain/principal.ts';

/** A person who may come in over the network. */
export interface User extends Grant {
  /** Stays with them, and is nobody else's, also after they are gone. */
  readonly id: string;
  /** Unique, whatever the case of its letters. */
  readonly name: string;
  readonly isDisabled: boolean;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** When the password was set last: milliseconds since 1970. */
  readonly passwordAt: number;
}

export interface StoredUser extends User {
  /** As the {@link Passwords} port made it. */
  readonly password: string;
  /** Grows with each change that ends the sessions that there are. */
  readonly generation: number;
}

/** A page that somebody has opened with their password. Of its secret only the hash is kept: SHA-256 in lower-case hex. */
export interface StoredSession {
  readonly hash: string;
  /** The user's id. */
  readonly user: string;
  /** The user's at its beginning: it ends when theirs grows. */
  readonly generation: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** When it was used last, some minutes behind: milliseconds since 1970. */
  readonly seenAt: number;
}

/** Users and their sessions. What is written is durable, also against a power cut, when the promise resolves. */
export interface UserStore {
  /** In the order of their making. */
  users(): Promise<readonly StoredUser[]>;
  /** @throws FotaServerError `user-exists`, `disk-full`, `data-dir-unusable` */
  add(user: StoredUser): Promise<void>;
  /** Replaces what is kept of a user. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  update(user: StoredUser): Promise<void>;
  /** With their sessions. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  remove(id: string): Promise<void>;
}

export interface SessionStore {
  sessions(): Promise<readonly StoredSession[]>;
  /** @throws FotaServerError `disk-full`, `data-dir-unusable` */
  add(session: StoredSession): Promise<void>;
  /** Notes when it was used; a power cut may lose that. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  seen(hash: string, at: number): Promise<void>;
  /** @throws FotaServerError `disk-full`, `data-dir-unusable` */
  remove(hashes: readonly string[]): Promise<void>;
}

/** Hashes what people can remember: slowly, salted, a few at a time. */
export interface Passwords {
  /** With the parameters of its making beside it. */
  hash(password: string): Promise<string>;
  matches(password: string, hashed: string): Promise<boolean>;
}
