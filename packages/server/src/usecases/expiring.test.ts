import { expect, it } from 'vitest';
import { POLICY, packageOf, projectOf, releaseOf } from '../../test/samples.ts';
import { DAY, fakeTime, MINUTE } from '../../test/suites/world.ts';
import { signed } from '../../test/trust.ts';
import type { NewEvent } from '../domain/event.ts';
import { planOf } from '../domain/plan.ts';
import { createExpiring } from './expiring.ts';

it('the end of a release is told once ahead and once when it has come, also across restarts, and again where it was signed again', async () => {
  const time = fakeTime();
  const told: NewEvent[] = [];
  const bytes = new Uint8Array([1]);
  let days = 15;
  const plan = () => {
    const notAfter = Date.UTC(2026, 10, 23) / 1_000 + days * 86_400;
    const packages = [{ ...packageOf('1.1.0'), signature: signed(bytes, { notAfter }) }];
    return planOf([projectOf()], [{ ...releaseOf('1.1.0'), packages }], POLICY);
  };
  const opened = () =>
    createExpiring({
      plan,
      eventsOf: async (types) => told.filter(({ type }) => types.includes(type)),
      emit: (event) => told.push(event),
      now: time.now,
    });
  let expiring = opened();
  const types = async (): Promise<string[]> => {
    for (let look = 0; look < 3; look += 1) {
      await expiring.tick();
      await time.pass(11 * MINUTE);
    }
    return told.map(({ type }) => type);
  };
  expect(await types()).toEqual([]);
  await time.pass(DAY);
  expect(await types()).toEqual(['release.expiring']);
  expect(told[0]).toEqual({
    type: 'release.expiring',
    project: 'sample',
    data: {
      release: 110,
      version: '1.1.0',
      firmwareName: 'app',
      reason: 'by its signature it may be taken until 2026-12-08T00:00:00.000Z',
    },
  });
  expiring = opened();
  expect(await types()).toHaveLength(1);
  await time.pass(14 * DAY);
  expect(await types()).toEqual(['release.expiring', 'release.expired']);
  expect(expiring.all()).toMatchObject([{ release: { id: 110 }, hasPassed: true }]);
  days = 25;
  expect(await types()).toEqual(['release.expiring', 'release.expired', 'release.expiring']);
  expiring = opened();
  expect(await types()).toHaveLength(3);
});
