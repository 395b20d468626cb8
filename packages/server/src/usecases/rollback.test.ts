import { describe, expect, it } from 'vitest';
import { scene } from '../../test/suites/rollouts.ts';
import { MINUTE } from '../../test/suites/world.ts';

describe('a bad release', () => {
  it('is rolled back to the one below, and devices stay there', async () => {
    const world = await scene();
    await world.roll({});
    await world.take('d0');
    await world.take('d0', '1.1.0');
    const back = await world.done(world.desk.rollBack(1));
    expect(back.rollout).toMatchObject({ release: 1, mayDowngrade: true });
    expect(world.desk.rollout(1).rollout).toMatchObject({ state: 'aborted', why: 'rolled back to 1.0.0' });
    await world.time.pass(MINUTE);
    expect(await world.take('d0', '1.1.0')).toBe('older-release');
    expect(await world.take('d0', '1.0.0')).toBe('held-back');
    expect(world.desk.rollout(2).counts).toMatchObject([{ confirmed: 1 }]);
    await expect(world.done(world.desk.rollBack(2))).rejects.toMatchObject({ code: 'rollout-invalid' });
  });

  it('is rolled back without taking the good one from others, and the release that mends it reaches all', async () => {
    const world = await scene();
    await world.roll({});
    await world.take('d0');
    await world.take('d0', '1.1.0');
    await world.done(world.desk.rollBack(1));
    await world.time.pass(MINUTE);
    expect(await world.take('d0', '1.1.0')).toBe('older-release');
    expect((await world.ask({ id: 'd1', version: '0.9.0' })).decision).toMatchObject({
      release: { version: '1.0.0' },
      rollout: undefined,
    });
    await world.publish('1.2.0', 'mended');
    for (const version of ['1.0.0', '1.1.0']) {
      expect((await world.ask({ id: 'd0', version })).decision).toMatchObject({ release: { version: '1.2.0' } });
    }
    await world.done(world.desk.abortRollout(2));
    expect((await world.ask({ id: 'd2', version: '0.9.0' })).decision).toMatchObject({ release: { version: '1.2.0' } });
  });

  it('is not given up where there is nothing to go back to', async () => {
    const world = await scene();
    await world.roll({});
    await world.done(world.catalogue.withdraw(1));
    await expect(world.done(world.desk.rollBack(1))).rejects.toMatchObject({ code: 'rollout-invalid' });
    await expect(world.done(world.desk.rollBack(1, 1))).rejects.toMatchObject({ code: 'rollout-invalid' });
    expect(world.desk.rollout(1).rollout.state).toMatch(/scheduled|running/);
  });
});
