import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parametersFor, SENSITIVE } from './scrypt.ts';

it('picks what libsodium picks', () => {
  expect(parametersFor(SENSITIVE)).toEqual({ N: 2 ** 20, r: 8, p: 1 });
  // Its "interactive", and what minisign falls back to where memory is short.
  expect(parametersFor({ operations: 524_288n, memory: 16_777_216n })).toEqual({ N: 2 ** 14, r: 8, p: 1 });
  expect(parametersFor({ operations: 33_554_432n, memory: 536_870_912n })).toEqual({ N: 2 ** 19, r: 8, p: 2 });
  expect(parametersFor({ operations: 1_048_576n, memory: 1_073_741_824n })).toEqual({ N: 2 ** 15, r: 8, p: 1 });
});

it('never asks for more than 1 GiB, nor for more work than minisign', () => {
  const any = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const small = fc.bigInt({ min: 0n, max: 2n ** 31n });
  fc.assert(
    fc.property(fc.oneof(any, small), fc.oneof(any, small), (operations, memory) => {
      const picked = parametersFor({ operations, memory });
      if (picked === undefined) return;
      const { N, r, p } = picked;
      expect(N * r * 128).toBeLessThanOrEqual(2 ** 30);
      expect(4 * N * r * p).toBeLessThanOrEqual(2 ** 25);
      expect(Math.log2(N) % 1).toBe(0);
      expect(N).toBeGreaterThan(1);
      expect(p).toBeGreaterThanOrEqual(1);
    }),
    { numRuns: 5_000 },
  );
});
