import { randomBytes } from 'node:crypto';
import { parsePublicKey, parseSignature, proveBytes, proveComment, utf8 } from '@libfota2/protocol';
import { makeSigner, testCrypto } from '@libfota2/testkit';
import { expect, it } from 'vitest';
import { nodeProving } from './proving.ts';

/** Made by Debian's minisign 0.11, with keys that were thrown away. */
const KEY = 'RWSY4hX3d89yA6RF4kq9BpgjLFdtWvaNt570b2IEYkoflmcZSCKTxQBx';
const SIGNATURE = `untrusted comment: signature from minisign secret key
RUSY4hX3d89yA2rbejfWGRkBy+Gz3dru/T54tUvjzb/s9phWHjBBCmV9R0xfC+dYjwJAC2zl5XjE2+35D3b0z63Nhuf385n+gwg=
trusted comment: libfota2:1\ttimestamp:1700000000\tproject:gateway
YEt9Ujp5gunWWhWOkbsNrNbJOZbIZIMsc+sKxIup5y8DrDT6rfWtt5+/kOObwXyi6UUmDiRAUh8wUCICNT04DQ==
`;

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

it('what minisign signed is proven, in pieces too', async () => {
  const signature = parseSignature(SIGNATURE);
  const signer = proveComment(signature, [parsePublicKey(KEY)], nodeProving.ed25519);
  const file = utf8('hello, firmware\n');
  const digest = await nodeProving.blake2b512Of(pieces(file, 5));
  expect(digest).toEqual(nodeProving.blake2b512(file));
  expect(() => proveBytes(signature, signer, digest, nodeProving.ed25519)).not.toThrow();
});

it('many bytes are hashed as one piece or as many, and others get their turn meanwhile', async () => {
  const bytes = randomBytes(9_000_000);
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 0);
  const whole = await nodeProving.blake2b512Of(pieces(bytes, bytes.length));
  clearInterval(timer);
  expect(turns).toBeGreaterThan(1);
  expect(whole).toEqual(testCrypto.blake2b512(bytes));
  expect(await nodeProving.blake2b512Of(pieces(bytes, 70_001))).toEqual(whole);
});

it('what is no key, or no signature, proves nothing and throws nothing', () => {
  const { key } = makeSigner(1).publicKey;
  const message = utf8('x');
  for (const [wrong, signature] of [
    [key.subarray(1), new Uint8Array(64)],
    [key, new Uint8Array()],
    [key, new Uint8Array(64)],
    [new Uint8Array(32).fill(255), new Uint8Array(64)],
  ] as const) {
    expect(nodeProving.ed25519(wrong, message, signature)).toBe(false);
  }
});
