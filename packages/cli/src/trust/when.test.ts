import { expect, it } from 'vitest';
import { isoOf, secondOf, shownSecond } from './when.ts';

const NOW = Date.parse('2026-11-25T12:00:00.900Z');

it.each([
  ['2026-12-31', '2026-12-31T00:00:00Z'],
  ['2026-12-31T18:00+08:00', '2026-12-31T10:00:00Z'],
  ['90d', '2027-02-23T12:00:00Z'],
  ['1d12h', '2026-11-27T00:00:00Z'],
  ['0s', '2026-11-25T12:00:00Z'],
])('reads %s as an instant', (text, at) => {
  expect(isoOf(secondOf('--not-after', text, NOW))).toBe(at);
});

it.each(['', 'soon', '2026-02-30', '-3d', '1700000000', '1969-01-01'])('reads "%s" as none', (text) => {
  expect(() => secondOf('--not-after', text, NOW)).toThrow(expect.objectContaining({ code: 'usage', exitCode: 2 }));
});

it('shows every second that a signature can tell', () => {
  expect(shownSecond(1_795_608_000, NOW)).toBe('2026-11-25T12:00:00Z (just now)');
  expect(shownSecond(Number.MAX_SAFE_INTEGER, NOW)).toContain('second 9007199254740991');
});
