import { expect, it } from 'vitest';
import { createSilence } from './silence.ts';

it('names each device once, when its time has come, and not one of which was heard meanwhile', () => {
  const silence = createSilence();
  silence.watch('a', 5_000);
  silence.watch('b', 5_000);
  silence.watch('c', 9_500);
  silence.watch('b', 20_000);
  silence.forget('none');
  expect(silence.due(4_999)).toEqual([]);
  expect(silence.due(5_000)).toEqual(['a']);
  expect(silence.due(5_000)).toEqual([]);
  // A second at most later than its time.
  expect(silence.due(9_999)).toEqual([]);
  expect(silence.due(10_000)).toEqual(['c']);
  silence.forget('b');
  expect(silence.due(1e12)).toEqual([]);
});
