import { expect, it } from 'vitest';
import { nodeEd25519 } from './ed25519.ts';

const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex');

/** RFC 8032 §7.1, test 2. */
const key = bytes('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
const message = bytes('72');
const signature = bytes(
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
);

it('holds what RFC 8032 says that it holds', () => {
  expect(nodeEd25519(key, message, signature)).toBe(true);
  expect(nodeEd25519(key, bytes('73'), signature)).toBe(false);
});

it('is false for keys and signatures that are none, and never throws', () => {
  for (const wrong of [bytes(''), key.subarray(1), Buffer.alloc(32, 0xff), Buffer.alloc(64)]) {
    expect(nodeEd25519(wrong, message, signature)).toBe(false);
    expect(nodeEd25519(key, message, wrong)).toBe(false);
  }
});
