import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Lines } from './lines.ts';

function cut(...pieces: readonly string[]): string[] {
  const found: string[] = [];
  const lines = new Lines((line) => found.push(line));
  for (const piece of pieces) lines.add(piece);
  lines.end();
  return found;
}

it('cuts at ends of lines and at carriage returns, and tells what was begun', () => {
  expect(cut('one\ntw', 'o\r\n\n 10%\r 20%\rend')).toEqual(['one', 'two', '10%', '20%', 'end']);
});

it('takes out what moves cursors and colours letters', () => {
  expect(cut('\u001b[1;31mred\u001b[0m and\tbell\u0007\n\u001b[2K\n')).toEqual(['red and bell']);
});

it('tells the beginning of a line without end, and goes on with the next one', () => {
  const [first = '', ...rest] = cut(...Array.from({ length: 1_000 }, () => 'x'.repeat(10_000)), '\nshort\n');
  expect([first.length, rest]).toEqual([400, ['short']]);
});

it('tells the same however it is cut into pieces', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '\r', '%') });
  fc.assert(
    fc.property(fc.array(text), (pieces) => {
      expect(cut(...pieces)).toEqual(cut(pieces.join('')));
    }),
  );
});
