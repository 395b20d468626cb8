import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseQuery } from './parse.ts';
import { printQuery } from './print.ts';
import { joined, MAX_QUERY_LENGTH, OPERATORS, QUERY_FIELDS, type Query, QueryError, type QueryField } from './query.ts';

function errorOf(text: string, words?: Parameters<typeof parseQuery>[1]): QueryError {
  try {
    parseQuery(text, words);
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
  throw new Error(`${text} is a query`);
}

/** Any text that a value may be, the awkward ones often. */
const text = fc.oneof(
  fc.stringMatching(/^[\w.:-]{1,8}$/),
  fc.constantFrom('and', 'not', 'ago', '2d', '合宙', '"', "'", '\\', '*', ' ', '', '：', 'a, b', '\n', '\ud800'),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const FIELDS = Object.keys(QUERY_FIELDS) as QueryField[];

const term: fc.Arbitrary<Query> = fc.constantFrom(...FIELDS).chain((field): fc.Arbitrary<Query> => {
  const { kind, bare, choices = [] } = QUERY_FIELDS[field];
  const globs = fc.array(text, { minLength: 1, maxLength: 3 }).map((parts) => ({ parts }));
  const one = text.map((value) => ({ parts: [value] }));
  const ago = fc.nat(10_000_000).map((seconds) => ({ ago: seconds * 1_000 }));
  const at = fc.integer({ min: -30_000_000_000_000, max: 100_000_000_000_000 }).map((ms) => ({ at: ms }));
  const values = {
    text: globs,
    version: globs,
    name: one,
    part: one,
    choice: fc.constantFrom('', ...choices).map((value) => ({ parts: [value || (choices[0] ?? '')] })),
    number: fc.nat(1_000_000).map((number) => ({ number })),
    time: fc.oneof(ago, at),
  }[kind];
  const has: Query = { kind: 'has', field };
  const terms = fc.tuple(fc.constantFrom(...OPERATORS[kind]), values).map(([given, value]): Query => {
    const isGlob = 'parts' in value && value.parts.length > 1;
    return { kind: 'term', field, operator: isGlob ? '=' : given, value };
  });
  return bare ? fc.oneof({ weight: 4, arbitrary: terms }, fc.constant(has)) : terms;
});

const query: fc.Arbitrary<Query> = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    term,
    fc.constant<Query>({ kind: 'all' }),
    tie('query').map((of): Query => ({ kind: 'not', of })),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('query'), { minLength: 2, maxLength: 3 }))
      .map(([kind, of]) => joined(kind, of)),
  ),
})).query;

describe('a query', () => {
  it.each([
    ['version < 2.0 and label:beta and seen > 2d ago', 'version < 2.0 and label:beta and seen > 2d ago'],
    ['VERSION<2.0 AND Label=beta And SEEN>2D AGO', 'version < 2.0 and label:beta and seen > 2d ago'],
    ['ALL', 'all'],
    ['id:86* or not ( pinned )', 'id = 86* or not pinned'],
    ['label:a and label:b or label:c', '(label:a and label:b) or label:c'],
    ['label:a and (label:b and (label:c))', 'label:a and label:b and label:c'],
    ['not label:a and label:b', 'not label:a and label:b'],
    ['not (label:a and label:b)', 'not (label:a and label:b)'],
    ['not not seen', 'not not seen'],
    ['note:":-)"', 'note:":-)"'],
    ['id = aa:bb:cc:dd:ee:ff', 'id = aa:bb:cc:dd:ee:ff'],
    ['note:"see \\"manual\\""', 'note:"see \\"manual\\""'],
    ['note:\'say "no"\'', 'note:"say \\"no\\""'],
    ['label:测试 and note:"北京 一号"', 'label:测试 and note:"北京 一号"'],
    ['id = "86\\*"', 'id = "86\\*"'],
    ['id = "a b*"', 'id = "a b*"'],
    ['note:"5*3"', 'note:5*3'],
    ['state = FAILED or state != rolled-back', 'state = failed or state != rolled-back'],
    ['first < 2026-11-05T08:30+08:00', 'first < 2026-11-05T00:30Z'],
    ['seen >= 36h ago', 'seen >= 1d12h ago'],
    ['release = 007', 'release = 7'],
    ['version = 2012.*', 'version = 2012.*'],
    ['seen > "2026-11-05"', 'seen > 2026-11-05'],
    ['group:"beta testers" and group != old', 'group:"beta testers" and group != old'],
    ['label:and and label:not', 'label:and and label:not'],
  ])('%s is %s', (typed, canonical) => {
    expect(printQuery(parseQuery(typed))).toBe(canonical);
    expect(parseQuery(canonical)).toEqual(parseQuery(typed));
  });

  it('is the same after it was written and read', () => {
    fc.assert(
      fc.property(query, (made) => {
        const written = printQuery(made);
        fc.pre(written.length <= MAX_QUERY_LENGTH);
        expect(parseQuery(written)).toEqual(made);
        expect(printQuery(parseQuery(written))).toBe(written);
      }),
      { numRuns: 1_000 },
    );
  });

  it('knows the words of the caller', () => {
    const words = { rule: ['newest', 'blocked'] };
    expect(printQuery(parseQuery('rule = newest or rule = b*', words))).toBe('rule = newest or rule = b*');
    expect(errorOf('rule = newset', words)).toMatchObject({ code: 'value-wrong', position: 7, suggestion: 'newest' });
  });
});

describe('what is no query', () => {
  it.each([
    ['', 'syntax', 0, undefined],
    ['seem > 2d ago', 'field-unknown', 0, 'seen'],
    ['imei = 86', 'field-unknown', 0, 'id'],
    ['beta', 'field-unknown', 0, 'label:beta'],
    ['all and failed', 'field-unknown', 8, 'state = failed'],
    ['blocked', 'field-unknown', 0, 'access = blocked'],
    ['constructor = 1', 'field-unknown', 0, undefined],
    ['version < ', 'syntax', 10, undefined],
    ['version', 'syntax', 7, undefined],
    ['version == 2', 'operator-wrong', 8, '='],
    ['label > a', 'operator-wrong', 6, undefined],
    ['version > 2.*', 'operator-wrong', 8, undefined],
    ['seen = 2d ago', 'operator-wrong', 5, undefined],
    ['seen > 3h', 'value-wrong', 7, '3h ago'],
    ['seen > 2026-02-29', 'value-wrong', 7, undefined],
    ['access = block', 'value-wrong', 9, 'blocked'],
    ['asked > -1', 'value-wrong', 8, undefined],
    ['label:a && label:b', 'syntax', 8, 'and'],
    ['label：a', 'syntax', 5, ':'],
    ['label:a label:b', 'syntax', 8, undefined],
    ['(all', 'syntax', 4, undefined],
    ['all)', 'syntax', 3, undefined],
    ['and', 'syntax', 0, undefined],
    ['note:"abc', 'syntax', 5, undefined],
    ['note:"a\\n"', 'syntax', 7, '\\\\'],
    ['('.repeat(40), 'too-deep', 33, undefined],
    ['not '.repeat(40), 'too-deep', 131, undefined],
    ['x'.repeat(2_001), 'too-long', 2_000, undefined],
  ])('%j is told as %s at %i', (typed, code, position, suggestion) => {
    expect(errorOf(typed)).toMatchObject({ code, position, suggestion });
  });

  it('is also one that would be too long once it is written out', () => {
    expect(errorOf(Array.from({ length: 240 }, () => 'id=a').join(' or ')).code).toBe('too-long');
  });

  it('is told by nothing but a QueryError whose place lies in the text', () => {
    const pieces = fc.constantFrom(
      '(',
      ')',
      'and',
      'or',
      'not',
      'all',
      '<',
      ':',
      '=',
      '"',
      '\\',
      '*',
      '2d',
      'ago',
      ' ',
    );
    const nonsense = fc.array(fc.oneof(pieces, fc.constantFrom(...FIELDS), text), { maxLength: 30 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          nonsense.map((all) => all.join('')),
        ),
        (typed) => {
          try {
            expect(parseQuery(printQuery(parseQuery(typed)))).toEqual(parseQuery(typed));
          } catch (error) {
            expect(error).toBeInstanceOf(QueryError);
            const { position = -1 } = error as QueryError;
            expect(position).toBeGreaterThanOrEqual(0);
            expect(position).toBeLessThanOrEqual(typed.length);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
