import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY, question, WORLD_KEY, type World, worldOf } from '../../test/suites/world.ts';
import { hmacSealing } from '../adapters/crypto/sealing.ts';
import type { Upgrade } from '../domain/decide.ts';
import { createSerials, type Serials } from './serials.ts';

async function scene(): Promise<World & { readonly serials: Serials; issued(changes?: object): string }> {
  const world = await worldOf();
  await world.publish('1.1.0');
  const serials = createSerials({
    plan: () => world.planning.plan(world.time.now()),
    now: world.time.now,
    sealing: hmacSealing,
  });
  const issued = (changes = {}): string => {
    const asked = { ...question(), ...changes };
    return serials.issue(asked, world.checkIns.decide(asked) as Upgrade);
  };
  return { ...world, serials, issued };
}

describe('a serial number', () => {
  it('stands for a device, its question and the package that it was told of', async () => {
    const { serials, issued, catalogue } = await scene();
    const [release] = catalogue.releases({ project: undefined, firmwareName: undefined, state: undefined });
    expect(serials.read(issued({ core: undefined }))).toEqual({
      identity: { ...question(), core: undefined },
      device: { project: 'p', firmwareName: 'app', id: '867' },
      release: release?.id,
      sha256: release?.packages[0]?.sha256,
      isFresh: true,
    });
    const odd = { id: 'Ä 測試 "🚀', version: '1.0.0', core: 'V2012' };
    expect(serials.read(issued(odd))?.identity).toMatchObject(odd);
  });

  it('may stand in a path and a query as it is', async () => {
    const { issued } = await scene();
    expect(issued({ id: 'Ä 測試 "🚀' })).toMatch(/^[\w.-]+$/);
  });

  it('is fresh for a day, and can be read for good', async () => {
    const { serials, issued, time } = await scene();
    const serial = issued();
    await time.pass(DAY - 1);
    expect(serials.read(serial)?.isFresh).toBe(true);
    await time.pass(1);
    expect(serials.read(serial)?.isFresh).toBe(false);
    time.jump(-30 * DAY);
    expect(serials.read(serial)?.isFresh).toBe(false);
  });

  it('outlives a change of its project’s key until the old one is revoked', async () => {
    const { serials, issued, operator } = await scene();
    const serial = issued();
    await operator.rotateKey('p');
    expect(serials.read(serial)?.identity.projectKey).not.toBe(WORLD_KEY);
    await operator.revokeKey('p', WORLD_KEY);
    expect(serials.read(serial)).toBeUndefined();
  });

  it('that was changed anywhere, or never issued, is none', async () => {
    const { serials, issued } = await scene();
    const serial = issued();
    const character = fc.constantFrom(...'ABab01-_.');
    fc.assert(
      fc.property(fc.nat(serial.length - 1), character, (at, other) => {
        fc.pre(serial[at] !== other);
        const changed = serial.slice(0, at) + other + serial.slice(at + 1);
        // Base64 has a few unused bits at its end.
        const read = serials.read(changed);
        if (read !== undefined) expect(read).toEqual(serials.read(serial));
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => serials.read(text) === undefined));
    expect(serials.read(serial.repeat(100))).toBeUndefined();
  });
});
