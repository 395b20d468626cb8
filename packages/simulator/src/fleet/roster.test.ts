import { describe, expect, it } from 'vitest';
import { createRoster } from './roster.ts';
import { type FleetWish, fleetSpec } from './spec.ts';

const wish: FleetWish = {
  count: 1_000,
  server: { host: '127.0.0.1', port: 8266 },
  projectKey: 'k',
  firmwareName: 'app',
  versions: { '1.0.0': 3, '0.9.0': 1 },
};
const roster = (more: Partial<FleetWish> = {}) => createRoster(fleetSpec({ ...wish, ...more }));
const everybody = Array.from({ length: 1_000 }, (_, index) => index);

describe('a fleet', () => {
  it('has as many of each kind as was said, and the same ones for the same seed', () => {
    const mixed = { generations: { '2023-10': 20, now: 80 } };
    const [one, same, other] = [roster(mixed), roster(mixed), roster({ ...mixed, seed: 2 })];
    expect(everybody.filter((index) => one.traits(index).kind === '2023-10')).toHaveLength(200);
    expect(everybody.filter((index) => one.traits(index).version === '0.9.0')).toHaveLength(250);
    expect(everybody.map(same.traits)).toEqual(everybody.map(one.traits));
    expect(everybody.map(other.traits)).not.toEqual(everybody.map(one.traits));
  });

  it('gives kinds that know no modes their whole share', () => {
    const mixed = roster({ generations: { plain: 50, now: 50 }, modes: { fota: 3, dst: 7 } });
    const kinds = everybody.map((index) => `${mixed.traits(index).kind} ${mixed.traits(index).mode}`);
    const many = (kind: string): number => kinds.filter((one) => one === kind).length;
    expect([many('plain dst'), many('now fota'), many('now dst')]).toEqual([500, 150, 350]);
  });

  it.each([
    ['imei', /^86\d{13}$/],
    ['mac', /^02[\dA-F]{10}$/],
    ['uid', /^[\dA-F]{24}$/],
  ] as const)('names itself by %s, each device by its own', (kind, form) => {
    const ids = everybody.map((index) => roster({ idKinds: { [kind]: 1 } }).traits(index).id);
    expect(new Set(ids).size).toBe(1_000);
    for (const id of ids) expect(id).toMatch(form);
  });

  it('has IMEIs whose check digit holds', () => {
    const luhn = (digits: string): number =>
      [...digits].reverse().reduce((sum, digit, place) => {
        const [tens, ones] = [Math.floor((2 * Number(digit)) / 10), (2 * Number(digit)) % 10];
        return sum + (place % 2 === 1 ? tens + ones : Number(digit));
      }, 0);
    expect(luhn('490154203237518') % 10).toBe(0);
    for (const index of everybody) expect(luhn(roster().traits(index).id) % 10).toBe(0);
  });

  it('gets on with each version as was said of it, else as of all others, each device always alike', () => {
    const { habits } = roster({
      boots: { '*': { fails: 0.2 }, '2.0.0': { silent: 0.5, loops: 0.1, named: { 3: 'flaky' } } },
    });
    const those = (version: string, boot: string): number[] =>
      everybody.filter((index) => habits.boot(index, version) === boot);
    expect(those('1.1.0', 'fails')).toHaveLength(200);
    expect(those('1.1.0', 'ok')).toHaveLength(800);
    expect(those('1.1.0', 'fails')).toEqual(those('1.1.0', 'fails'));
    // Another version goes wrong with others.
    expect(those('1.2.0', 'fails')).not.toEqual(those('1.1.0', 'fails'));
    expect(those('2.0.0', 'flaky')).toEqual([3]);
    expect(those('2.0.0', 'loops').length).toBeGreaterThanOrEqual(99);
  });

  it('asks at intervals that differ by no more than was said', () => {
    const { habits } = roster({ poll: { everyMs: 1_000, jitter: 0.25 } });
    const intervals = everybody.map((index) => habits.pollMs(index, 3));
    expect(Math.min(...intervals)).toBeGreaterThanOrEqual(750);
    expect(Math.max(...intervals)).toBeLessThanOrEqual(1_250);
    expect(new Set(intervals).size).toBeGreaterThan(990);
  });
});
