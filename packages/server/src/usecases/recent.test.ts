import { expect, it } from 'vitest';
import { recent } from './recent.ts';

it('keeps the values of the last keys, and of at most twice as many', () => {
  const values = recent<number>(2);
  const set = (...keys: readonly string[]): void => keys.forEach((key, at) => void values.set(key, at));
  const kept = (): string[] => [...'abcdef'].filter((key) => values.get(key) !== undefined);
  set('a', 'b', 'c', 'd');
  expect(kept()).toEqual(['a', 'b', 'c', 'd']);
  set('d', 'c');
  expect(kept()).toEqual(['a', 'b', 'c', 'd']);
  set('e');
  expect(kept()).toEqual(['c', 'd', 'e']);
});

it('tells the last value of a key, and none of one that was deleted', () => {
  const values = recent<number>(1);
  values.set('a', 1);
  values.set('b', 2);
  values.set('a', 3);
  expect(values.get('a')).toBe(3);
  values.delete('a');
  values.delete('b');
  expect([values.get('a'), values.get('b')]).toEqual([undefined, undefined]);
});
