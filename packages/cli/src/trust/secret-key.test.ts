import {
  parsePublicKey,
  parseSignature,
  proveBytes,
  proveComment,
  TrustError,
  toBase64,
  utf8,
} from '@libfota2/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trustCrypto } from './crypto.ts';
import { looksSecret, makeSecretKey, opened, parseSecretKey, sealed, signature } from './secret-key.ts';

/** Made by Debian's minisign 0.11, for these tests and nothing else: `-G -W`, and `-G` with "correct horse". */
const OPEN = `untrusted comment: minisign encrypted secret key
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAfCVDgkUfcvZGeoRQilyAzUjiSvLnKZuTNrakCCFdWwM6+hV6iS2/RCKeRylAqx/u/5CA5gn8sCUEp1K33yDLewx4FIrx5uVUAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
`;
const OPEN_PUBLIC = 'RWR8JUOCRR9y9iKeRylAqx/u/5CA5gn8sCUEp1K33yDLewx4FIrx5uVU';
const LOCKED = `untrusted comment: minisign encrypted secret key
RWRTY0IyaoNnmcLZZTWRCLOXOEgHK1SEFRDnM7CDE2ruVrZKhJYAAAACAAAAAAAAAEAAAAAAeMAlJX2hvQvjEeRwjNr8JcsoLd6gFebtZJZvwjL8fOQdKF5imYWRcvVyJajzkarlbzZzVtGlD4rW4I2k8WjlQhJMp/TN7xn1rXLmCWDA5ZTVlKtPnihb+iig4MmVi2a7n4FnkNMDw5U=
`;
const LOCKED_PUBLIC = 'RWTIAak9UJ4wG853IMcm++qbh+jFLda75OgaAn0FFoefZak0YtMplQkx';

/** A cost that a test can bear. */
const CHEAP = { operations: 32_768n, memory: 1_048_576n };
const nobody = async (): Promise<string> => {
  throw new Error('a passphrase was asked for');
};
const bytesOf = (text: string): Buffer => Buffer.from(text.split('\n')[1] ?? '', 'base64');
const textOf = (bytes: Uint8Array): string => `untrusted comment: x\n${toBase64(bytes)}\n`;

describe('a secret key of minisign', () => {
  it('is read where it lies open, and signs', async () => {
    const key = await opened(parseSecretKey(OPEN), nobody);
    expect(key.publicKey).toEqual(parsePublicKey(OPEN_PUBLIC));
    const digest = trustCrypto.blake2b512(utf8('hello'));
    const parsed = parseSignature(signature(key, digest, 'x'));
    const signer = proveComment(parsed, [parsePublicKey(OPEN_PUBLIC)], trustCrypto.ed25519);
    expect(() => proveBytes(parsed, signer, digest, trustCrypto.ed25519)).not.toThrow();
    // Ed25519 has no chance in it: minisign made the same.
    expect(toBase64(parsed.globalSignature)).toBe(
      'U7QCg7P9sEN4B/7AsE6EQ6USTDuabWiRMEmvP7z1m//zoEMo6ZAbE31yL7xbrgPq9hrAMRR8hF6fTdeBPYzVDw==',
    );
  });

  it('is opened by its passphrase', async () => {
    const key = await opened(parseSecretKey(LOCKED), async () => 'correct horse');
    expect(key.publicKey).toEqual(parsePublicKey(LOCKED_PUBLIC));
  }, 60_000);

  it('is written open as minisign writes it', async () => {
    const key = await opened(parseSecretKey(OPEN), nobody);
    expect(await sealed(key, 'minisign encrypted secret key', undefined)).toBe(OPEN);
  });

  it('comes back from its file, whatever the passphrase', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.option(fc.string({ minLength: 1, unit: 'grapheme' }), { nil: undefined }),
        async (passphrase) => {
          const key = makeSecretKey();
          const text = await sealed(key, 'a key', passphrase, { cost: CHEAP });
          expect(looksSecret(text)).toBe(true);
          expect(await opened(parseSecretKey(text), async () => passphrase ?? '')).toEqual(key);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('is opened by no other passphrase', async () => {
    const text = await sealed(makeSecretKey(), 'a key', 'right', { cost: CHEAP });
    await expect(opened(parseSecretKey(text), async () => 'wrong')).rejects.toMatchObject({ code: 'passphrase-wrong' });
  });

  it('has nothing of the key in its file, not even the number', async () => {
    const key = makeSecretKey();
    const bytes = bytesOf(await sealed(key, 'a key', 'x', { cost: CHEAP }));
    const number = Buffer.from(key.publicKey.id, 'hex').reverse();
    for (const part of [key.seed, key.publicKey.key, number]) expect(bytes.includes(Buffer.from(part))).toBe(false);
  });

  it('is refused with a bit that is not what it was', async () => {
    const key = makeSecretKey();
    const open = bytesOf(await sealed(key, 'a key', undefined));
    // Behind the number: it is in no sum where a key lies open.
    for (let place = 62; place < 158; place += 1) {
      const damaged = Buffer.from(open);
      damaged[place] = (damaged[place] ?? 0) ^ 1;
      await expect(opened(parseSecretKey(textOf(damaged)), nobody)).rejects.toMatchObject({ code: 'key-malformed' });
    }
  });

  it('is refused where its passphrase would cost more than minisign asks for', () => {
    const bytes = bytesOf(LOCKED);
    for (const [place, value] of [
      [38, 33_554_433n],
      [46, 2n ** 40n],
      [46, 0n],
    ] as const) {
      const dear = Buffer.from(bytes);
      dear.writeBigUInt64LE(value, place);
      expect(() => parseSecretKey(textOf(dear))).toThrow(expect.objectContaining({ code: 'key-malformed' }));
    }
  });

  it('is no public key, no signature, no other text, and nothing else is thrown', () => {
    const near = fc
      .tuple(fc.nat(157), fc.nat(255))
      .map(([place, byte]) => textOf(bytesOf(OPEN).map((own, at) => (at === place ? byte : own))));
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ maxLength: 400 }).map(textOf),
      near,
      fc.constant(`untrusted comment: ${'x'.repeat(1_000_000)}\n`),
    );
    fc.assert(
      fc.property(text, (one) => {
        looksSecret(one);
        try {
          parseSecretKey(one);
        } catch (error) {
          expect(error).toBeInstanceOf(TrustError);
          expect(error).toMatchObject({ code: 'key-malformed' });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
