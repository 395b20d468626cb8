import { describe, expect, it } from 'vitest';
import { NO_FILTER, pagedThrough } from '../../test/suites/samples.ts';
import { MINUTE, type World, worldOf } from '../../test/suites/world.ts';

const QUESTION = { project: 'p', id: '867', firmwareName: undefined, version: undefined };

async function asked(): Promise<World> {
  const world = await worldOf({ deliveriesPerDay: 2 });
  await world.publish('1.1.0');
  await world.ask();
  return world;
}

describe('explaining', () => {
  it('says what the device would hear now, and why', async () => {
    const { operator } = await asked();
    const { decision, steps, question } = operator.explain(QUESTION);
    expect(decision).toMatchObject({ answer: 'upgrade', rule: 'newer-release' });
    expect(question).toMatchObject({ id: '867', firmwareName: 'app', version: '1.0.0' });
    expect(steps.at(-1)).toMatchObject({ rule: 'newer-release', decided: true });
    expect(operator.explain({ ...QUESTION, version: '1.1.0' }).decision).toMatchObject({ rule: 'newest' });
  });

  it('touches nothing, however often it is asked and of whom', async () => {
    const world = await asked();
    const { operator, fleet, catalogue, devices, heard } = world;
    await world.time.pass(2 * MINUTE);
    const seen = async (): Promise<unknown> => [
      fleet.size,
      fleet.recordsOf('p', '867'),
      fleet.recordsOf('p', 'stranger'),
      catalogue.projects(),
      await world.log(),
      devices.written.length,
      heard.length,
    ];
    const before = await seen();
    for (let time = 0; time < 10; time += 1) {
      operator.explain(QUESTION);
      operator.explain({ ...QUESTION, id: 'stranger', firmwareName: 'app', version: '1.0.0' });
      operator.explain({ ...QUESTION, firmwareName: 'none', version: 'x' });
    }
    await world.time.pass(2 * MINUTE);
    expect(await seen()).toEqual(before);
  });

  it('of a device that never asked needs to be told what it would say', async () => {
    const { operator } = await asked();
    const stranger = { ...QUESTION, id: 'stranger' };
    expect(() => operator.explain(stranger)).toThrow(expect.objectContaining({ code: 'question-incomplete' }));
    expect(() => operator.explain({ ...QUESTION, project: 'q' })).toThrow(
      expect.objectContaining({ code: 'project-unknown' }),
    );
    expect(operator.explain({ ...stranger, firmwareName: 'app', version: '1' }).decision.answer).toBe('upgrade');
  });
});

describe('devices', () => {
  it('are shown as they are now, also before their group is written', async () => {
    const world = await asked();
    await world.ask({ version: '1.1.0' });
    const [listed] = (await world.operator.devices(NO_FILTER, { limit: 10, cursor: undefined })).items;
    expect(listed?.record).toMatchObject({ version: '1.1.0', rule: 'newest', asked: 2 });
    expect(await world.operator.device('p', '867')).toEqual([listed]);
  });

  it('can be blocked before they ask, and are listed for it', async () => {
    const world = await asked();
    const blocked = world.operator.setAccess('p', 'thief', 'blocked');
    await world.time.pass(0);
    expect(await blocked).toMatchObject([{ project: 'p', id: 'thief', access: 'blocked', record: undefined }]);
    const all = await pagedThrough((page) => world.operator.devices(NO_FILTER, page), 1);
    expect(all.map(({ id, access }) => [id, access])).toEqual([
      ['867', 'default'],
      ['thief', 'blocked'],
    ]);
    expect((await world.ask({ id: 'thief' })).decision.rule).toBe('blocked');
    expect(await world.operator.device('p', 'thief')).toMatchObject([{ access: 'blocked' }]);
  });

  it('that nobody knows, and ids that are none, are told so', async () => {
    const { operator } = await asked();
    await expect(operator.device('p', '868')).rejects.toMatchObject({ code: 'device-unknown' });
    await expect(operator.device('q', '867')).rejects.toMatchObject({ code: 'project-unknown' });
    for (const id of ['', 'a\u0000b', 'x'.repeat(129)]) {
      await expect(operator.setAccess('p', id, 'blocked')).rejects.toMatchObject({ code: 'id-invalid' });
    }
  });
});

describe('a device that is forgotten', () => {
  async function forget(world: World): Promise<void> {
    const done = world.operator.forgetDevice('p', '867');
    done.catch(() => undefined);
    await world.time.pass(0);
    await done;
  }

  it('begins anew: unknown, without a word, without deliveries; the log stays', async () => {
    const world = await asked();
    const blocked = world.operator.setAccess('p', '867', 'blocked');
    await world.time.pass(0);
    await blocked;
    await forget(world);
    await expect(world.operator.device('p', '867')).rejects.toMatchObject({ code: 'device-unknown' });
    expect(world.operator.counts().devices).toBe(0);
    expect(await world.log()).not.toEqual([]);
    expect((await world.restarted()).fleet.size).toBe(0);
    await world.ask({ version: '1.0.0' });
    expect(await world.operator.device('p', '867')).toMatchObject([
      { access: 'default', record: { asked: 1, deliveries: { count: 1 } } },
    ]);
    expect((await world.restarted()).fleet.recordsOf('p', '867')).toMatchObject([{ asked: 1 }]);
  });

  it('does not come back with what was still waiting to be written of it', async () => {
    const world = await asked();
    await world.ask({ version: '1.1.0' });
    await world.ask({ version: '1.1.0' });
    await forget(world);
    await world.time.pass(10 * 60_000);
    expect((await world.restarted()).fleet.size).toBe(0);
  });

  it('is as it was where that could not be written', async () => {
    const world = await asked();
    const before = await world.operator.device('p', '867');
    world.devices.setFull(true);
    await expect(forget(world)).rejects.toMatchObject({ code: 'disk-full' });
    expect(await world.operator.device('p', '867')).toEqual(before);
    world.devices.setFull(false);
    await world.time.pass(60_000);
    expect((await world.restarted()).fleet.recordsOf('p', '867')).toEqual(before.map(({ record }) => record));
  });

  it('must be known', async () => {
    const { operator } = await asked();
    await expect(operator.forgetDevice('p', '868')).rejects.toMatchObject({ code: 'device-unknown' });
    await expect(operator.forgetDevice('q', '867')).rejects.toMatchObject({ code: 'project-unknown' });
  });
});

describe('the log', () => {
  it('has what happened a moment ago, and can be read while nothing can be written', async () => {
    const world = await asked();
    await world.ask({ version: '1.1.0' });
    const events = async (): Promise<string[]> => {
      const { items } = await world.operator.log(NO_FILTER, { limit: 10, cursor: undefined });
      return items.map(({ event }) => event);
    };
    expect(await events()).toEqual(['refused', 'confirmed', 'offered']);
    world.devices.setFull(true);
    await world.ask({ version: '1.2.0' });
    await world.ask({ version: '1.0.0', id: '867' }).catch(() => undefined);
    expect(await events()).toEqual(['refused', 'confirmed', 'offered']);
  });
});

it('a package that is taken in is inspected before it is kept, and counted when it is published', async () => {
  const { operator } = await asked();
  const intake = await operator.takeIn([Buffer.from('bytes')], 'app_1.2.0.bin');
  expect(intake).toMatchObject({ size: 5, fileName: 'app_1.2.0.bin', inspection: { format: 'opaque' } });
  await operator.publish({ project: 'p', firmwareName: 'app', version: '1.2.0', intake });
  expect(operator.counts()).toEqual({ projects: 1, releases: 2, devices: 1 });
});
