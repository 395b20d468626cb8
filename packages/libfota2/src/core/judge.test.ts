import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Asked, judge } from './judge.ts';
import type { Answer } from './ports.ts';

const sha256 = createHash('sha256').update('image').digest('base64');
const fresh: Asked = { offset: 0, held: undefined, digestKnown: false, maxBytes: 1000 };
const held = { total: 100, validator: '"v1"', etag: '"v1"', lastModified: undefined, digest: undefined };
const going: Asked = { ...fresh, offset: 40, held };

function head(status: number, headers: Record<string, string> = {}, framing?: Answer['framing']): Answer {
  const length = headers['content-length'] !== undefined;
  return { status, headers, framing: framing ?? (length ? 'length' : 'close') } as Answer;
}

function verdict(answer: Answer, asked: Asked = fresh): string {
  const result = judge(answer, asked);
  return result.kind === 'wrong' ? result.error.code : result.kind;
}

describe('a whole answer (docs/protocol.md §5)', () => {
  it.each([
    ['with a length', head(200, { 'content-length': '100' }), 'whole'],
    ['in chunks', head(200, {}, 'chunked'), 'whole'],
    ['empty', head(200, { 'content-length': '0' }), 'body-empty'],
    ['larger than allowed', head(200, { 'content-length': '1001' }), 'too-large'],
    ['without an end', head(200), 'body-undelimited'],
    ['without an end but with a digest', head(200, { 'repr-digest': `sha-256=:${sha256}:` }), 'whole'],
    [
      'without an end but with a digest that is no proof',
      head(200, { 'repr-digest': 'md5=:AAAA:' }),
      'body-undelimited',
    ],
    ['with an unreadable digest', head(200, { 'content-length': '5', 'repr-digest': 'sha-256=x' }), 'digest-mismatch'],
    ['compressed', head(200, { 'content-length': '100', 'content-encoding': 'gzip' }), 'encoding-refused'],
    ['compressed on its way', head(200, { 'transfer-encoding': 'gzip, chunked' }, 'chunked'), 'encoding-refused'],
    ['encoded as identity', head(200, { 'content-length': '100', 'content-encoding': 'identity' }), 'whole'],
    ['of another status', head(204), 'status-unexpected'],
    ['that is a part', head(206, { 'content-range': 'bytes 0-9/10' }), 'range-unasked'],
  ])('%s', (_name, answer, wanted) => {
    expect(verdict(answer)).toBe(wanted);
  });

  it('may end with its connection when the caller knows the digest', () => {
    expect(verdict(head(200), { ...fresh, digestKnown: true })).toBe('whole');
  });

  it.each([300, 302, 304, 400, 404, 416, 500, 599])('is a refusal with status %i', (status) => {
    expect(verdict(head(status))).toBe('refused');
  });
});

describe('the rest of an answer (docs/protocol.md §5.5)', () => {
  const rest = { 'content-range': 'bytes 40-99/100', 'content-length': '60', etag: '"v1"' };
  it.each([
    ['from the break to the end', head(206, rest), 'rest'],
    ['of an unknown whole, known from before', head(206, { ...rest, 'content-range': 'bytes 40-99/*' }), 'rest'],
    ['from another offset', head(206, { ...rest, 'content-range': 'bytes 41-99/100' }), 'restart'],
    ['of another length', head(206, { ...rest, 'content-range': 'bytes 40-119/120' }), 'restart'],
    ['that is not all', head(206, { ...rest, 'content-range': 'bytes 40-49/100' }), 'restart'],
    ['with another tag', head(206, { ...rest, etag: '"v2"' }), 'restart'],
    ['with a length unlike its range', head(206, { ...rest, 'content-length': '61' }), 'restart'],
    ['without a range', head(206, { 'content-length': '60' }), 'restart'],
    ['without its tag', head(206, { 'content-range': 'bytes 40-99/100', 'content-length': '60' }), 'restart'],
    ['beyond the end', head(416), 'restart'],
    ['compressed', head(206, { ...rest, 'content-encoding': 'gzip' }), 'encoding-refused'],
    ['that is whole again', head(200, { 'content-length': '100' }), 'whole'],
    ['refused', head(404), 'refused'],
  ])('%s', (_name, answer, wanted) => {
    expect(verdict(answer, going)).toBe(wanted);
  });

  it('is not taken when its digest is another one than before', () => {
    const digest = { algorithm: 'sha-256', base64: createHash('sha256').update('other').digest('base64') } as const;
    expect(
      verdict(head(206, { ...rest, 'repr-digest': `sha-256=:${sha256}:` }), { ...going, held: { ...held, digest } }),
    ).toBe('restart');
  });
});

describe('a validator (docs/protocol.md §5.4)', () => {
  const validator = (headers: Record<string, string>): string | undefined => {
    const result = judge(head(200, { 'content-length': '5', ...headers }), fresh);
    return result.kind === 'whole' ? result.image.validator : result.kind;
  };
  const lastModified = 'Mon, 23 Nov 2026 10:00:00 GMT';
  it.each([
    ['a strong tag', { etag: '"v1"' }, '"v1"'],
    ['not a weak tag', { etag: 'W/"v1"' }, undefined],
    [
      'not a weak tag, even beside a date',
      { etag: 'W/"v1"', 'last-modified': lastModified, date: 'Mon, 23 Nov 2026 12:00:00 GMT' },
      undefined,
    ],
    ['a date that is settled', { 'last-modified': lastModified, date: 'Mon, 23 Nov 2026 10:01:00 GMT' }, lastModified],
    ['not a date of this minute', { 'last-modified': lastModified, date: 'Mon, 23 Nov 2026 10:00:59 GMT' }, undefined],
    ['not a date without a clock', { 'last-modified': lastModified }, undefined],
    ['nothing where ranges are not served', { etag: '"v1"', 'accept-ranges': 'none' }, undefined],
    ['nothing of nothing', {}, undefined],
  ])('is %s', (_name, headers, wanted) => {
    expect(validator(headers)).toBe(wanted);
  });
});

it('has a verdict for every answer to every question', () => {
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('0', '60', '100', 'bytes 40-99/100', '"v1"', 'gzip', `sha-256=:${sha256}:`),
  );
  const names = [
    'content-length',
    'content-range',
    'content-encoding',
    'etag',
    'repr-digest',
    'content-digest',
    'date',
    'last-modified',
  ];
  const headers = fc.dictionary(fc.constantFrom(...names), value);
  const status = fc.oneof(fc.constantFrom(200, 206, 416), fc.integer({ min: 100, max: 999 }));
  fc.assert(
    fc.property(
      status,
      headers,
      fc.constantFrom('length', 'chunked', 'close'),
      fc.constantFrom(fresh, going),
      (code, fields, framing, asked) => {
        const result = judge({ status: code, headers: fields, framing }, asked);
        if (result.kind === 'rest') {
          expect(code).toBe(206);
          expect(asked.offset).toBeGreaterThan(0);
        }
        if (result.kind === 'whole') expect(code).toBe(200);
      },
    ),
  );
});
