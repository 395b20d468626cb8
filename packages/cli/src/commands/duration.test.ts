import { expect, it } from 'vitest';
import { duration } from './duration.ts';

it.each([
  ['30m', 1_800_000],
  ['12h', 43_200_000],
  ['90d', 7_776_000_000],
  ['4w', 2_419_200_000],
  ['1d12h', 129_600_000],
  ['0s', 0],
])('%s are %i milliseconds', (text, ms) => {
  expect(duration(text)).toBe(ms);
});

it.each(['', '0', '-1d', '1', 'd', '1y', '1.5h', '1 d', '999999d'])('"%s" is no span of time', (text) => {
  expect(() => duration(text)).toThrow('such as 90d');
});
