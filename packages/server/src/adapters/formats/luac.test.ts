import { createHash } from 'node:crypto';
import { makeLuac } from '@libfota2/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readIdentity } from './luac.ts';

const KEY = '0123456789abcdef0123456789abcdef';
const KEY_SHA256 = createHash('sha256').update(KEY).digest('hex');

/** Written by luac 5.3.6: `PROJECT = "gateway" VERSION = "001.000.005" PRODUCT_KEY = "…" log.info("main", PROJECT, VERSION)`. */
const STRIPPED = Buffer.from(
  'G0x1YVMAGZMNChoKBAgECAh4VgAAAAAAAAAAAAAAKHdAAQAAAAAAAAAAAAABBAoAAAAIQECACMBAgQhAQYIGgEEAB8BBAEEAAgCGAEAAxoBAACRAAAEm' +
    'AIAACQAAAAQIUFJPSkVDVAQIZ2F0ZXdheQQIVkVSU0lPTgQMMDAxLjAwMC4wMDUEDFBST0RVQ1RfS0VZBCEwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc' +
    '4OWFiY2RlZgQEbG9nBAVpbmZvBAVtYWluAQAAAAEAAAAAAAAAAAAAAAAAAAAAAA==',
  'base64',
);
/** The same, of a script whose constants were all used before, with debug information and a function that sets VERSION. */
const SHARED = Buffer.from(
  'G0x1YVMAGZMNChoKBAgECAh4VgAAAAAAAAAAAAAAKHdAAQxAc2hhcmVkLmx1YQAAAAAAAAAAAAEDCQAAAAEAAABGQEAAgYAAAGRAAAEIAMCBCIBAgmwA' +
    'AAAIQICCJgCAAAYAAAAEBjEuMi4zBAZwcmludAQIZ2F0ZXdheQQIVkVSU0lPTgQIUFJPSkVDVAQGbGF0ZXIBAAAAAQABAAAAAAUAAAAFAAAAAAACAgAA' +
    'AAhAQIAmAIAAAgAAAAQIVkVSU0lPTgQGOS45LjkBAAAAAAAAAAAAAgAAAAUAAAAFAAAAAAAAAAEAAAAFX0VOVgkAAAABAAAAAgAAAAIAAAACAAAAAwAA' +
    'AAQAAAAFAAAABQAAAAUAAAABAAAABHRhZwEAAAAJAAAAAQAAAAVfRU5W',
  'base64',
);

describe('the identity of a main script', () => {
  it('is read from what luac wrote', () => {
    expect(readIdentity(STRIPPED)).toEqual({
      project: 'gateway',
      version: '001.000.005',
      productKeySha256: KEY_SHA256,
    });
  });

  it('is what the main function assigns, not what happens to lie beside a name', () => {
    expect(readIdentity(SHARED)).toEqual({ project: 'gateway', version: '1.2.3' });
  });

  it.each([
    { sizeT: 4, integer: 4, number: 4 },
    { sizeT: 8, integer: 8, number: 8 },
    { sizeT: 4, integer: 8, number: 8 },
  ] as const)('is read from builds of Lua with the widths %j', (widths) => {
    const globals = { PROJECT: '水表', VERSION: '1.2.3', NOTE: 'x'.repeat(400), PRODUCT_KEY: KEY };
    expect(readIdentity(makeLuac(globals, widths))).toEqual({
      project: '水表',
      version: '1.2.3',
      productKeySha256: KEY_SHA256,
    });
  });

  it('is read from a script that was not compiled', () => {
    const source = `-- PROJECT = "old"\r\nPROJECT = "meter"\r\n  VERSION='1.0.0' -- now\nPRODUCT_KEY = "${KEY}"\n`;
    expect(readIdentity(Buffer.from(source))).toEqual({
      project: 'meter',
      version: '1.0.0',
      productKeySha256: KEY_SHA256,
    });
  });

  it('is unknown where the script says nothing, is another Lua, or is encrypted', () => {
    const other = Buffer.from(STRIPPED);
    other[4] = 0x54;
    for (const script of [makeLuac({}), other, Buffer.from('\x1bLua'), Buffer.alloc(500, 0xa5), Buffer.alloc(0)]) {
      expect(readIdentity(script)).toEqual({});
    }
  });

  it('leaves out names that no operator could read', () => {
    expect(readIdentity(makeLuac({ PROJECT: 'a\nb', VERSION: 'x'.repeat(500) }))).toEqual({});
  });

  it('is read, or unknown, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(STRIPPED, SHARED),
        fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 4 }),
        fc.nat(600),
        (script, edits, length) => {
          const bytes = Buffer.from(script);
          for (const [at, value] of edits) bytes[at % bytes.length] = value;
          expect(Object.keys(readIdentity(bytes.subarray(0, length))).length).toBeLessThanOrEqual(3);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
