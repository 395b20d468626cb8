import { describe, expect, it } from 'vitest';
import { simulateRollout } from './run.ts';
import { type WarpWish, warpSpec } from './spec.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const simulated = (wish: Partial<WarpWish> = {}, world = {}) =>
  simulateRollout(warpSpec({ fleet: { count: 500 }, ...wish }), world);

describe('a rollout in warped time', () => {
  it('opens wave after wave, and is complete, where all goes well', async () => {
    const report = await simulated();
    expect(report).toMatchObject({
      ...{ ended: 'quiet', state: 'complete', wave: 3, beganAt: '2026-01-05T08:00:00.000Z', bytes: 500_000_000 },
      standings: { confirmed: 500 },
      counts: { confirmed: 500, 'under-way': 0 },
      versions: { '1.1.0': 500 },
      deliveries: { all: 500, most: 1 },
      harm: { hit: 0, hitAtPause: undefined },
    });
    expect(report.moments.map(({ what, wave, atMs }) => [what, wave, atMs / DAY])).toEqual([
      ['started', 1, 0],
      ['advanced', 2, 1],
      ['advanced', 3, 2],
      ['complete', 3, 3],
    ]);
  });

  it('tells the same of the same seed, byte for byte, and something else of another', async () => {
    const told = async (seed: number) =>
      JSON.stringify(await simulated({ fleet: { count: 300, seed, boots: { '*': { fails: 0.1, silent: 0.05 } } } }));
    expect(await told(7)).toBe(await told(7));
    expect(await told(7)).not.toBe(await told(8));
  });

  it('pauses in its first wave where a fifth of the devices do not start, and says how many were hit', async () => {
    const report = await simulated({ fleet: { count: 2_000, boots: { '*': { fails: 0.2 } } } });
    expect(report).toMatchObject({ state: 'paused', wave: 1, ended: 'quiet' });
    expect(report.why).toMatch(/^(all waves|wave 1): \d+ failed/);
    const [first, second] = report.moments;
    expect([first?.what, second?.what]).toEqual(['started', 'paused']);
    expect(report.harm.hitAtPause).toBeGreaterThan(0);
    expect(report.harm.hit).toBeLessThan(60);
    expect(report.deliveries.most).toBeLessThanOrEqual(6);
  });

  it('notices devices that fall silent after as long as it was told', async () => {
    const report = await simulated({ fleet: { count: 1_000, boots: { '*': { silent: 0.3 } } } });
    expect(report).toMatchObject({ state: 'paused', wave: 1 });
    expect(report.moments.at(-1)?.atMs).toBeGreaterThanOrEqual(DAY);
    expect(report.moments.at(-1)?.atMs).toBeLessThan(2 * DAY);
  });

  it('goes on where its operator does', async () => {
    const report = await simulated({
      fleet: { count: 500, boots: { '*': { fails: 0.2 } } },
      resumeAfterMs: 2 * HOUR,
      forMs: 6 * DAY,
    });
    const whats = report.moments.map(({ what }) => what);
    expect(whats.filter((what) => what === 'resumed').length).toBeGreaterThan(0);
    expect(whats.filter((what) => what === 'paused').length).toBeGreaterThan(1);
    const aborted = await simulated({ steps: [{ atMs: HOUR, does: 'abort' }] });
    expect(aborted).toMatchObject({ state: 'aborted', ended: 'quiet', why: 'the operator aborted it' });
  });

  it('knows lines that break, power that goes and devices that are off', async () => {
    const report = await simulated({
      fleet: { count: 400, network: { cut: 0.2, unreachable: 0.1 }, power: { cut: 0.05 } },
      offline: 0.25,
    });
    expect(report).toMatchObject({ state: 'complete', standings: { confirmed: 300, fresh: 100 } });
    expect(report.offers).toBeGreaterThan(300);
    expect(report.bytes).toBeGreaterThan(300_000_000);
    expect(report.deliveries).toMatchObject({ all: 300, most: 1 });
  });

  it('gives a download up that takes longer than a device waits', async () => {
    const report = await simulated({
      fleet: { count: 20, network: { bytesPerS: [1_000, 1_000] } },
      forMs: 2 * DAY,
    });
    expect(report).toMatchObject({ state: 'running', wave: 1, deliveries: { all: 0, most: 0, mostId: undefined } });
    expect(report.bytes).toBe(report.offers * 600_000);
  });

  it('ends where it is told to, and takes breath until then', async () => {
    const ending = new AbortController();
    const shares: number[] = [];
    let breaths = 0;
    const breathe = async (): Promise<void> => {
      breaths += 1;
      if (breaths === 3) ending.abort();
    };
    const report = await simulated(
      { fleet: { count: 2_000 } },
      { breathe, signal: ending.signal, onProgress: (share: number) => shares.push(share) },
    );
    expect([report.ended, breaths]).toEqual(['stopped', 3]);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });

  it('says what cannot be', () => {
    expect(() => warpSpec({ fleet: { count: 0 } })).toThrow(/count takes/);
    expect(() => warpSpec({ fleet: { count: 1 }, offline: 2 })).toThrow(RangeError);
    expect(() => warpSpec({ fleet: { count: 1 }, forMs: 0 })).toThrow(RangeError);
    expect(() => warpSpec({ fleet: { count: 1 }, rollout: { waves: [] } })).toThrow(/the rollout cannot be/);
  });
});
