import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_BYTES, paddingOf, readTarHeader, tarHeader } from './tar.ts';

const entry = fc.record({
  path: fc.stringMatching(/^[a-z0-9./-]{1,100}$/),
  size: fc.oneof(fc.nat(), fc.integer({ min: 8 ** 11 - 2, max: Number.MAX_SAFE_INTEGER })),
});

describe('a header of a tar', () => {
  it('is read again as it was written, whatever the size', () => {
    fc.assert(
      fc.property(entry, fc.nat(), (file, at) => {
        const block = tarHeader(file, at);
        expect(block).toHaveLength(BLOCK_BYTES);
        expect(readTarHeader(block)).toEqual(file);
        expect((file.size + paddingOf(file.size)) % BLOCK_BYTES).toBe(0);
      }),
    );
  });

  it('of which one byte was changed is none', () => {
    fc.assert(
      fc.property(entry, fc.nat(BLOCK_BYTES - 1), fc.integer({ min: 1, max: 255 }), (file, at, by) => {
        const block = tarHeader(file, 0);
        // The end of the checksum is filling.
        fc.pre(at !== 154 && at !== 155);
        block[at] = ((block[at] ?? 0) + by) % 256;
        expect(() => readTarHeader(block)).toThrow();
      }),
    );
  });

  it('of nothing is the end', () => {
    expect(readTarHeader(new Uint8Array(BLOCK_BYTES))).toBeUndefined();
    expect(() => readTarHeader(new Uint8Array(9))).toThrow();
  });
});
