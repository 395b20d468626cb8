/** How minisign makes a key stream of a passphrase: scrypt, its cost told as libsodium tells it. */
import { scrypt } from 'node:crypto';
import { CommandError } from '../failure.ts';

/** What the work of a passphrase may cost, as libsodium counts: operations, and bytes of memory. */
export interface Cost {
  readonly operations: bigint;
  readonly memory: bigint;
}

/** Of every key file that minisign makes: about three seconds, and 1 GiB. */
export const SENSITIVE: Cost = { operations: 33_554_432n, memory: 1_073_741_824n };

const LEAST_OPERATIONS = 32_768n;
/** Bytes of a block: r × 128. */
const R = 8;

interface Parameters {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/**
 * What libsodium's crypto_pwhash_scryptsalsa208sha256 picks for a cost; `undefined` for one that is above minisign's own, or
 * that nothing can be picked for. So nobody's key file can have this machine work for hours.
 */
export function parametersFor({ operations, memory }: Cost): Parameters | undefined {
  if (operations > SENSITIVE.operations || memory > SENSITIVE.memory) return undefined;
  const work = operations < LEAST_OPERATIONS ? LEAST_OPERATIONS : operations;
  const isShort = work < memory / 32n;
  const most = isShort ? work / BigInt(R * 4) : memory / BigInt(R * 128);
  let log = 1n;
  while (log < 63n && 1n << log <= most / 2n) log += 1n;
  const p = isShort ? 1n : work / 4n / (1n << log) / BigInt(R);
  return p < 1n || 1n << log > most ? undefined : { N: Number(1n << log), r: R, p: Number(p) };
}

/** @throws CommandError `passphrase-memory` */
export async function keyStream(
  passphrase: string,
  salt: Uint8Array,
  { N, r, p }: Parameters,
  length: number,
): Promise<Uint8Array> {
  // What OpenSSL counts, and a little more.
  const maxmem = 128 * r * (N + p + 2) + 65_536;
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      const megabytes = Math.ceil(maxmem / 2 ** 20);
      const message = `the passphrase needs ${megabytes} MiB of memory, and there is not so much`;
      reject(new CommandError('passphrase-memory', message, { cause }));
    };
    try {
      scrypt(passphrase, salt, length, { N, r, p, maxmem }, (error, stream) => {
        if (error === null) resolve(stream);
        else fail(error);
      });
    } catch (error) {
      fail(error);
    }
  });
}
