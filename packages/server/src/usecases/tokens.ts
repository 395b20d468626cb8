import { FotaServerError } from '../domain/errors.ts';
import type { Now, StoredToken, Token, TokenStore } from '../ports.ts';

/** A token at the only moment in which its secret is known. */
export interface NewToken extends Token {
  /** `fota_` and 40 letters and digits. */
  readonly token: string;
}

/** Who may come in over the network. */
export interface Tokens {
  /** Makes the first token and gives its secret, to be shown once; `undefined` where there ever was one. */
  first(): Promise<string | undefined>;
  /** In the order of their making. */
  list(): readonly Token[];
  /** @throws FotaServerError `name-invalid`, `disk-full`, `data-dir-unusable` */
  create(name: string): Promise<NewToken>;
  /** @throws FotaServerError `token-unknown`, `disk-full`, `data-dir-unusable` */
  revoke(id: string): Promise<void>;
  /** Whose secret this is; `undefined` where it is nobody's. */
  holder(secret: string): Token | undefined;
}

export interface TokenPorts {
  readonly store: TokenStore;
  readonly now: Now;
  /** So many bytes that nobody can guess. */
  readonly random: (bytes: number) => Uint8Array;
  /** The SHA-256 of a text in lower-case hex. */
  readonly sha256: (text: string) => string;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** 40 of 62 letters are 238 bits. */
const SECRET_LENGTH = 40;
const NAME = /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u;

/**
 * Tokens, of which only hashes are kept. A slow, salted hash protects what people can remember, because it can be guessed;
 * a secret of 238 random bits cannot, so that a plain SHA-256 tells a thief of the database nothing and costs a request
 * nothing. Secrets are looked up by their hash: what the time of a lookup tells is of the hash, which a stranger cannot steer.
 */
export async function openTokens({ store, now, random, sha256 }: TokenPorts): Promise<Tokens> {
  const byHash = new Map((await store.tokens()).map((token) => [token.hash, token]));

  const create = async (name: string): Promise<NewToken> => {
    if (!NAME.test(name) || name !== name.trim()) {
      throw new FotaServerError('name-invalid', `${JSON.stringify(name.slice(0, 64))} is no name for a token`);
    }
    const secret = `fota_${letters(SECRET_LENGTH, random)}`;
    const token: StoredToken = { id: letters(8, random), name, createdAt: now(), hash: sha256(secret) };
    await store.add(token);
    byHash.set(token.hash, token);
    return { ...bare(token), token: secret };
  };

  return {
    first: async () => ((await store.isUsed()) ? undefined : (await create('first')).token),
    list: () => [...byHash.values()].map(bare),
    create,

    async revoke(id) {
      const found = [...byHash.values()].find((token) => token.id === id);
      if (found === undefined) throw new FotaServerError('token-unknown', `no token has the id "${id.slice(0, 64)}"`);
      await store.revoke(id, now());
      byHash.delete(found.hash);
    },

    holder(secret) {
      const found = byHash.get(sha256(secret));
      return found && bare(found);
    },
  };
}

function bare({ id, name, createdAt }: StoredToken): Token {
  return { id, name, createdAt };
}

/** Letters and digits, each as likely as the others: bytes beyond the last whole 62 are thrown away. */
function letters(length: number, random: (bytes: number) => Uint8Array): string {
  let text = '';
  while (text.length < length) {
    const usable = [...random(length)].filter((byte) => byte < 4 * LETTERS.length);
    text += usable.map((byte) => LETTERS.charAt(byte % LETTERS.length)).join('');
  }
  return text.slice(0, length);
}
