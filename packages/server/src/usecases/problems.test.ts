import { expect, it } from 'vitest';
import { FotaServerError } from '../domain/errors.ts';
import { seldom } from './problems.ts';

it('a problem of one code is told once in ten seconds, and then how many were not; others are told', () => {
  const told: unknown[] = [];
  let time = 0;
  const tell = seldom(
    () => time,
    (problem, untold) => told.push([(problem as Error).message, untold]),
  );
  for (let n = 0; n < 100; n += 1) {
    tell(new FotaServerError('disk-full', `write ${n}`));
    time += 99;
  }
  tell(new Error('a defect'));
  tell(new Error('another'));
  time = 10_000;
  tell(new FotaServerError('disk-full', 'still'));
  expect(told).toEqual([
    ['write 0', 0],
    ['a defect', 0],
    ['another', 0],
    ['still', 99],
  ]);
});
