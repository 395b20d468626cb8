import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDigest, parseDigest } from './digests.ts';
import { formatRefusal, parseRefusal, refusalReason } from './refusals.ts';
import { isStrongEtag, matchesIfNoneMatch } from './validators.ts';

const sha256 = createHash('sha256').update('image').digest('base64');
const sha512 = createHash('sha512').update('image').digest('base64');

describe('Repr-Digest', () => {
  it('gives the digest that counts as proof and passes over the others', () => {
    const [short, long] = [formatDigest('sha-256', sha256), formatDigest('sha-512', sha512)];
    expect(parseDigest(`md5=:AAAA:, ${long},${short};a=1`)).toEqual({ algorithm: 'sha-256', base64: sha256 });
    expect(parseDigest(`md5=:AAAA:, ${long}`)).toEqual({ algorithm: 'sha-512', base64: sha512 });
    expect(parseDigest('md5=:AAAA:, sha-256x=:AAAA:')).toBeUndefined();
    expect(parseDigest(undefined)).toBeUndefined();
  });

  it.each([
    'sha-256=abc',
    'sha-256',
    'sha-256=::',
    `sha-256=:${sha256}`,
    `sha-256=:${sha512}:`,
    'sha-512=:!:',
    `sha-256=:${sha256.replace(/[+/]/g, '_').replace(/^./, '_')}:`,
  ])('%s cannot be read, and says so', (field) => {
    expect(parseDigest(field)).toBe('malformed');
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (field) => void parseDigest(field)));
  });
});

describe('a refusal', () => {
  it('is written as the platform writes it: ASCII, with a space after colon and comma', () => {
    expect(formatRefusal({ code: 27, msg: '已是最新版本' })).toBe(
      '{"code": 27, "msg": "\\u5df2\\u662f\\u6700\\u65b0\\u7248\\u672c"}',
    );
  });

  it('comes back as it was written, in ASCII whatever it says', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string({ unit: 'grapheme', maxLength: 100 }), (code, msg) => {
        const text = formatRefusal({ code, msg });
        expect(text).toMatch(/^[\x20-\x7e]*$/);
        expect(parseRefusal(text)).toEqual({ code, msg });
      }),
    );
  });

  it.each(['', 'not found', '{"code": "27"}', '[]', 'null', '{"code": 1.5}', '<html>'])('%s is none', (text) => {
    expect(parseRefusal(text)).toBeUndefined();
  });

  it('keeps no more of a message than 500 characters', () => {
    expect(parseRefusal(`{"code": 3, "msg": "${'x'.repeat(4000)}"}`)?.msg).toHaveLength(500);
  });

  it('has a name where the platform documents its code', () => {
    expect(refusalReason(27)).toBe('newest');
    expect(refusalReason(28)).toBeUndefined();
  });
});

describe('an entity tag', () => {
  it('is strong when it is quoted and not weak', () => {
    expect(['"a"', '""'].every(isStrongEtag)).toBe(true);
    expect(['W/"a"', 'a', '"a', '"a"b"', undefined].some(isStrongEtag)).toBe(false);
  });

  it('matches in a list, as a star and by the text of a weak one', () => {
    expect(['"a"', '"b", "a"', 'W/"a"', '*'].every((field) => matchesIfNoneMatch(field, '"a"'))).toBe(true);
    expect(['"b"', '', 'a'].some((field) => matchesIfNoneMatch(field, '"a"'))).toBe(false);
  });
});
