import type { Identity } from '@libfota2/protocol';
import { describe, expect, it } from 'vitest';
import { DAY, intakeOf, MINUTE, question, SECOND, WORLD_KEY, type World, worldOf } from '../../test/suites/world.ts';
import type { Access } from '../domain/decide.ts';

const ALL = { project: undefined, firmwareName: undefined, state: undefined };

async function serving(deliveriesPerDay = 6): Promise<World> {
  const world = await worldOf({ deliveriesPerDay });
  await world.publish('1.1.0');
  return world;
}

const count = ({ fleet }: World): number | undefined => fleet.recordsOf('p', '867')[0]?.deliveries?.count;
/** What a resume of the device would go on with. */
const resumable = ({ checkIns }: World, changes: Partial<Identity> = {}) =>
  checkIns.sent(checkIns.decide({ ...question(), ...changes }));

async function setAccess(world: World, id: string, access: Access): Promise<void> {
  const done = world.operator.setAccess('p', id, access);
  done.catch(() => undefined);
  await world.time.pass(0);
  await done;
}

describe('an upgrade loop', () => {
  it('ends after six deliveries with code 40, held until the operator allows the device', async () => {
    const world = await serving();
    for (let time = 0; time < 6; time += 1) expect((await world.ask()).sent).toBeDefined();
    const held = { rule: 'upgrade-loop', code: 40 };
    expect((await world.ask()).decision).toMatchObject(held);
    await world.time.pass(10 * DAY);
    expect((await (await world.restarted()).ask()).decision).toMatchObject(held);
    await setAccess(world, '867', 'allowed');
    expect((await world.ask()).sent).toBeDefined();
    expect(count(world)).toBe(1);
  });

  it('is none where a device asks every four hours and takes its package in the end (luatos.md L8)', async () => {
    const world = await serving();
    for (let time = 0; time < 5; time += 1) {
      await world.ask();
      await world.time.pass(4 * 60 * MINUTE);
    }
    expect((await world.ask()).sent).toBeDefined();
    expect((await world.ask({ version: '1.1.0' })).decision.rule).toBe('newest');
  });

  it('is no loop where a day lies between: five a day go on for ever', async () => {
    const world = await serving();
    for (let day = 0; day < 5; day += 1) {
      for (let time = 0; time < 5; time += 1) expect((await world.ask()).sent).toBeDefined();
      await world.time.pass(DAY);
    }
  });

  it('is counted anew where another version is told, also when the old one comes back', async () => {
    const world = await serving();
    for (let time = 0; time < 6; time += 1) await world.ask();
    expect((await world.ask({ version: '1.0.9' })).sent).toBeDefined();
    expect(count(world)).toBe(1);
    expect((await world.ask()).sent).toBeDefined();
    expect(count(world)).toBe(1);
  });

  it('is counted anew for other bytes', async () => {
    const world = await serving(1);
    await world.ask();
    expect((await world.ask()).decision.rule).toBe('upgrade-loop');
    await world.publish('1.2.0');
    expect((await world.ask()).sent).toBeDefined();
    expect((await world.ask()).decision.rule).toBe('upgrade-loop');
  });

  it('counts parallel questions of one device once each: no more are served than one after the other', async () => {
    const world = await serving();
    const answers = await Promise.all(Array.from({ length: 30 }, () => world.ask()));
    expect(answers.filter(({ sent }) => sent !== undefined)).toHaveLength(6);
    expect(answers.filter(({ decision }) => decision.rule === 'upgrade-loop')).toHaveLength(24);
    expect(count(world)).toBe(6);
  });

  it.each([-400 * DAY, -1, DAY, 400 * DAY])('neither begins nor ends by a clock that jumps by %d ms', async (jump) => {
    const world = await serving(3);
    for (let time = 0; time < 2; time += 1) await world.ask();
    world.time.jump(jump);
    expect((await world.ask()).sent).toBeDefined();
    for (let time = 0; time < 3; time += 1) await world.ask();
    expect((await world.ask()).decision.rule).toBe('upgrade-loop');
    world.time.jump(-jump);
    expect((await world.ask()).decision.rule).toBe('upgrade-loop');
  });
});

describe('a resume', () => {
  it('is no attempt, and goes on with the same bytes whatever was published, withdrawn or blocked meanwhile', async () => {
    const world = await serving(1);
    const { sent } = await world.ask();
    if (sent === undefined) throw new Error('nothing was sent');
    expect(sent.sha256).toBe(intakeOf('1.1.0').sha256);
    await world.publish('1.2.0');
    expect(resumable(world)).toEqual(sent);
    for (const { id } of world.catalogue.releases(ALL)) await world.catalogue.withdraw(id);
    expect(resumable(world)).toEqual(sent);
    await setAccess(world, '867', 'blocked');
    expect((await world.ask()).decision.rule).toBe('blocked');
    for (const one of [world, await world.restarted()]) {
      expect(resumable(one)).toEqual(sent);
      one.checkIns.resumed(one.checkIns.decide(question()), sent, 5);
      expect(count(one)).toBe(1);
    }
  });

  it('is of this device and this firmware only', async () => {
    const world = await serving();
    await world.publish('1.1.0', 'other', { firmwareName: 'other' });
    await world.ask();
    expect(resumable(world, { id: '868' })).toBeUndefined();
    expect(resumable(world, { firmwareName: 'other' })).toBeUndefined();
    expect(resumable(world, { projectKey: 'x'.repeat(32) })).toBeUndefined();
    expect(resumable(world)).toBeDefined();
  });
});

describe('what was decided a moment ago', () => {
  const changes: ReadonlyArray<readonly [string, (world: World) => Promise<unknown>, string]> = [
    ['withdrawn', (world) => world.catalogue.withdraw(1), 'nothing-published'],
    ['hidden by a newer one', (world) => world.publish('1.2.0'), 'newer-release'],
    ['not for this device, which is blocked', (world) => setAccess(world, '867', 'blocked'), 'blocked'],
    ['of a key that was revoked', rotated, 'project-unknown'],
  ];
  it.each(changes)('is not promised where the release is %s by now', async (_how, change, rule) => {
    const world = await serving();
    const decision = world.checkIns.decide(question());
    if (decision.answer !== 'upgrade') throw new Error(decision.rule);
    await change(world);
    expect(await world.checkIns.offered(question(), decision)).toBeUndefined();
    expect(world.fleet.size).toBe(0);
    expect(world.checkIns.decide(question()).rule).toBe(rule);
  });
});

async function rotated({ catalogue }: World): Promise<void> {
  await catalogue.rotateKey('p', undefined);
  await catalogue.revokeKey('p', WORLD_KEY);
}

describe('a delivery that breaks off', () => {
  const counted = ({ fleet }: World): number | undefined => fleet.record('p', '867', 'app')?.deliveries?.count;

  it('is taken back, counts once the rest was fetched, and is taken back only once', async () => {
    const world = await serving();
    const { sent, decision } = await world.ask();
    if (sent === undefined) throw new Error('nothing was sent');
    const { device } = decision;
    expect(counted(world)).toBe(1);
    world.checkIns.ended({ sent, device, bytes: 3, isWhole: false, isRest: false });
    await world.time.pass(0);
    expect(counted(world)).toBe(0);
    world.checkIns.ended({ sent, device, bytes: 1, isWhole: false, isRest: true });
    await world.time.pass(0);
    expect(counted(world)).toBe(0);
    for (let twice = 0; twice < 2; twice += 1) {
      world.checkIns.ended({ sent, device, bytes: 2, isWhole: true, isRest: true });
      await world.time.pass(0);
      expect(counted(world)).toBe(1);
    }
    await world.fleet.flush();
    expect(counted(await world.restarted())).toBe(1);
  });

  it('may be followed by three packages of resumes; then the device must ask as any other', async () => {
    const world = await serving();
    const { sent, decision } = await world.ask();
    if (sent === undefined) throw new Error('nothing was sent');
    const { device } = decision;
    let bytes = 0;
    while (world.checkIns.sent(decision) !== undefined) {
      world.checkIns.ended({ sent, device, bytes: sent.size - 1, isWhole: true, isRest: true });
      bytes += sent.size - 1;
    }
    expect(bytes).toBeLessThan(4 * sent.size);
    await world.ask();
    expect(world.checkIns.sent(decision)).toMatchObject({ sha256: sent.sha256 });
  });

  it('does not hold a device, if it does not happen all day long; whole ones do', async () => {
    const world = await serving();
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const { sent, decision } = await world.ask();
      if (sent === undefined) throw new Error(`held at attempt ${attempt}`);
      world.checkIns.ended({ sent, device: decision.device, bytes: 1, isWhole: false, isRest: false });
      await world.time.pass(MINUTE);
    }
    const answers: string[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) answers.push((await world.ask()).decision.rule);
    expect(answers.slice(5)).toEqual(['newer-release', 'upgrade-loop']);
  });
});

describe('a resume without If-Range', () => {
  const isClear = (world: World, changes = {}): boolean => {
    const decision = world.checkIns.decide({ ...question(), ...changes });
    const sent = world.checkIns.sent(decision);
    return sent !== undefined && world.checkIns.isClear(decision, sent);
  };

  it('goes on only with what was promised to a device on this version', async () => {
    const world = await serving();
    await world.ask();
    expect(isClear(world)).toBe(true);
    expect(isClear(world, { version: '1.0.1' })).toBe(false);
  });

  it('is refused for as long as a transfer lasts, after another package was promised to the same id and version', async () => {
    const world = await serving();
    await world.ask();
    await world.publish('1.2.0', 'more bytes');
    await world.ask();
    expect(isClear(world)).toBe(false);
    await world.ask();
    expect(isClear(world)).toBe(false);
    await world.time.pass(10 * MINUTE);
    expect(isClear(world)).toBe(true);
    await world.publish('1.3.0', 'yet more bytes');
    await world.ask();
    expect(isClear(world)).toBe(true);
  });
});

describe('the log', () => {
  it('keeps ten entries of a device’s refusals within a minute, and counts the others', async () => {
    const world = await serving();
    for (let n = 0; n < 50; n += 1) await world.ask({ version: n % 2 === 0 ? '1.1.0' : 'x' });
    await world.time.pass(MINUTE);
    const entries = await world.log();
    expect(entries.length).toBeLessThanOrEqual(14);
    const more = entries.map(({ detail = '' }) => Number(/(\d+) more/.exec(detail)?.[1] ?? 1));
    expect(more.reduce((sum, count) => sum + count, 0)).toBe(50);
  });

  it('tells a refusal once, until there is another', async () => {
    const world = await serving();
    for (const version of ['1.1.0', '1.1.0', 'x', 'x', '1.1.0']) await world.ask({ version });
    expect((await world.log()).map(({ rule }) => rule)).toEqual(['newest', 'version-unreadable', 'newest']);
    expect(world.heard).toHaveLength(5);
  });

  it('tells each promise before it leaves, and how it ended within a second', async () => {
    const world = await serving();
    const { sent, decision } = await world.ask();
    if (sent === undefined) throw new Error('nothing was sent');
    world.checkIns.ended({ sent, device: decision.device, bytes: 3, isWhole: false, isRest: false });
    world.checkIns.resumed(decision, sent, 3);
    world.checkIns.ended({ sent, device: decision.device, bytes: sent.size - 3, isWhole: true, isRest: true });
    const stored = async (): Promise<string[]> => {
      const { items } = await world.devices.log(
        { ...ALL, deviceId: undefined, event: undefined, after: undefined },
        PAGE,
      );
      return items.map(({ event }) => event);
    };
    expect(await stored()).toEqual(['offered']);
    await world.time.pass(SECOND);
    expect(await stored()).toEqual(['sent', 'resumed', 'broken', 'offered']);
  });

  it('tells of devices that are nobody’s as noise, and remembers nothing of them', async () => {
    const world = await serving();
    for (let n = 0; n < 50; n += 1) await world.ask({ id: String(n), projectKey: 'x'.repeat(32) });
    expect(await world.log()).toHaveLength(1);
    expect(world.fleet.size).toBe(0);
    await world.time.pass(MINUTE);
    expect((await world.log())[0]).toMatchObject({ detail: '49 more within a minute' });
  });
});

const PAGE = { limit: 100, cursor: undefined };
