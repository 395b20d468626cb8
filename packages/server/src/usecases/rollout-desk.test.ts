import { describe, expect, it } from 'vitest';
import { all, HOUR, ids, NEVER, PATIENT, scene } from '../../test/suites/rollouts.ts';
import { DAY, MINUTE } from '../../test/suites/world.ts';
import { FotaServerError } from '../domain/errors.ts';
import type { RolloutRequest } from '../domain/rollout-spec.ts';

describe('a rollout of a draft', () => {
  it('publishes it, and nobody hears of it before it begins', async () => {
    const world = await scene();
    const startAt = world.time.now() + HOUR;
    await world.roll({ startAt });
    expect(world.catalogue.release(2).state).toBe('published');
    expect((await world.ask()).decision).toMatchObject({ rule: 'rollout-scheduled', retryAfterS: 3_600 });
    await world.time.pass(HOUR + MINUTE);
    expect((await world.ask()).decision).toMatchObject({ rule: 'newer-release', rollout: 1, wave: 0 });
  });

  it('begins at once where no time is said', async () => {
    const world = await scene();
    const { rollout } = await world.roll({});
    expect(rollout.state).toMatch(/scheduled|running/);
    expect(await world.take('d1')).toBe('newer-release');
  });
});

it('a rollout of a draft that cannot be written leaves the draft, and no rollout', async () => {
  const world = await scene();
  const add = world.catalogue.publishWith(2, async () => {
    throw new FotaServerError('disk-full', 'no room is left');
  });
  await expect(world.done(add)).rejects.toMatchObject({ code: 'disk-full' });
  expect([world.catalogue.release(2).state, world.rollouts.all()]).toEqual(['draft', []]);
  await world.roll({});
  const again = await world.restarted();
  expect(again.catalogue.release(2)).toMatchObject({
    state: 'published',
    publishedAt: world.catalogue.release(2).publishedAt,
  });
  expect(again.rollouts.all()).toMatchObject([{ release: 2, createdAt: again.catalogue.release(2).publishedAt }]);
});

describe('waves', () => {
  const waves = [{ ids: ['d0', 'd1'] }, { percent: 100 }];

  it('open one after the other, as devices show the release themselves', async () => {
    const world = await scene();
    await world.roll({ waves, confirm: { percent: 100 }, pause: PATIENT });
    expect(await all(world, ids(3))).toEqual(['newer-release', 'newer-release', 'later-wave']);
    // All was sent, and nothing is shown.
    await world.time.pass(3 * HOUR);
    expect(world.desk.rollout(1).rollout.wave).toBe(0);
    await all(world, ids(2), '1.1.0');
    await world.time.pass(2 * MINUTE);
    expect(world.desk.rollout(1)).toMatchObject({
      rollout: { wave: 1, state: 'running' },
      counts: [{ confirmed: 2, 'under-way': 0 }, { confirmed: 0 }],
    });
    expect(await world.take('d2')).toBe('newer-release');
    await world.take('d2', '1.1.0');
    await world.time.pass(HOUR + MINUTE);
    expect(world.desk.rollout(1).rollout.state).toBe('complete');
    expect(await world.take('d9')).toBe('newer-release');
    expect(world.told.map(({ type }) => type).filter((type) => type.startsWith('rollout'))).toEqual([
      'rollout.created',
      'rollout.started',
      'rollout.advanced',
      'rollout.complete',
    ]);
  });

  it('wait for nobody where none of the devices that are known could come in', async () => {
    const world = await scene();
    await all(world, ids(2));
    await world.roll({ waves: [{ ids: ['nobody'] }, { percent: 100 }] });
    await world.time.pass(HOUR + 2 * MINUTE);
    expect(world.desk.rollout(1).rollout.wave).toBe(1);
  });

  it.each([
    ['a share', { percent: 80 }],
    ['more than the wave has', { count: 50 }],
  ])(
    'wait, for %s, until those who were heard of lately have come or fallen silent, and not for the rest',
    async (_, confirm) => {
      const world = await scene();
      await all(world, ids(10), '1.0.0');
      await world.roll({ waves: [{ percent: 100 }], confirm, pause: PATIENT, silentAfterMs: DAY });
      await all(world, ids(1));
      await all(world, ids(1), '1.1.0');
      await world.time.pass(2 * HOUR);
      // One of one that were offered it is no share of ten.
      expect(world.desk.rollout(1)).toMatchObject({
        rollout: { state: 'running' },
        next: { confirmations: 'percent' in confirm ? 7 : 9, says: expect.stringContaining('9 heard of lately') },
      });
      await world.time.pass(DAY - HOUR);
      expect(world.desk.rollout(1).rollout.state).toBe('complete');
    },
  );

  it('are skipped by the operator, but for the last', async () => {
    const world = await scene();
    await world.roll({ waves });
    expect((await world.done(world.desk.skipWave(1))).rollout.wave).toBe(1);
    await expect(world.done(world.desk.skipWave(1))).rejects.toMatchObject({ code: 'rollout-state' });
    expect(await world.take('d5')).toBe('newer-release');
  });
});

it('a device that comes back within the minute is served again, and yet known to have failed by its next question', async () => {
  const world = await scene();
  await world.roll({ pause: PATIENT });
  await world.take('d0');
  await world.time.pass(MINUTE / 2);
  expect(await world.take('d0')).toBe('newer-release');
  expect(world.desk.rollout(1).counts).toMatchObject([{ 'under-way': 1, failed: 0 }]);
  await world.time.pass(MINUTE / 2);
  expect(await world.take('d0')).toBe('newer-release');
  expect(world.desk.rollout(1).counts).toMatchObject([{ 'under-way': 0, failed: 1 }]);
});

describe('a bad release', () => {
  const pause = { wave: { count: 2, percent: undefined }, overall: NEVER };

  it('pauses its rollout before the next device is answered, and says why', async () => {
    const world = await scene();
    await world.roll({ pause });
    await all(world, ids(5));
    await world.time.pass(2 * MINUTE);
    // Back with the old version: the second one pauses it, and is not offered it once more itself.
    expect(await all(world, ids(5))).toEqual(['newer-release', ...Array(4).fill('rollout-paused')]);
    expect(world.desk.rollout(1)).toMatchObject({
      rollout: { state: 'paused', why: expect.stringContaining('failed') },
    });
    expect(world.told.filter(({ type }) => type === 'rollout.paused')).toMatchObject([
      { data: { rollout: 1, wave: 1 } },
    ]);
    expect(world.told.filter(({ type }) => type === 'attempt.failed')).toHaveLength(5);
  });

  it('pauses it by the devices that fall silent', async () => {
    const world = await scene();
    await world.roll({ pause, silentAfterMs: 2 * HOUR });
    await all(world, ids(2));
    await world.time.pass(2 * HOUR - MINUTE);
    expect(world.desk.rollout(1).rollout.state).toBe('running');
    await world.time.pass(3 * MINUTE);
    expect(world.desk.rollout(1)).toMatchObject({ rollout: { state: 'paused' }, counts: [{ silent: 2 }] });
    expect(world.told.filter(({ type }) => type === 'attempt.silent')).toHaveLength(2);
    // One that is heard again shows the release after all.
    await world.take('d0', '1.1.0');
    expect(world.desk.rollout(1).counts).toMatchObject([{ silent: 1, confirmed: 1 }]);
  });

  it('does not take devices for silent that had nobody to talk to', async () => {
    const world = await scene();
    await world.roll({ pause, silentAfterMs: 2 * HOUR });
    await all(world, ids(3));
    await world.rollouts.close();
    await world.time.pass(7 * HOUR);
    const again = await world.restarted();
    await again.time.pass(HOUR);
    expect(again.desk.rollout(1)).toMatchObject({ rollout: { state: 'running' }, counts: [{ silent: 0 }] });
    again.time.jump(DAY);
    await again.time.pass(HOUR / 2);
    expect(again.desk.rollout(1).counts).toMatchObject([{ silent: 0 }]);
    await again.time.pass(2 * HOUR);
    expect(again.desk.rollout(1).counts).toMatchObject([{ silent: 3 }]);
  });

  it('does not go on after a restart that came before its pause was written', async () => {
    const world = await scene();
    await world.roll({ pause });
    await all(world, ids(2));
    await world.time.pass(2 * MINUTE);
    await all(world, ids(2));
    const again = await world.restarted();
    expect(again.rollouts.rollout(1).state).toBe('paused');
    expect((await again.ask({ id: 'd7' })).decision.rule).toBe('rollout-paused');
  });

  it('goes on when the operator has seen it, and lets those who failed try again', async () => {
    const world = await scene();
    await world.roll({ pause });
    await all(world, ids(3));
    await world.time.pass(2 * MINUTE);
    await all(world, ids(3));
    await world.done(world.desk.resumeRollout(1));
    expect(world.desk.rollout(1).rollout).toMatchObject({ state: 'running', accepted: [3] });
    expect(await world.done(world.desk.retryRollout(1))).toBe(3);
    expect(world.desk.rollout(1).counts).toMatchObject([{ failed: 0, superseded: 3 }]);
    expect(await world.take('d0')).toBe('newer-release');
  });

  it('is aborted for good, and pinned devices do not get it either', async () => {
    const world = await scene();
    await world.roll({});
    await world.done(world.desk.abortRollout(1, 'bricks'));
    await world.done(
      world.profiles.change([{ project: 'p', id: 'd1', change: { pin: { version: '1.1.0', mayDowngrade: false } } }]),
    );
    expect([await world.take('d0'), await world.take('d1')]).toEqual(['rollout-aborted', 'rollout-aborted']);
    await expect(world.done(world.desk.resumeRollout(1))).rejects.toMatchObject({ code: 'rollout-state' });
    await expect(world.done(world.desk.retryRollout(1))).rejects.toMatchObject({ code: 'rollout-state' });
  });
});

describe('limits', () => {
  it('let so many download at once, and the next one when one has ended', async () => {
    const world = await scene();
    await world.roll({ limits: { downloads: 1 } });
    const first = await world.ask({ id: 'd0' });
    expect((await world.ask({ id: 'd1' })).decision).toMatchObject({ rule: 'limit', code: 43, retryAfterS: 60 });
    if (first.sent !== undefined) {
      world.checkIns.ended({
        sent: first.sent,
        device: first.decision.device,
        bytes: 0,
        isWhole: false,
        isRest: false,
      });
    }
    expect((await world.ask({ id: 'd1' })).decision.rule).toBe('newer-release');
  });

  it('hold of all releases together, and of an hour and a day, also after a restart', async () => {
    const world = await scene({ limits: { downloads: undefined, bytesPerHour: 6, bytesPerDevicePerDay: 4 } });
    await world.roll({});
    expect(await world.take('d0')).toBe('newer-release');
    expect((await world.ask({ id: 'd1' })).decision).toMatchObject({ rule: 'limit', limit: 'bytesPerHour' });
    const again = await world.restarted();
    expect((await again.ask({ id: 'd1' })).decision).toMatchObject({ rule: 'limit', limit: 'bytesPerHour' });
    await world.time.pass(HOUR);
    expect((await again.ask({ id: 'd0' })).decision).toMatchObject({ rule: 'limit', limit: 'bytesPerDevicePerDay' });
    await world.time.pass(DAY);
    expect((await again.ask({ id: 'd0' })).decision.rule).toBe('newer-release');
  });
});

describe('the global stop', () => {
  it('halts every offer and every resume at once, and lets them go on', async () => {
    const world = await scene();
    await world.roll({});
    await world.done(world.desk.setStop(true, 'fire'));
    expect((await world.ask()).decision).toMatchObject({ rule: 'stopped', code: 27 });
    expect(world.checkIns.isStopped()).toBe(true);
    const again = await world.restarted();
    expect(again.desk.stop()).toMatchObject({ isOn: true, why: 'fire' });
    await world.done(world.desk.setStop(false));
    expect((await world.ask()).decision.rule).toBe('newer-release');
    expect(world.told.map(({ type }) => type)).toEqual(expect.arrayContaining(['stop.on', 'stop.off']));
  });
});

describe('what cannot be rolled out', () => {
  it.each<[Partial<RolloutRequest>, string]>([
    [{ release: 9 }, 'release-unknown'],
    [{ waves: [] }, 'rollout-invalid'],
    [{ waves: [{ percent: 50 }, { percent: 20 }] }, 'rollout-invalid'],
    [{ waves: [{ percent: 0 }] }, 'rollout-invalid'],
    [{ waves: [{ ids: ['a\nb'] }] }, 'rollout-invalid'],
    [{ target: { kind: 'query', query: 'version <' } }, 'query-invalid'],
    [{ target: { kind: 'group', group: 'none' } }, 'group-unknown'],
    [{ target: { kind: 'query', query: 'group:none' } }, 'query-invalid'],
    [{ target: { kind: 'query', query: 'rule = newset' } }, 'query-invalid'],
    [{ target: { kind: 'list', ids: [] } }, 'rollout-invalid'],
    [{ timeZone: 'Mars/Olympus' }, 'rollout-invalid'],
    [{ windows: [{ days: [8], from: 0, to: 1 }] }, 'rollout-invalid'],
    [{ soakMs: -1 }, 'rollout-invalid'],
    [{ confirm: { percent: 101 } }, 'rollout-invalid'],
    [{ pause: { wave: { count: 0 } } }, 'rollout-invalid'],
    [{ limits: { downloads: 0 } }, 'rollout-invalid'],
    [{ startAt: Number.NaN }, 'rollout-invalid'],
  ])('%j is refused as %s, and nothing is changed', async (request, code) => {
    const world = await scene();
    await expect(world.roll(request)).rejects.toMatchObject({ code });
    expect(world.rollouts.all()).toEqual([]);
    expect(world.catalogue.release(2).state).toBe('draft');
  });

  it('what is withdrawn cannot either', async () => {
    const world = await scene();
    await world.done(world.catalogue.withdraw(2));
    await expect(world.roll({})).rejects.toMatchObject({ code: 'release-withdrawn' });
  });
});

it('a target may be a query or a group, and whoever was in stays in', async () => {
  const world = await scene();
  await world.roll({ target: { kind: 'group', group: 'beta' } });
  const label = (addLabels: string[], removeLabels: string[]): Promise<unknown> =>
    world.done(world.profiles.change([{ project: 'p', id: 'd0', change: { addLabels, removeLabels } }]));
  await label(['beta'], []);
  expect([await world.take('d0'), await world.take('d1')]).toEqual(['newer-release', 'not-targeted']);
  await label([], ['beta']);
  expect((await world.ask({ id: 'd0' })).decision.rule).toBe('newer-release');
});

it('attempts can be listed as they stand, and forgetting a device forgets them', async () => {
  const world = await scene();
  await world.roll({});
  await all(world, ids(2));
  await world.take('d0', '1.1.0');
  const filter = {
    project: 'p',
    within: undefined,
    rollout: 1,
    release: undefined,
    standing: 'confirmed',
    deviceId: undefined,
  } as const;
  const { items } = await world.desk.attempts(filter, { limit: 10, cursor: undefined });
  expect(items).toMatchObject([{ id: 'd0', state: 'confirmed', from: '1.0.0', to: '1.1.0', wave: 0 }]);
  await world.done(world.operator.forgetDevice('p', 'd0'));
  expect(world.desk.rollout(1).counts).toMatchObject([{ confirmed: 0, 'under-way': 1 }]);
});
