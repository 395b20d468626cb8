import type { Grant } from '../domain/principal.ts';

/** What a program shows to be let in, as an operator sees it. */
export interface Token extends Grant {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** From then on it lets nobody in: milliseconds since 1970; `undefined`: never. */
  readonly expiresAt: number | undefined;
  /** Some minutes behind: milliseconds since 1970; `undefined`: never. */
  readonly lastUsedAt: number | undefined;
}

/** A token without its secret, which is not kept: `hash` is the SHA-256 of it in lower-case hex. */
export interface StoredToken extends Token {
  readonly hash: string;
}

/** Tokens. What is written is durable, also against a power cut, when the promise resolves. */
export interface TokenStore {
  /** Those that are not revoked, in the order of their making. */
  tokens(): Promise<readonly StoredToken[]>;
  /** Whether there ever was a token, valid or revoked. */
  isUsed(): Promise<boolean>;
  /** @throws FotaServerError `disk-full`, `data-dir-unusable` */
  add(token: StoredToken): Promise<void>;
  /** Notes when it was used; a power cut may lose that. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  used(id: string, at: number): Promise<void>;
  /** Forgets the hash for good. @throws FotaServerError `disk-full`, `data-dir-unusable` */
  revoke(id: string, at: number): Promise<void>;
}
