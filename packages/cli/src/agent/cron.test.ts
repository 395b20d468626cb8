import { expect, it } from 'vitest';
import { cronTimes } from './cron.ts';

it('tells the next time that a pattern names, by the local clock', () => {
  const next = cronTimes('30 3 * * *');
  const from = new Date(2026, 10, 26, 3, 30).getTime();
  expect(next?.(from - 1)).toBe(from);
  expect(next?.(from)).toBe(new Date(2026, 10, 27, 3, 30).getTime());
});

it.each(['30 3 31 2 *', 'now', '', '99 * * * *'])('"%s" is no time', (pattern) => {
  expect(cronTimes(pattern)).toBeUndefined();
});
