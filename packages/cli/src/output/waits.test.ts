import { expect, it } from 'vitest';
import { waitText } from './waits.ts';

it('a device that waits says until when and why, as far as it does', () => {
  const until = '2026-11-23T02:00:00.000Z';
  const before = Date.parse(until) - 1;
  expect(waitText({ until, reason: 'outside of its window' }, before)).toMatch(
    /^waits until 2026-11-2[234] \d\d:\d0:00: outside of its window$/,
  );
  expect(waitText({ until, reason: '' }, before + 1)).toMatch(/^waited until 2026-11-2[234] \d\d:\d0:00$/);
  expect([waitText({ reason: 'a meeting' }, before), waitText({ reason: '' }, before)]).toEqual([
    'waits: a meeting',
    'waits',
  ]);
});
