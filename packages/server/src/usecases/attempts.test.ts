import { expect, it } from 'vitest';
import { all, HOUR, ids, PATIENT, scene } from '../../test/suites/rollouts.ts';
import { MINUTE } from '../../test/suites/world.ts';

it('a device that comes back to a rollout from another release is counted once there, by what it failed at before too', async () => {
  const world = await scene();
  await world.roll({ pause: PATIENT });
  const standing = () => world.desk.rollout(1).counts[0];
  await world.take('d0');
  await world.time.pass(HOUR);
  // Of these only the first has taken all of it, in vain; the others have just begun.
  for (const id of ['d1', 'd2']) await world.ask({ id, version: '1.0.0' });
  await world.publish('1.2.0', 'newer');
  await all(world, ids(3));
  expect(standing()).toMatchObject({ 'under-way': 0, failed: 1, superseded: 2 });
  await world.done(world.catalogue.withdraw(3));
  await world.take('d0');
  await world.ask({ id: 'd1', version: '1.0.0' });
  const counts = { 'under-way': 1, failed: 1, superseded: 1, confirmed: 0, 'rolled-back': 0, silent: 0 };
  expect(standing()).toEqual(counts);
  await world.time.pass(MINUTE);
  expect((await world.restarted()).desk.rollout(1).counts[0]).toEqual(counts);
});
