import { describe, expect, it } from 'vitest';
import { mix, range, share, span } from './values.ts';

describe('an option', () => {
  it.each([
    ['5%', 0.05],
    ['0.05', 0.05],
    ['.5', 0.5],
    ['100%', 1],
    ['0', 0],
  ])('takes %s for a share', (text, value) => {
    expect(share(text)).toBeCloseTo(value, 10);
  });

  it.each(['', '%', '5', '101%', '-1%', '1e-3', '5 %'])('takes "%s" for no share', (text) => {
    expect(() => share(text)).toThrow('such as 5%');
  });

  it.each([
    ['200ms', 200],
    ['1.5s', 1_500],
    ['4h', 14_400_000],
    ['0s', 0],
  ])('takes %s for a span of time', (text, ms) => {
    expect(span(text)).toBe(ms);
  });

  it.each(['', '5', 's', '-1s', '1y', '1h30m'])('takes "%s" for no span of time', (text) => {
    expect(() => span(text)).toThrow('such as 200ms');
  });

  it('takes names with shares, and names alone', () => {
    expect(mix('2023-10:20,now:80%')).toEqual({ '2023-10': 20, now: 80 });
    expect(mix('1.0.0')).toEqual({ '1.0.0': 1 });
    for (const text of ['', 'a,,b', ':3', 'a:x']) expect(() => mix(text)).toThrow('names with shares');
  });

  it('takes a number, or two', () => {
    expect([range('5000'), range('5000-90000')]).toEqual([
      [5_000, 5_000],
      [5_000, 90_000],
    ]);
    for (const text of ['', '0', '9-3', '1-2-3']) expect(() => range(text)).toThrow('two such as');
  });
});
