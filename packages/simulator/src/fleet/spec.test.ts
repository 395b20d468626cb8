import { describe, expect, it } from 'vitest';
import { type FleetWish, fleetSpec } from './spec.ts';

const wish: FleetWish = {
  count: 10,
  server: { host: '127.0.0.1', port: 8266 },
  projectKey: 'k',
  firmwareName: 'app',
  versions: { '1.0.0': 1 },
};
const wrong = (more: object) => () => fleetSpec({ ...wish, ...more });

describe('a fleet', () => {
  it('needs little to be said, and asks every four hours then', () => {
    expect(fleetSpec(wish)).toMatchObject({
      seed: 1,
      idKinds: { imei: 1 },
      poll: { everyMs: 14_400_000, firstWithinMs: 14_400_000, atBoot: true },
      network: { cut: 0, unreachable: 0 },
      rebootMs: 30_000,
      maxOpen: 500,
    });
    expect(Object.keys(fleetSpec(wish).generations)).toHaveLength(7);
  });

  it('that asks often also restarts and settles in a shorter time', () => {
    const quick = fleetSpec({ ...wish, poll: { everyMs: 200 } });
    expect(quick).toMatchObject({
      poll: { firstWithinMs: 200 },
      power: { offMs: [25, 50] },
      rebootMs: 200,
      until: { quietMs: 1_000 },
    });
  });

  it('is the same read twice, and as JSON', () => {
    const spec = fleetSpec({ ...wish, network: { cut: 0.1, bytesPerS: [1e4, 1e5] }, boots: { '*': { fails: 0.2 } } });
    expect(fleetSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  });

  it.each([
    [{ count: 0 }, 'count takes a whole number from 1 to 1000000, not 0'],
    [{ cout: 3 }, 'cout is unknown'],
    [{ poll: { every: 3 } }, 'poll.every is unknown'],
    [{ poll: { jitter: 2 } }, 'poll.jitter takes a number from 0 to 1, not 2'],
    [{ generations: { '2022-01': 1 } }, 'generations does not know "2022-01"'],
    [{ versions: {} }, 'versions takes at least one share above 0, not {}'],
    [{ versions: undefined }, 'versions takes an object, not nothing'],
    [{ server: { host: 'h', port: 1, url: 'https://h/' } }, 'server.url takes a URL that begins with http://'],
    [{ boots: { '*': { fails: 0.7, silent: 0.7 } } }, 'boots.* takes shares that are 1 together at most'],
    [{ boots: { '*': { named: { 3: 'sings' } } } }, 'boots.*.named.3 takes "ok", "fails"'],
    [{ network: { bytesPerS: [9, 3] } }, 'network.bytesPerS takes two numbers, the smaller first'],
    [{ becomes: { abc: '1.1.0' } }, 'becomes does not know "abc"'],
    [{ until: { when: 'bored' } }, 'until.when takes "confirmed", "quiet"'],
  ])('of %j is refused in words', (more, message) => {
    expect(wrong(more)).toThrow(RangeError);
    expect(wrong(more)).toThrow(message);
  });
});
