import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Wave } from './rollout.ts';
import { positionOf, waveFinder } from './waves.ts';

const ids = Array.from({ length: 20_000 }, (_, number) => `8612345${String(number).padStart(8, '0')}`);
const rollout = (waves: readonly Wave[], id = 1) => ({ id, project: 'p', waves });

describe('the waves of a rollout', () => {
  it('keep everybody who was in when a percentage grows', () => {
    const percent = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(percent, percent, fc.string(), fc.nat(), (a, b, id, number) => {
        const [small, large] = [Math.min(a, b), Math.max(a, b)];
        const isIn = (limit: number): boolean => waveFinder(rollout([{ percent: limit }], number))(id) === 0;
        expect(isIn(small) && !isIn(large)).toBe(false);
        expect(waveFinder(rollout([{ percent: small }, { percent: 100 }], number))(id)).toBe(isIn(small) ? 0 : 1);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([1, 5, 25, 50])('of %d percent have about so many devices, also of ids that count up', (percent) => {
    const inside = ids.filter((id) => positionOf(9, 'p', id) < percent).length;
    const expected = (ids.length * percent) / 100;
    // Five standard deviations of a fair draw.
    expect(Math.abs(inside - expected)).toBeLessThan(5 * Math.sqrt(expected * (1 - percent / 100)));
  });

  it('begin with other devices in another rollout', () => {
    const both = ids.filter((id) => positionOf(1, 'p', id) < 10 && positionOf(2, 'p', id) < 10).length;
    expect(both / ids.length).toBeGreaterThan(0.005);
    expect(both / ids.length).toBeLessThan(0.015);
  });

  it('take the devices of a list in by it, and the others by their hash', () => {
    const waves = [{ ids: ['a', 'b'] }, { percent: 100 }];
    expect(['a', 'b', 'c'].map((id) => waveFinder(rollout(waves))(id))).toEqual([0, 0, 1]);
    expect(waveFinder(rollout([{ ids: ['a'] }]))('c')).toBeUndefined();
  });

  it('stay where they are: a device keeps its place over versions of this program', () => {
    expect(positionOf(1, 'tracker', '861234567890123')).toMatchInlineSnapshot(`92.7057471126318`);
  });
});
