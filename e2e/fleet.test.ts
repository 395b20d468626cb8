import { describe, expect, it, onTestFinished } from 'vitest';
import { rehearse } from './support/fleet.ts';
import { proof } from './support/proof.ts';

const prove = process.env['PROVE'] !== undefined;
const MIB = 1024 ** 2;

/**
 * What a connection loses that breaks has gone to the network all the same, and counts as delivered. Where luck alone makes
 * devices ask again, the guard against loops must not be what ends it.
 */
const deliveriesPerDay = 1_000;

/** Generations that go on with what they have, without a word on what it is. */
const RESUMING = { '2023-10': 1, '2024-06': 1, '2025-01': 1 };

interface Devices {
  readonly items: ReadonlyArray<{
    readonly id: string;
    readonly record?: { readonly version: string; readonly rule: string };
  }>;
}

/** Longer than a fleet lives at most. */
const PATIENCE_MS = 90_000;

describe('a good release', { timeout: PATIENCE_MS }, () => {
  it('reaches each of two hundred devices of all generations, whatever befalls their connections and power', async () => {
    const { live, admin, server } = await rehearse(onTestFinished, { packages: [60_000, 300_000], deliveriesPerDay });
    const report = await live({ network: { cut: 0.1, unreachable: 0.05 }, power: { cut: 0.05 }, seed: 17 });
    expect(report).toMatchObject({
      ...{ ended: 'confirmed', standings: { confirmed: 200 }, versions: { '1.2.0': 200 } },
      images: { spliced: 0, unknown: 0, unverified: 0 },
      faults: {},
    });
    expect(report.groups).toHaveLength(17);
    expect(report.lineCuts).toBeGreaterThan(0);
    expect(report.powerCuts).toBeGreaterThan(0);
    // What the devices know, the server knows as well.
    const { items } = await admin<Devices>('GET', '/devices?limit=1000');
    expect(items).toHaveLength(200);
    for (const { record } of items) expect(record).toMatchObject({ version: '1.2.0', rule: 'newest' });
    expect(server.problems).toEqual([]);
  });

  it('reaches a herd that asks all at once', async () => {
    const { live, server } = await rehearse(onTestFinished);
    const report = await live({ poll: { firstWithinMs: 0 }, maxOpen: 200 });
    expect(report).toMatchObject({ ended: 'confirmed', deliveries: { all: 200, most: 1 }, images: { verified: 200 } });
    expect(Object.keys(report.answers)).toEqual(['27', 'offer', 'upgrade']);
    expect(server.problems).toEqual([]);
  });

  it('that another one follows while devices are at it never mixes with it', async () => {
    const { live, admin } = await rehearse(onTestFinished, { packages: [200_000, 200_000], deliveriesPerDay });
    const { items } = await admin<{ items: Array<{ id: number; version: string }> }>('GET', '/releases');
    const newest = items.find(({ version }) => version === '1.2.0');
    let withdrawn: Promise<unknown> | undefined;
    const report = await live(
      { generations: RESUMING, network: { cut: 0.3 }, until: { when: 'quiet' } },
      {
        progressMs: 20,
        // In the middle of it: from here on 1.1.0 is on offer, also to devices that go on with a part of 1.2.0.
        onProgress: ({ standings }) => {
          if (standings.installed > 20) withdrawn ??= admin('POST', `/releases/${newest?.id}/withdraw`);
        },
      },
    );
    await withdrawn;
    expect(withdrawn).toBeDefined();
    expect(report.ended).toBe('quiet');
    expect(report.images).toMatchObject({ spliced: 0, unknown: 0 });
    expect(Object.keys(report.versions)).toEqual(['1.1.0', '1.2.0']);
    expect(report.answers['rest']).toBeGreaterThan(0);
  });
});

it(
  'a device that never starts what it takes is sent it six times, and then held with code 40',
  async () => {
    const { live, admin } = await rehearse(onTestFinished);
    const named = { 0: 'loops', 7: 'fails' } as const;
    const report = await live({ count: 30, boots: { '*': { named } }, until: { when: 'quiet' } });
    expect(report).toMatchObject({
      ...{ ended: 'quiet', standings: { confirmed: 28, looping: 1, failed: 1 } },
      lastAnswers: { 27: 28, 40: 2 },
      deliveries: { all: 28 + 6 + 6, most: 6 },
    });
    const { items } = await admin<Devices>('GET', '/devices?limit=1000');
    expect(items.filter(({ record }) => record?.rule === 'upgrade-loop')).toHaveLength(2);
  },
  PATIENCE_MS,
);

it('a large fleet takes little of this machine', async () => {
  const count = prove ? 20_000 : 400;
  const { liveApart, server } = await rehearse(onTestFinished, { packages: [60_000] });
  const everyMs = prove ? 30_000 : 1_000;
  const { report, peakBytes } = await liveApart({
    ...{ count, rebootMs: everyMs / 10, network: { cut: 0.02 } },
    poll: { everyMs },
    until: { afterMs: 600_000 },
  });
  expect(report).toMatchObject({ ended: 'confirmed', standings: { confirmed: count }, images: { spliced: 0 } });
  expect(peakBytes).toBeLessThan(200 * MIB);
  expect(server.problems).toEqual([]);
  const { elapsedMs, asked, answerMs } = report;
  proof(
    `a fleet of ${count} virtual devices over real sockets: all confirmed in ${Math.round(elapsedMs / 1000)} s, ` +
      `${asked} questions, half answered within ${answerMs.p50} ms, 99 of 100 within ${answerMs.p99} ms, none spliced; ` +
      `the fleet's process held ${Math.round(peakBytes / MIB)} MiB at most`,
  );
}, 900_000);
