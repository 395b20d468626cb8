import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CsvError, createCsvReader, csvLine, unguarded } from './csv.ts';

function read(...pieces: readonly string[]): string[][] {
  const reader = createCsvReader();
  return [...pieces.flatMap((piece) => reader.add(piece)), ...reader.end()].map(({ cells }) => [...cells]);
}

/** What is wrong, as `line:column`. */
function wrongIn(text: string): string {
  try {
    read(text);
    return 'nothing';
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return `${error.line}:${error.column}`;
  }
}

const cell = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom(
    '=1+1',
    "'=x",
    '-1',
    '-',
    "'-",
    '@a',
    '"',
    '""',
    ',',
    ';',
    '\t',
    '\r\n',
    '\n',
    '\r',
    "'",
    ' a ',
    '测试',
  ),
  fc.constantFrom('＝1', "''＋", '\ufeff', ''),
);
const rows = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 6 });

describe('a table', () => {
  it('is read as it was written, however it is cut', () => {
    fc.assert(
      fc.property(rows, fc.nat(5), fc.boolean(), (table, size, isMarked) => {
        const text = `${isMarked ? '\ufeff' : ''}id,note\r\n${table.map(csvLine).join('')}`;
        const pieces = text.match(new RegExp(`[^]{1,${size + 1}}`, 'g')) ?? [];
        const [head, ...back] = read(...pieces);
        expect(head).toEqual(['id', 'note']);
        expect(back.map((cells) => cells.map(unguarded))).toEqual(table);
      }),
      { numRuns: 500 },
    );
  });

  it('has no cell that a spreadsheet takes for a formula', () => {
    fc.assert(
      fc.property(cell, (one) => {
        const [[written = '']] = read(csvLine([one, 'x'])) as [string[]];
        expect(written).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
        expect(unguarded(written)).toBe(one);
      }),
      { numRuns: 500 },
    );
  });

  it('is read or refused with a place in it, whatever comes', () => {
    const unit = fc.constantFrom('a', '"', ',', '\r', '\n', '\r\n', ';');
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 30 }), (units) => {
        const place = wrongIn(units.join(''));
        const [line = 0, column = 0] = place.split(':').map(Number);
        const lines = units.join('').split('\n');
        if (place === 'nothing') return;
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines.length);
        expect(column).toBeGreaterThanOrEqual(1);
        expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 2);
      }),
      { numRuns: 500 },
    );
  });

  it('may have its cells parted by semicolons or tabs, its lines ended by LF, and empty lines', () => {
    expect(read('id;note\r\na;b,c\n\n\r\nd;"e;f"')).toEqual([
      ['id', 'note'],
      ['a', 'b,c'],
      ['d', 'e;f'],
    ]);
    expect(read('id\tnote\na\tb\n')).toEqual([
      ['id', 'note'],
      ['a', 'b'],
    ]);
    expect(read('id\na;b')).toEqual([['id'], ['a;b']]);
    expect(read('')).toEqual([]);
    expect(read('\ufeff', '')).toEqual([]);
  });

  it('says on which line a row begins, also behind cells of several lines', () => {
    const reader = createCsvReader();
    const found = reader.add('id,note\r\na,"1\r\n2\n3"\r\n\r\nb,x\r\n');
    expect(found.map(({ line }) => line)).toEqual([1, 2, 6]);
    expect(reader.line).toBe(7);
  });

  it.each([
    ['a,b\nc,"d', '2:3'],
    ['a,b\nc,d"e\n', '2:4'],
    ['a,b\n\n"c"d,e\n', '3:4'],
    ['a,b\rc,d\r', '1:5'],
    ['a,b\r', '1:5'],
    [`a,${'x'.repeat(70_000)}`, '1:1'],
    [`a\n${','.repeat(300)}`, '2:257'],
  ])('that is none is told by its place: %.20j at %s', (text, place) => {
    expect(wrongIn(text)).toBe(place);
  });
});
