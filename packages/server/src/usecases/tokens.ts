import { FotaServerError } from '../domain/errors.ts';
import { checkGrant, type Grant, type Principal } from '../domain/principal.ts';
import type { StoredToken, Token, TokenStore } from '../ports/tokens.ts';
import type { Now } from '../ports.ts';
import { letters } from './letters.ts';

/** A token at the only moment in which its secret is known. */
export interface NewToken extends Token {
  /** `fota_` and 40 letters and digits. */
  readonly token: string;
}

export interface WantedToken extends Grant {
  readonly name: string;
  /** From then on it lets nobody in: milliseconds since 1970. Default: never. */
  readonly expiresAt?: number | undefined;
}

/** Which programs may come in over the network. */
export interface Tokens {
  /** Makes the first token, which may do everything, and gives its secret, to be shown once; `undefined` where there ever was one. */
  first(): Promise<string | undefined>;
  /** In the order of their making, those that have expired among them. */
  list(): readonly Token[];
  /**
   * @throws FotaServerError `name-invalid`, `grant-invalid`, `expiry-invalid`, `project-unknown`, `disk-full`,
   *   `data-dir-unusable`
   */
  create(wanted: WantedToken): Promise<NewToken>;
  /** @throws FotaServerError `token-unknown`, `disk-full`, `data-dir-unusable` */
  revoke(id: string): Promise<void>;
  /** Who shows this secret. @throws FotaServerError `token-invalid`, `token-expired` */
  principal(secret: string): Principal;
}

export interface TokenPorts {
  readonly store: TokenStore;
  readonly now: Now;
  /** So many bytes that nobody can guess. */
  readonly random: (bytes: number) => Uint8Array;
  /** The SHA-256 of a text in lower-case hex. */
  readonly sha256: (text: string) => string;
  readonly hasProject: (name: string) => boolean;
  /** Told of what went wrong where nobody waits for an answer. */
  readonly onProblem: (problem: unknown) => void;
}

/** 40 of 62 letters are 238 bits. */
const SECRET_LENGTH = 40;
const NAME = /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u;
/** A use is noted where the last noted one is so old: a write for each request would cost more than the request. */
const USE_STEP_MS = 5 * 60_000;

/**
 * Tokens, of which only hashes are kept. A slow, salted hash protects what people can remember, because it can be guessed;
 * a secret of 238 random bits cannot, so that a plain SHA-256 tells a thief of the database nothing and costs a request
 * nothing. Secrets are looked up by their hash: what the time of a lookup tells is of the hash, which a stranger cannot steer.
 */
export async function openTokens(ports: TokenPorts): Promise<Tokens> {
  const { store, now, random, sha256, hasProject, onProblem } = ports;
  const byHash = new Map((await store.tokens()).map((token) => [token.hash, token]));

  const create = async ({ name, expiresAt, ...wanted }: WantedToken): Promise<NewToken> => {
    if (!NAME.test(name) || name !== name.trim()) {
      throw new FotaServerError('name-invalid', `${JSON.stringify(name.slice(0, 64))} is no name for a token`);
    }
    const grant = checkGrant(wanted, hasProject);
    const createdAt = now();
    if (expiresAt !== undefined && !(expiresAt > createdAt)) {
      throw new FotaServerError('expiry-invalid', 'a token that has expired already would let nobody in');
    }
    const secret = `fota_${letters(SECRET_LENGTH, random)}`;
    const id = letters(8, random);
    const token = { id, name, ...grant, createdAt, expiresAt, lastUsedAt: undefined, hash: sha256(secret) };
    await store.add(token);
    byHash.set(token.hash, token);
    return { ...bare(token), token: secret };
  };

  const use = (token: StoredToken): void => {
    const at = now();
    // A clock that was set back must not silence it.
    if (token.lastUsedAt !== undefined && Math.abs(at - token.lastUsedAt) < USE_STEP_MS) return;
    byHash.set(token.hash, { ...token, lastUsedAt: at });
    store.used(token.id, at).catch(onProblem);
  };

  return {
    first: async () =>
      (await store.isUsed()) ? undefined : (await create({ name: 'first', role: 'admin', projects: 'all' })).token,
    list: () => [...byHash.values()].map(bare),
    create,

    async revoke(id) {
      const found = [...byHash.values()].find((token) => token.id === id);
      if (found === undefined) throw new FotaServerError('token-unknown', `no token has the id "${id.slice(0, 64)}"`);
      await store.revoke(id, now());
      byHash.delete(found.hash);
    },

    principal(secret) {
      const found = byHash.get(sha256(secret));
      if (found === undefined) throw new FotaServerError('token-invalid', 'the token lets nobody in');
      const { id, name, role, projects, expiresAt } = found;
      if (expiresAt !== undefined && expiresAt <= now()) {
        throw new FotaServerError('token-expired', `the token "${name}" has expired`);
      }
      use(found);
      return { kind: 'token', id, name, role, projects };
    },
  };
}

function bare({ hash: _, ...token }: StoredToken): Token {
  return token;
}
