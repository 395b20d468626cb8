import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ago, bytes, clockTime, counted, printable, table, width } from './words.ts';

describe('sizes, times and counts', () => {
  it('are short', () => {
    expect([0, 999, 2399, 99_999, 2_800_000, 3.2e9].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '2.4 kB',
      '100.0 kB',
      '2.8 MB',
      '3.2 GB',
    ]);
    const now = Date.parse('2026-11-23T12:00:00Z');
    const told = ['2026-11-23T12:00:00Z', '2026-11-23T11:57:00Z', '2026-11-22T12:00:00Z', '2026-11-23T12:00:01Z'];
    expect(told.map((at) => ago(at, now))).toEqual(['just now', '3 minutes ago', '1 day ago', 'in 1 second']);
    expect(ago(undefined, now)).toBe('never');
    expect([counted(1, 'device'), counted(0, 'device')]).toEqual(['1 device', '0 devices']);
    expect(clockTime('2026-11-23T12:00:00Z')).toMatch(/^2026-11-2[234] \d\d:\d0:00$/);
  });
});

describe('a table', () => {
  it('stands in line with Chinese names', () => {
    const [, first = '', second = ''] = table(
      ['A', 'B'],
      [
        ['智能电表', '1'],
        ['tracker', '2'],
      ],
    );
    expect(width(first.slice(0, first.indexOf('1')))).toBe(width(second.slice(0, second.indexOf('2'))));
  });

  it('begins each column at one place, whatever is in it', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '表', 'é', '—', ' ') });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, fc.constant('|'))), (rows) => {
        const starts = table(['A', '|'], rows).map((line) => width(line.slice(0, line.lastIndexOf('|'))));
        expect(new Set(starts).size).toBe(1);
      }),
    );
  });
});

it("text of others cannot move a terminal's cursor", () => {
  expect(printable('a\u001b[2Jb\r\n\u202ec')).toBe('a\ufffd[2Jb\ufffd\ufffd\ufffdc');
  const moving = /[\p{Cc}\p{Zl}\p{Zp}]/u;
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !moving.test(printable(text))));
});
