import { makeSigner, testCrypto } from '@libfota2/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64, utf8 } from './bytes.ts';
import { TrustError } from './errors.ts';
import {
  formatPublicKey,
  formatSignature,
  parsePublicKey,
  parseSignature,
  proveBytes,
  proveComment,
  SIGNATURE_TEXT_LIMIT,
} from './minisign.ts';

/** Made by Debian's minisign 0.11, with keys that were thrown away. */
const KEY = `untrusted comment: minisign public key 372CF77F715E298
RWSY4hX3d89yA6RF4kq9BpgjLFdtWvaNt570b2IEYkoflmcZSCKTxQBx
`;
const FILE = 'hello, firmware\n';
const SIGNATURE = `untrusted comment: signature from minisign secret key
RUSY4hX3d89yA2rbejfWGRkBy+Gz3dru/T54tUvjzb/s9phWHjBBCmV9R0xfC+dYjwJAC2zl5XjE2+35D3b0z63Nhuf385n+gwg=
trusted comment: libfota2:1\ttimestamp:1700000000\tproject:gateway
YEt9Ujp5gunWWhWOkbsNrNbJOZbIZIMsc+sKxIup5y8DrDT6rfWtt5+/kOObwXyi6UUmDiRAUh8wUCICNT04DQ==
`;
const LEGACY = `untrusted comment: signature from minisign secret key
RWSY4hX3d89yA8+io+jq4xvzP8makwrRH3x61sN+zlgKQpvP6S+nxaT0jksPN/ATrdEOkWqezrSgUJTLhOB3T+oZ6pQtwPYI4w8=
trusted comment: legacy
Qfnv9ovtNeUuIMK4yUEs2OBBgVYDN8cBImCX5ZjL47bcNTfquCLXzulfcBggRz8VktDxx+Wpc4dS3SStabRlAA==
`;

const { ed25519, blake2b512 } = testCrypto;
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'fine';
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
};
/** Proves all of it, as whoever is about to use the bytes must. */
const prove = (text: string, file: Uint8Array, keys = [parsePublicKey(KEY)]): void => {
  const signature = parseSignature(text);
  proveBytes(signature, proveComment(signature, keys, ed25519), blake2b512(file), ed25519);
};

describe('a signature of minisign', () => {
  it('is proven by what minisign keeps as public key', () => {
    expect(() => prove(SIGNATURE, utf8(FILE))).not.toThrow();
    const { keyId, trustedComment } = parseSignature(SIGNATURE);
    expect(keyId).toBe('0372CF77F715E298');
    expect(trustedComment).toBe('libfota2:1\ttimestamp:1700000000\tproject:gateway');
  });

  it('is written and read back as it was, line ends of Windows or not', () => {
    const untrusted = 'signature from minisign secret key';
    expect(formatSignature(parseSignature(SIGNATURE), untrusted)).toBe(SIGNATURE);
    expect(formatSignature(parseSignature(SIGNATURE.replaceAll('\n', '\r\n')), untrusted)).toBe(SIGNATURE);
  });

  it('is of these bytes alone', () => {
    expect(codeOf(() => prove(SIGNATURE, utf8('hello, firmware')))).toBe('signature-invalid');
    expect(codeOf(() => prove(SIGNATURE, new Uint8Array()))).toBe('signature-invalid');
  });

  it('is of this comment alone', () => {
    expect(codeOf(() => prove(SIGNATURE.replace('project:gateway', 'project:gatewaz'), utf8(FILE)))).toBe(
      'signature-invalid',
    );
  });

  it('of the legacy kind is refused: it would need the whole image in memory', () => {
    expect(codeOf(() => parseSignature(LEGACY))).toBe('signature-malformed');
  });

  it('by a key that is not trusted is told apart from a wrong one', () => {
    expect(codeOf(() => prove(SIGNATURE, utf8(FILE), [makeSigner(1).publicKey]))).toBe('signature-unknown-key');
    // The same number on another key, as a forger would choose it.
    const forged = { ...makeSigner(1).publicKey, id: '0372CF77F715E298' };
    expect(codeOf(() => prove(SIGNATURE, utf8(FILE), [forged]))).toBe('signature-invalid');
  });

  it('with any bit changed, in whatever place that counts, proves nothing', () => {
    const lines = SIGNATURE.split('\n');
    fc.assert(
      fc.property(fc.constantFrom(1, 3), fc.nat(73), fc.nat(7), (line, place, bit) => {
        const bytes = fromBase64(lines[line] ?? '') ?? new Uint8Array();
        const at = place % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        const changed = lines.with(line, toBase64(bytes)).join('\n');
        expect(codeOf(() => prove(changed, utf8(FILE)))).not.toBe('fine');
      }),
    );
  });

  it('is read or refused with its code, whatever is sent', () => {
    const line = fc.oneof(fc.string(), fc.constantFrom(...SIGNATURE.split('\n'), ...LEGACY.split('\n')));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        expect(['fine', 'signature-malformed']).toContain(codeOf(() => parseSignature(lines.join('\n'))));
      }),
    );
    expect(codeOf(() => parseSignature(SIGNATURE + 'x'.repeat(SIGNATURE_TEXT_LIMIT)))).toBe('signature-malformed');
  });
});

describe('a public key of minisign', () => {
  it('is the line of base64, or the file that holds it', () => {
    const bare = 'RWSY4hX3d89yA6RF4kq9BpgjLFdtWvaNt570b2IEYkoflmcZSCKTxQBx';
    expect(parsePublicKey(KEY)).toEqual(parsePublicKey(bare));
    expect(formatPublicKey(parsePublicKey(KEY))).toBe(bare);
  });

  it.each(['', 'RWS', SIGNATURE, `${KEY}more`, 'RUSY4hX3d89yA6RF4kq9BpgjLFdtWvaNt570b2IEYkoflmcZSCKTxQBx'])(
    'is not %j',
    (text) => expect(codeOf(() => parsePublicKey(text))).toBe('key-malformed'),
  );
});

describe('base64', () => {
  it('is strict, and goes there and back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      }),
    );
    for (const text of ['A', 'AA', 'AA=', 'A A=', 'AAA-', 'AAAA=']) expect(fromBase64(text)).toBeUndefined();
  });
});
