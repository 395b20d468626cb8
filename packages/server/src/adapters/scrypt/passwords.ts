import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import type { Passwords } from '../../ports/users.ts';

/** What a hash costs: memory of 128 × r × N bytes, and time that grows with N × r × p. */
export interface Cost {
  /** The binary logarithm of N. */
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** 32 MiB and about a quarter of a second. */
const COST: Cost = { logN: 15, r: 8, p: 3 };
const [SALT_BYTES, HASH_BYTES] = [16, 32];
/** Hashes under way. Each holds its memory, and one of the four threads that files are read by: devices wait for those too. */
const AT_A_TIME = 2;

/**
 * Passwords by scrypt, as `scrypt$logN$r$p$salt$hash`: the parameters stand beside the hash, so that a later program can
 * raise them and still compare with what an earlier one kept.
 */
export function scryptPasswords(cost: Cost = COST): Passwords {
  const waiting: Array<() => void> = [];
  let running = 0;

  const derived = async (password: string, salt: Buffer, length: number, made: Cost): Promise<Buffer> => {
    if (running >= AT_A_TIME) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await derive(password, salt, length, made);
    } finally {
      // The place goes to the next, if one waits.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };

  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      const hash = await derived(password, salt, HASH_BYTES, cost);
      return ['scrypt', cost.logN, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
    },

    async matches(password, hashed) {
      const [, logN, r, p, salt = '', hash = ''] = FORM.exec(hashed) ?? [];
      if (logN === undefined) throw new Error('a password was kept in a form that this program does not know');
      const wanted = Buffer.from(hash, 'base64url');
      const made = { logN: Number(logN), r: Number(r), p: Number(p) };
      return timingSafeEqual(await derived(password, Buffer.from(salt, 'base64url'), wanted.length, made), wanted);
    },
  };
}

const FORM = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]{22,86})\$([\w-]{43,86})$/;

function derive(password: string, salt: Buffer, length: number, { logN, r, p }: Cost): Promise<Buffer> {
  const N = 2 ** logN;
  const options: ScryptOptions = { N, r, p, maxmem: 2 * 128 * r * N };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
