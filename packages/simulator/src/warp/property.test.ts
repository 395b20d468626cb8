import { forecaster, forecastOf, NO_PROFILE, planOf, targetTest, waveTimes } from '@libfota2/server/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { simulateRollout, type WarpOffer } from './run.ts';
import { type WarpDevice, type WarpSpec, type WarpWish, warpSpec } from './spec.ts';

const RUNS = process.env['PROVE'] === undefined ? 60 : 3_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BEGIN = Date.parse('2026-11-27T15:00:00Z');

const id = (index: number): string => `d${index}`;
const device = (index: number): fc.Arbitrary<WarpDevice> =>
  fc.record({
    id: fc.constant(id(index)),
    version: fc.constantFrom('0.8.0', '1.0.0', '1.0.0', '1.2.0', '2.0.0', '3.0.0'),
    access: fc.constantFrom('default', 'default', 'default', 'allowed', 'blocked'),
    labels: fc.constantFrom([], [], ['beta']),
    pin: fc.oneof(
      { weight: 6, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.record({ version: fc.constantFrom('1.0.0', '2.0.0'), mayDowngrade: fc.boolean() }) },
    ),
  });
const devices = fc
  .integer({ min: 1, max: 25 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => device(index))));
const ids = fc.uniqueArray(fc.integer({ min: 0, max: 24 }).map(id), { minLength: 1, maxLength: 8 });
const wave = fc.oneof(
  ids.map((some) => ({ ids: some })),
  fc.integer({ min: 1, max: 100 }).map((percent) => ({ percent })),
);
/** Percentages never fall. */
const waves = fc.array(wave, { minLength: 1, maxLength: 4 }).map((some) => {
  let most = 0;
  return some.map((one) => {
    if ('ids' in one) return one;
    most = Math.max(most, one.percent);
    return { percent: most };
  });
});
const rollout = fc.record({
  target: fc.oneof(
    fc.constant({ kind: 'all' } as const),
    // Of what upgrades do not change: whom a query fits later, nobody can tell now.
    fc.constant({ kind: 'query', query: 'label:beta' } as const),
    ids.map((some) => ({ kind: 'list', ids: some }) as const),
  ),
  waves,
  startAt: fc.constantFrom(undefined, BEGIN + 5 * HOUR),
  windows: fc.constantFrom([], [{ days: [1, 2, 3, 4, 5, 6, 7], from: 22 * 60, to: 6 * 60 }]),
  timeZone: fc.constantFrom('UTC', 'Asia/Shanghai'),
  soakMs: fc.integer({ min: 0, max: 30 }).map((hours) => hours * HOUR),
  confirm: fc.constantFrom({ percent: 80 }, { count: 0 }, { percent: 100 }),
  mayDowngrade: fc.boolean(),
  limits: fc.constantFrom({}, { bytesPerHour: 2_500_000 }, { downloads: 1 }, { bytesPerDevicePerDay: 10 }),
});
const others = fc.subarray(['floor', 'lower', 'higher'] as const, { maxLength: 2 });

interface Case {
  readonly devices: readonly WarpDevice[];
  readonly rollout: NonNullable<WarpWish['rollout']>;
  readonly others: readonly string[];
  readonly seed: number;
}

/** But for what only time decides: until a rollout begins to keep devices down, another release may take them up. */
const cases: fc.Arbitrary<Case> = fc
  .record({ devices, rollout, others, seed: fc.nat(1_000) })
  .filter(
    ({ rollout, others }) => !(rollout.mayDowngrade && rollout.startAt !== undefined && others.includes('higher')),
  );

function specFor({ devices, rollout, others, seed }: Case, more: Partial<WarpWish> = {}): WarpSpec {
  const plain = warpSpec({ fleet: { count: 1 }, release: { version: '2.0.0' } });
  const [release] = plain.releases;
  if (release === undefined) throw new Error('there is one');
  const known = { floor: '1.1.0', lower: '1.2.0', higher: '2.5.0' } as const;
  return warpSpec({
    fleet: { count: devices.length, seed, poll: { everyMs: 2 * HOUR }, ...more.fleet },
    devices,
    beginMs: BEGIN,
    forMs: 120 * DAY,
    release: { version: '2.0.0' },
    others: others.map((name, place) => {
      const version = known[name as keyof typeof known];
      return { ...release, id: place + 1, version, wireVersion: version, isFloor: name === 'floor' };
    }),
    rollout,
    ...more,
  });
}

async function offersOf(spec: WarpSpec) {
  const offers: WarpOffer[] = [];
  const report = await simulateRollout(spec, { onOffer: (offer) => offers.push(offer) });
  return { report, offers };
}

function forecastFor(spec: WarpSpec) {
  const { project, releases, policy, rollout, beginMs, devices = [] } = spec;
  const release = releases.find((one) => one.id === rollout.release);
  if (release === undefined) throw new Error('there is one');
  const plan = planOf([project], releases, policy);
  const isTarget = targetTest(
    rollout,
    () => undefined,
    () => undefined,
  );
  const ask = forecaster({ rollout, release, isTarget }, plan);
  return devices.map(({ id, version = '', access = 'default', labels = [], pin }) => {
    const profile = labels.length === 0 && pin === undefined ? NO_PROFILE : { labels, note: '', pin };
    const known = {
      firstSeenAt: beginMs,
      lastSeenAt: beginMs,
      asked: 1,
      rule: 'newest',
      deliveries: undefined,
    } as const;
    const circumstances = {
      access,
      hasRoom: true,
      known: { ...known, attempt: undefined, spent: undefined, keyRing: 0 },
      profile,
    };
    const asked = { project: project.name, firmwareName: rollout.firmwareName, idKind: 'imei', id, version } as const;
    return ask(asked, () => circumstances, beginMs);
  });
}

describe('what a plan says', () => {
  it('is what happens: who, by which wave, not before its time, and how many bytes', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const spec = specFor(one);
        const forecasts = forecastFor(spec);
        const { report, offers } = await offersOf(spec);
        const ours = offers.filter((offer) => offer.rollout === spec.rollout.id);
        const times = waveTimes(spec.rollout, spec.beginMs);
        expect(new Set(ours.map(({ index }) => index)).size).toBe(ours.length);
        expect(ours.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(
          forecasts.flatMap((forecast, index) => (forecast.gets ? [index] : [])),
        );
        for (const { index, wave, at, bytes } of ours) {
          expect(forecasts[index]).toMatchObject({ wave, bytes });
          expect(at).toBeGreaterThanOrEqual(times[wave] ?? 0);
        }
        const { waves } = forecastOf(spec.rollout, forecasts, spec.beginMs);
        expect(report.waves.map(({ confirmed }) => confirmed)).toEqual(waves.map(({ devices }) => devices));
        for (const [place, { atLeastMs, from }] of waves.entries()) {
          const last = ours.filter((offer) => offer.wave === place).at(-1);
          if (last !== undefined) expect(last.at).toBeGreaterThanOrEqual(from + atLeastMs);
        }
        expect(report.state).toBe('complete');
      }),
      { numRuns: RUNS },
    );
  });
});

const boots = fc.record({
  fails: fc.constantFrom(0, 0.3, 0.9),
  silent: fc.constantFrom(0, 0.1),
});
const pause = fc.record({ wave: fc.record({ count: fc.integer({ min: 1, max: 4 }) }), overall: fc.constant({}) });

describe('a rollout that goes wrong', () => {
  it('overshoots its threshold by no more than what was under way, and offers nothing while it is paused', async () => {
    await fc.assert(
      fc.asyncProperty(cases, boots, pause, fc.boolean(), async (one, shares, threshold, resumes) => {
        const spec = specFor(
          { ...one, rollout: { ...one.rollout, pause: threshold } },
          {
            forMs: 20 * DAY,
            fleet: { count: 1, poll: { everyMs: 2 * HOUR }, boots: { '2.0.0': shares } },
            ...(resumes && { resumeAfterMs: 2 * HOUR }),
          },
        );
        const { report, offers } = await offersOf(spec);
        for (const { rollout, state } of offers) {
          if (rollout !== undefined) expect(['running', 'complete']).toContain(state);
        }
        const [first] = report.moments.filter(({ what }) => what === 'paused');
        if (first !== undefined && !resumes) {
          const allowed = threshold.wave.count;
          expect(first.bad).toBeGreaterThanOrEqual(allowed);
          expect(report.counts.failed + report.counts.silent).toBeLessThanOrEqual(first.bad + first.underWay);
        }
        const opened = report.moments.filter(({ what }) => what === 'started' || what === 'advanced');
        expect(opened.map(({ wave }) => wave)).toEqual(opened.map((_, place) => place + 1));
      }),
      { numRuns: RUNS },
    );
  });

  it('offers nothing any more once it is aborted, or its release is withdrawn', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.constantFrom('abort', 'withdraw'), fc.nat(40), async (one, does, hours) => {
        const spec = specFor(one, { forMs: 5 * DAY, steps: [{ atMs: hours * HOUR, does } as const] });
        const { offers } = await offersOf(spec);
        const after = offers.filter(({ at, release }) => release === spec.rollout.release && at > BEGIN + hours * HOUR);
        expect(after.filter(({ rollout }) => rollout !== undefined)).toEqual([]);
        expect(after).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});
