import { describe, expect, it } from 'vitest';
import { NO_ATTEMPT_FILTER } from '../../test/suites/attempt-store.ts';
import { attemptOf, deviceOf } from '../../test/suites/samples.ts';
import { MINUTE, question, SECOND, type World, worldOf } from '../../test/suites/world.ts';
import type { Access } from '../domain/decide.ts';
import type { News } from './records.ts';

const FULL = { code: 'disk-full' };

async function serving(options: Parameters<typeof worldOf>[0] = {}): Promise<World> {
  const world = await worldOf(options);
  await world.publish('1.1.0');
  return world;
}

/** Sets it, and lets it be written. */
async function setAccess(world: World, id: string, access: Access): Promise<void> {
  const done = world.operator.setAccess('p', id, access);
  done.catch(() => undefined);
  await world.time.pass(0);
  await done;
}

const known = ({ fleet }: World, id = '867') => fleet.recordsOf('p', id)[0];

describe('a device that asks for the first time', () => {
  it('is durable before it is answered, also where there is nothing new', async () => {
    const world = await serving();
    const { letGo } = world.devices.hold();
    let isAnswered = false;
    const answer = world.ask({ version: '1.1.0' }).then((answered) => {
      isAnswered = true;
      return answered;
    });
    await world.time.pass(MINUTE);
    expect(isAnswered).toBe(false);
    letGo();
    expect((await answer).decision.rule).toBe('newest');
    expect(known(await world.restarted())).toMatchObject({ id: '867', version: '1.1.0', asked: 1, rule: 'newest' });
  });

  it('is as unknown as before where that could not be written, and takes nobody the room', async () => {
    const world = await serving({ maxDevices: 1 });
    world.devices.setFull(true);
    for (const version of ['1.0.0', '1.1.0']) await expect(world.ask({ version })).rejects.toMatchObject(FULL);
    expect(world.fleet.size).toBe(0);
    world.devices.setFull(false);
    await world.time.pass(2 * MINUTE);
    expect(world.devices.written).toEqual([]);
    expect((await world.ask({ id: 'other' })).sent).toBeDefined();
    expect((await world.ask()).decision.rule).toBe('unregistered');
  });

  it('is counted once a firmware, and not registered beyond what is allowed', async () => {
    const world = await serving({ maxDevices: 2 });
    await world.publish('2.0.0', 'other', { firmwareName: 'other' });
    await world.ask();
    await world.ask({ firmwareName: 'other' });
    expect(world.fleet.size).toBe(2);
    expect(world.fleet.recordsOf('p', '867')).toMatchObject([{ firmwareName: 'app' }, { firmwareName: 'other' }]);
    expect((await world.ask({ id: '868' })).decision).toMatchObject({ rule: 'unregistered', registered: false });
    expect((await world.ask({ version: '1.1.0' })).decision.rule).toBe('newest');
    expect(world.fleet.size).toBe(2);
  });

  it('all at once does not get beyond what is allowed either', async () => {
    const world = await serving({ maxDevices: 3 });
    const asked = Array.from({ length: 10 }, (_, n) => world.ask({ id: String(n) }));
    const answers = await Promise.all(asked);
    expect(answers.filter(({ sent }) => sent !== undefined)).toHaveLength(3);
    expect(world.fleet.size).toBe(3);
  });

  it('to a project that registers nobody is unregistered until it is allowed', async () => {
    const world = await serving();
    await world.catalogue.updateProject('p', { registration: 'closed' });
    expect((await world.ask()).decision.rule).toBe('unregistered');
    await setAccess(world, '867', 'allowed');
    expect((await world.ask()).sent).toBeDefined();
    await setAccess(world, '867', 'default');
    // Known by now.
    expect((await world.ask()).sent).toBeDefined();
  });
});

describe('a delivery that could not be made durable', () => {
  it('does not count, leaves no trace, and later the device gets its package', async () => {
    const world = await serving();
    await world.ask();
    const before = known(world);
    world.devices.setFull(true);
    for (let attempt = 0; attempt < 10; attempt += 1) await expect(world.ask()).rejects.toMatchObject(FULL);
    expect(known(world)).toEqual(before);
    world.devices.setFull(false);
    await world.time.pass(SECOND);
    await world.ask();
    expect(known(world)?.deliveries).toMatchObject({ count: 2 });
    expect(known(await world.restarted())?.deliveries).toMatchObject({ count: 2 });
    expect((await world.log()).map(({ event }) => event)).toEqual(['offered', 'offered']);
  });

  it('among parallel ones of the same device does not count either', async () => {
    const world = await serving();
    const { letGo } = world.devices.hold();
    const asked = Array.from({ length: 4 }, () => world.ask());
    for (const one of asked) one.catch(() => undefined);
    await world.time.pass(0);
    world.devices.setFull(true);
    letGo();
    for (const one of asked) await expect(one).rejects.toMatchObject(FULL);
    expect(world.fleet.size).toBe(0);
    world.devices.setFull(false);
    await world.time.pass(SECOND);
    await world.ask();
    expect(known(world)).toMatchObject({ asked: 1, deliveries: { count: 1 } });
  });

  it('leaves the earlier package for a resume', async () => {
    const world = await serving();
    const { sent } = await world.ask();
    await world.publish('1.2.0');
    world.devices.setFull(true);
    await expect(world.ask()).rejects.toMatchObject(FULL);
    expect(world.checkIns.sent(world.checkIns.decide(question()))).toEqual(sent);
  });
});

describe('the key ring that a device tells', () => {
  it('is written when it changes, and never in a minute in which it does not', async () => {
    const world = await serving();
    await world.ask({ version: '1.1.0', keyRing: 1 });
    expect(known(world)).toMatchObject({ keyRing: 1 });
    await world.ask({ version: '1.1.0', keyRing: 2 });
    await world.time.pass(SECOND);
    expect(world.devices.written.at(-1)?.records).toMatchObject([{ keyRing: 2 }]);
    for (let again = 0; again < 3; again += 1) await world.ask({ version: '1.1.0', keyRing: 2 });
    await world.time.pass(2 * MINUTE);
    expect(world.devices.written.at(-1)).toMatchObject({ records: [], idle: [{ asked: 5 }] });
    expect(known(await world.restarted())).toMatchObject({ keyRing: 2, asked: 5 });
    await world.ask({ version: '1.1.0' });
    expect(known(world)).toMatchObject({ keyRing: 0 });
  });
});

describe('an attempt, and what is spent within the day', () => {
  const told = async (world: World, news: News): Promise<void> => {
    const done = world.fleet.asked({ device: deviceOf(), keyRing: 0 }, 'newer-release', world.time.now(), () => ({
      news,
      entries: [],
    }));
    done?.catch(() => undefined);
    await world.time.pass(0);
    await done;
  };
  const [first, second] = [
    attemptOf({ release: 1, from: '1.1.0', to: '1.9.0' }),
    attemptOf({ release: 2, rollout: 3 }),
  ];
  const spent = { bytes: 9, since: 5 };

  it('are durable with the answer, and stay as they were until there is something new', async () => {
    const world = await serving();
    await told(world, { attempt: first, spent });
    await told(world, {});
    await world.ask({ version: '1.1.0' });
    await world.time.pass(SECOND);
    for (const one of [world, await world.restarted()]) {
      expect(known(one)).toMatchObject({ asked: 3, attempt: first, spent });
    }
  });

  it('give way to the next attempt, and the former one is kept as it ended, or neither', async () => {
    const world = await serving();
    await told(world, { attempt: first });
    const former = { ...first, state: 'superseded' as const };
    world.devices.setFull(true);
    await expect(told(world, { attempt: second, former })).rejects.toMatchObject(FULL);
    expect(known(world)).toMatchObject({ attempt: first });
    world.devices.setFull(false);
    await world.time.pass(SECOND);
    await told(world, { attempt: second, former });
    const { items } = await world.devices.attempts(NO_ATTEMPT_FILTER, { limit: 10, cursor: undefined });
    expect(items).toMatchObject([former, second]);
    expect(known(await world.restarted())).toMatchObject({ attempt: second });
  });
});

describe("an operator's word", () => {
  it('is durable once it is acknowledged, and the next question hears of it', async () => {
    const world = await serving();
    await setAccess(world, '867', 'blocked');
    expect((await world.ask()).decision.rule).toBe('blocked');
    expect((await (await world.restarted()).ask()).decision.rule).toBe('blocked');
    await setAccess(world, '867', 'default');
    expect((await (await world.restarted()).ask()).sent).toBeDefined();
  });

  it('that allows a device releases it from its loop, in the same commit', async () => {
    const world = await serving({ deliveriesPerDay: 1 });
    await world.ask();
    expect((await world.ask()).decision.rule).toBe('upgrade-loop');
    await setAccess(world, '867', 'allowed');
    expect(world.devices.written.at(-1)).toMatchObject({
      records: [{ id: '867', deliveries: undefined }],
      access: [{ id: '867', access: 'allowed' }],
    });
    expect((await (await world.restarted()).ask()).sent).toBeDefined();
  });

  it('that could not be written has changed nothing', async () => {
    const world = await serving({ deliveriesPerDay: 1 });
    await world.ask();
    world.devices.setFull(true);
    await expect(setAccess(world, '867', 'allowed')).rejects.toMatchObject(FULL);
    await expect(setAccess(world, '868', 'blocked')).rejects.toMatchObject(FULL);
    expect(world.fleet.access('p', '867')).toBe('default');
    expect(world.checkIns.decide(question()).rule).toBe('upgrade-loop');
    world.devices.setFull(false);
    await world.time.pass(MINUTE);
    const again = await world.restarted();
    expect(again.checkIns.decide(question()).rule).toBe('upgrade-loop');
    expect(again.fleet.access('p', '868')).toBe('default');
  });

  it('waits for what is being written of the device, and is not lost by it', async () => {
    const world = await serving();
    const { letGo } = world.devices.hold();
    const asked = world.ask();
    await world.time.pass(0);
    const blocked = world.operator.setAccess('p', '867', 'blocked');
    const allowed = world.operator.setAccess('p', '867', 'allowed');
    letGo();
    await world.time.pass(0);
    await Promise.all([asked, blocked, allowed]);
    expect(world.fleet.access('p', '867')).toBe('allowed');
    const again = await world.restarted();
    expect(again.fleet.access('p', '867')).toBe('allowed');
    expect(known(again)).toMatchObject({ asked: 1, deliveries: undefined });
  });
});

describe('a kill -9', () => {
  it('loses of a new version, or another rule, at most a second', async () => {
    const world = await serving();
    await world.ask({ version: '1.1.0' });
    await world.ask({ version: 'unreadable' });
    expect(known(await world.restarted())).toMatchObject({ version: '1.1.0', rule: 'newest' });
    await world.time.pass(SECOND);
    expect(known(await world.restarted())).toMatchObject({ version: 'unreadable', rule: 'version-unreadable' });
  });

  it('loses nothing of what a device shows of its upgrade', async () => {
    const world = await serving();
    await world.ask();
    await world.ask({ version: '1.1.0' });
    expect(known(await world.restarted())).toMatchObject({ version: '1.1.0', attempt: { state: 'confirmed' } });
  });

  it('loses of when a device was last seen, and of how often it asked, at most a minute', async () => {
    const world = await serving();
    for (let time = 0; time < 3; time += 1) await world.ask({ version: '1.1.0' });
    expect(known(await world.restarted())).toMatchObject({ asked: 1 });
    await world.time.pass(MINUTE);
    expect(known(await world.restarted())).toEqual(known(world));
    expect(known(world)).toMatchObject({ asked: 3 });
  });
});

it('a device with nothing new costs no commit of its own, however many ask', async () => {
  const world = await serving();
  const ids = Array.from({ length: 100 }, (_, n) => String(n));
  await Promise.all(ids.map((id) => world.ask({ id, version: '1.1.0' })));
  const registered = world.devices.written.length;
  expect(registered).toBe(1);
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(ids.map((id) => world.ask({ id, version: '1.1.0' })));
    await world.time.pass(10 * SECOND);
  }
  expect(world.devices.written).toHaveLength(registered);
  await world.time.pass(MINUTE);
  expect(world.devices.written).toHaveLength(registered + 1);
});
