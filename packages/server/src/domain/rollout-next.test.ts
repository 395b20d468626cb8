import { describe, expect, it } from 'vitest';
import type { Rollout, WaveCounts } from './rollout.ts';
import { type Halted, type Next, nextOf } from './rollout-next.ts';
import { ROLLOUT_DEFAULTS } from './rollout-spec.ts';
import { NO_COUNTS, nextStep } from './rollout-steps.ts';

const NOW = Date.UTC(2026, 10, 27, 17);
const HOUR = 3_600_000;

const running: Rollout = {
  ...ROLLOUT_DEFAULTS,
  release: 7,
  id: 3,
  project: 'p',
  firmwareName: 'app',
  state: 'running',
  wave: 0,
  waveOpenedAt: NOW - HOUR,
  why: '',
  accepted: [],
  createdAt: NOW - HOUR,
  startedAt: NOW - HOUR,
  changedAt: NOW - HOUR,
  endedAt: undefined,
};

function told(
  changes: Partial<Rollout>,
  counts: Partial<WaveCounts> = {},
  halted: Partial<Halted> = {},
  toCome?: number,
): Next {
  const rollout = { ...running, ...changes };
  const waves = rollout.waves.map((_, place) => (place === rollout.wave ? { ...NO_COUNTS, ...counts } : NO_COUNTS));
  return nextOf(rollout, waves, { isStopped: false, isWithdrawn: false, ...halted }, NOW, toCome);
}

const shown: Partial<WaveCounts> = { confirmed: 80, 'under-way': 20 };
const soaked: Partial<Rollout> = { waveOpenedAt: NOW - 25 * HOUR };

describe('what comes next', () => {
  it.each([
    [
      'an hour to come',
      { state: 'scheduled', wave: -1, startAt: NOW + HOUR },
      {},
      'Wave 1 opens at 2026-11-27 18:00 UTC.',
    ],
    ['no time', { state: 'scheduled', wave: -1 }, {}, 'Wave 1 opens in a moment.'],
    ['a wave that soaks', {}, shown, 'Wave 2 opens at 2026-11-28 16:00 UTC.'],
    [
      'a wave that soaks, and has shown too little',
      {},
      { confirmed: 79, 'under-way': 21 },
      'Wave 2 opens once 1 more device of this wave has confirmed (21 under way), and not before 2026-11-28 16:00 UTC.',
    ],
    [
      'a wave of a number of devices',
      { ...soaked, confirm: { count: 100 } },
      shown,
      'Wave 2 opens once 20 more devices of this wave have confirmed (20 under way).',
    ],
    [
      'a wave by which nobody came in yet',
      soaked,
      {},
      'Wave 2 opens once a first device of this wave has confirmed (or none is known to be in it).',
    ],
    ['a wave that has done its part', soaked, shown, 'Wave 2 opens in a moment.'],
    ['the last wave', { wave: 2 }, shown, 'It is complete at 2026-11-28 16:00 UTC.'],
    ['a pause', { state: 'paused' }, shown, 'It offers nothing until it is resumed.'],
    ['the end', { state: 'aborted' }, shown, 'It offers nothing any more.'],
  ] as const)('of %s is a sentence', (_what, changes, counts, says) => {
    expect(told(changes, counts).says).toBe(says);
  });

  it('says of whom a share is', () => {
    expect(told(soaked, { confirmed: 1 }, {}, 9).says).toBe(
      'Wave 2 opens once 7 more devices of this wave have confirmed (0 under way, 9 heard of lately and not offered it yet).',
    );
    expect(told({ ...soaked, confirm: { count: 100 } }, { confirmed: 2, 'under-way': 1 }, {}, 0).says).toBe(
      'Wave 2 opens once 1 more device of this wave has confirmed (1 under way).',
    );
  });

  it('is told by the clock of the rollout, with the hours in which it offers', () => {
    const windows = [{ days: [1, 2, 3, 4, 5, 6, 7], from: 22 * 60, to: 6 * 60 }];
    const open = told({ windows, timeZone: 'Asia/Shanghai' }, shown);
    expect(open).toMatchObject({
      at: NOW + 23 * HOUR,
      offersAt: undefined,
      says: 'Wave 2 opens at 2026-11-29 00:00 Asia/Shanghai.',
    });
    const closed = told({ windows, timeZone: 'Europe/Berlin' }, shown);
    expect(closed.offersAt).toBe(NOW + 4 * HOUR);
    expect(closed.says).toMatch(/It offers nothing until 2026-11-27 22:00 Europe\/Berlin, when its window opens\.$/);
  });

  it('is nothing while all upgrades are stopped, or the release is withdrawn, however far the rollout is', () => {
    for (const state of ['running', 'complete', 'paused'] as const) {
      expect(told({ state }, shown, { isStopped: true }).says).toMatch(/ All upgrades are stopped: [^.]+\.$/);
      expect(told({ state }, shown, { isWithdrawn: true }).says).toMatch(/ Its release is withdrawn: [^.]+\.$/);
    }
  });

  it('is what the rollout then does', () => {
    const shares = [{ percent: 80 }, { percent: 33.3 }, { count: 90 }, { count: 500 }];
    for (const [confirmed, toCome] of [0, 1, 79, 80, 99, 100].flatMap((one) =>
      [0, 1, 50].map((more) => [one, more] as const),
    )) {
      for (const changes of [
        {},
        soaked,
        { ...soaked, wave: 2 },
        ...shares.map((confirm) => ({ ...soaked, confirm })),
      ]) {
        const counts: Partial<WaveCounts> = { confirmed, 'under-way': 100 - confirmed };
        const rollout = { ...running, ...changes };
        const { does, at, confirmations } = told(changes, counts, {}, toCome);
        const done = (more: number, now: number) => {
          const here = { ...NO_COUNTS, confirmed: confirmed + more, 'under-way': 100 - confirmed - more };
          const waves = rollout.waves.map((_, place) => (place === rollout.wave ? here : NO_COUNTS));
          return nextStep(rollout, waves, now, { isEmpty: false, toCome })?.change;
        };
        const then = at ?? NOW;
        expect(done(confirmations, then)).toBe(does === 'advance' ? 'advanced' : 'complete');
        if (confirmations > 0) expect(done(confirmations - 1, then)).toBeUndefined();
        if (at !== undefined) expect(done(confirmations, at - 1)).toBeUndefined();
      }
    }
  });
});
