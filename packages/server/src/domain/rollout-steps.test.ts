import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rolloutOf } from '../../test/samples.ts';
import type { Rollout, WaveCounts } from './rollout.ts';
import {
  aborted,
  badOf,
  type Changed,
  dependsOnOutlook,
  dueAt,
  NO_COUNTS,
  nextStep,
  type Outlook,
  paused,
  resumed,
  skipped,
} from './rollout-steps.ts';

const HOUR = 3_600_000;
const counts = (of: Partial<WaveCounts>): WaveCounts => ({ ...NO_COUNTS, ...of });
const running = (change: Partial<Rollout> = {}): Rollout =>
  rolloutOf({ state: 'running', wave: 0, waveOpenedAt: 0, startedAt: 0, soakMs: HOUR, ...change });
const ALL_CAME: Outlook = { isEmpty: false, toCome: 0 };
const step = (rollout: Rollout, waves: readonly WaveCounts[], now: number, outlook = ALL_CAME) =>
  nextStep(rollout, waves, now, outlook);

describe('a rollout', () => {
  it('begins at its time, with its first wave', () => {
    const rollout = rolloutOf({ startAt: 100 });
    expect(step(rollout, [], 99)).toBeUndefined();
    expect(step(rollout, [], 100)).toMatchObject({
      change: 'started',
      rollout: { state: 'running', wave: 0, waveOpenedAt: 100 },
    });
    expect(dueAt(rollout)).toBe(100);
  });

  it.each([
    ['not before its soak time', { confirmed: 9, 'under-way': 1 }, HOUR - 1, undefined],
    ['once enough have confirmed', { confirmed: 8, 'under-way': 2 }, HOUR, 'advanced'],
    ['not while fewer have confirmed', { confirmed: 7, 'under-way': 3 }, HOUR, undefined],
    ['not where nobody was offered it', {}, HOUR, undefined],
    ['not where those who moved on are all that there are', { superseded: 5 }, HOUR, undefined],
  ] as const)('opens the next wave %s', (_when, of, now, change) => {
    expect(step(running(), [counts(of)], now)?.change).toBe(change);
  });

  it('waits for nobody in a wave that has nobody', () => {
    expect(step(running(), [], HOUR, { isEmpty: true, toCome: undefined })).toMatchObject({
      change: 'advanced',
      rollout: { wave: 1 },
    });
  });

  it('can ask for a number instead of a share', () => {
    const rollout = running({ confirm: { count: 3 } });
    expect(step(rollout, [counts({ confirmed: 2, 'under-way': 1 })], HOUR)).toBeUndefined();
    expect(step(rollout, [counts({ confirmed: 3, 'under-way': 500 })], HOUR)?.change).toBe('advanced');
  });

  it.each([
    ['a share of all that are heard of, not of the first that came', { percent: 80 }, { confirmed: 1 }, 4, undefined],
    ['a share of nobody knows how many, before it was looked', { percent: 80 }, { confirmed: 9 }, undefined, undefined],
    ['a share of those who came, once the others fell silent', { percent: 80 }, { confirmed: 4 }, 1, 'advanced'],
    ['a number, whoever is to come', { count: 3 }, { confirmed: 3 }, 500, 'advanced'],
    ['a number that the wave does not have: all of it', { count: 9 }, { confirmed: 3 }, 0, 'advanced'],
    ['all of it, also those who are to come', { count: 9 }, { confirmed: 3 }, 1, undefined],
    ['all of it, also those who failed', { count: 9 }, { confirmed: 3, failed: 1 }, 0, undefined],
    ['a number that nobody knows whether it has', { count: 9 }, { confirmed: 3 }, undefined, undefined],
    ['one at least', { count: 9 }, { superseded: 3 }, 0, undefined],
    ['nobody, where it is to wait for nobody', { count: 0 }, {}, undefined, 'advanced'],
  ] as const)('waits for %s', (_what, confirm, of, toCome, change) => {
    const outlook = { isEmpty: false, toCome };
    expect(step(running({ confirm }), [counts(of)], HOUR, outlook)?.change).toBe(change);
    const unseen = step(running({ confirm }), [counts(of)], HOUR, { isEmpty: false, toCome: undefined });
    // Nobody need look at all devices for what it does either way.
    if (!dependsOnOutlook({ confirm }, counts(of))) expect(unseen?.change).toBe(change);
  });

  it('is complete once its last wave has confirmed, and goes on offering', () => {
    const rollout = running({ wave: 2 });
    expect(step(rollout, [NO_COUNTS, NO_COUNTS, counts({ confirmed: 9 })], HOUR)?.rollout).toMatchObject({
      state: 'complete',
      endedAt: HOUR,
    });
  });

  it.each([
    [
      'a number of devices',
      { count: 3, percent: undefined, ofAtLeast: 1 },
      { failed: 1, silent: 1, 'rolled-back': 1 },
      true,
    ],
    ['fewer than that number', { count: 3, percent: undefined, ofAtLeast: 1 }, { failed: 2, confirmed: 1 }, false],
    [
      'a share of those that ended',
      { count: undefined, percent: 10, ofAtLeast: 10 },
      { failed: 1, confirmed: 9 },
      true,
    ],
    ['a share of too few', { count: undefined, percent: 10, ofAtLeast: 10 }, { failed: 8, confirmed: 1 }, false],
    ['either of both', { count: 2, percent: 90, ofAtLeast: 1 }, { failed: 2, confirmed: 98 }, true],
    [
      'neither, for devices that moved on',
      { count: 1, percent: 1, ofAtLeast: 1 },
      { superseded: 9, 'under-way': 5 },
      false,
    ],
  ] as const)('pauses by itself at %s', (_what, wave, of, pauses) => {
    const rollout = running({ pause: { wave, overall: { count: undefined, percent: undefined, ofAtLeast: 1 } } });
    const found = step(rollout, [counts(of)], 1);
    expect(found?.change).toBe(pauses ? 'paused' : undefined);
    if (found !== undefined)
      expect(found.rollout.why).toMatch(/^wave 1: \d+ .+, of \d+ that ended; the threshold is \d+ (?:devices|%)$/);
  });

  it('pauses over what went wrong in all waves together, also when it was complete', () => {
    const overall = { count: 4, percent: undefined, ofAtLeast: 1 };
    const rollout = running({ state: 'complete', wave: 2, pause: { wave: { ...overall, count: 3 }, overall } });
    const waves = [counts({ failed: 2 }), counts({ silent: 2 }), counts({ confirmed: 90 })];
    expect(step(rollout, waves, 1)).toMatchObject({
      change: 'paused',
      rollout: { state: 'paused', endedAt: undefined },
    });
  });

  it('does not advance over a threshold, even when it is time', () => {
    expect(step(running(), [counts({ confirmed: 90, failed: 10 })], HOUR)?.change).toBe('paused');
  });

  it('that is resumed accepts what went wrong, and pauses again over as much more', () => {
    const threshold = { count: 3, percent: undefined, ofAtLeast: 1 };
    const rollout = running({ pause: { wave: threshold, overall: threshold } });
    const first = step(rollout, [counts({ failed: 3 })], 1);
    const again = resumed(first?.rollout ?? rollout, [counts({ failed: 3 })], 2).rollout;
    expect(again).toMatchObject({ state: 'running', accepted: [3, 0, 0], why: '' });
    expect(step(again, [counts({ failed: 5 })], 3)).toBeUndefined();
    expect(step(again, [counts({ failed: 6 })], 3)?.change).toBe('paused');
  });

  it('that was paused before it began waits for its time again', () => {
    const early = paused(rolloutOf({ startAt: 100 }), 'lunch', 1).rollout;
    expect(resumed(early, [], 2).rollout.state).toBe('scheduled');
  });

  it('is not held for ever by a clock that was set back', () => {
    expect(step(running({ waveOpenedAt: 9 * HOUR }), [counts({ confirmed: 9 })], HOUR)?.change).toBe('advanced');
  });

  it.each([
    ['pause', (rollout: Rollout) => paused(rollout, '', 1), ['paused', 'aborted']],
    ['resume', (rollout: Rollout) => resumed(rollout, [], 1), ['scheduled', 'running', 'complete', 'aborted']],
    ['skip', (rollout: Rollout) => skipped(rollout, 1), ['paused', 'complete', 'aborted']],
    ['abort', (rollout: Rollout) => aborted(rollout, '', 1), ['aborted']],
  ] as const)('refuses to %s in other states, and at no other time', (_what, work, states) => {
    for (const state of ['scheduled', 'running', 'paused', 'complete', 'aborted'] as const) {
      const attempt = (): Changed => work(running({ state }));
      if ((states as readonly string[]).includes(state))
        expect(attempt).toThrow(expect.objectContaining({ code: 'rollout-state' }));
      else expect(attempt().rollout.state).not.toBe(state === 'running' ? 'none' : state);
    }
    expect(() => skipped(running({ wave: 2 }), 1)).toThrow(expect.objectContaining({ code: 'rollout-state' }));
  });
});

/** The rollout after an operator has tried this. */
function steered(rollout: Rollout, act: string, waves: readonly WaveCounts[], now: number): Rollout {
  const acts: Readonly<Record<string, () => Changed>> = {
    pause: () => paused(rollout, 'x', now),
    resume: () => resumed(rollout, waves, now),
    skip: () => skipped(rollout, now),
    abort: () => aborted(rollout, 'x', now),
  };
  try {
    return acts[act]?.().rollout ?? rollout;
  } catch (error) {
    expect(error).toMatchObject({ code: 'rollout-state' });
    return rollout;
  }
}

it('opens waves one after the other and never closes one, whatever happens and whoever steers', () => {
  const amounts = fc.record({ confirmed: fc.nat(50), failed: fc.nat(3), silent: fc.nat(3), 'under-way': fc.nat(9) });
  const events = fc.array(
    fc.record({
      ms: fc.integer({ min: -HOUR, max: 3 * HOUR }),
      of: fc.array(amounts, { minLength: 3, maxLength: 3 }),
      act: fc.constantFrom('none', 'pause', 'resume', 'skip', 'abort'),
    }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(events, (all) => {
      let rollout = rolloutOf({ startAt: HOUR, soakMs: HOUR });
      let now = 0;
      for (const { ms, of, act } of all) {
        now += ms;
        const waves = of.map(counts);
        const before = rollout;
        for (let turn = 0; turn < 10; turn += 1) rollout = step(rollout, waves, now)?.rollout ?? rollout;
        expect(step(rollout, waves, now)).toBeUndefined();
        rollout = steered(rollout, act, waves, now);
        expect(rollout.wave).toBeGreaterThanOrEqual(before.wave);
        expect(rollout.wave).toBeLessThan(3);
        if (before.state === 'aborted') expect(rollout).toEqual(before);
        if (rollout.wave > before.wave + 1) expect(waves.every((one) => badOf(one) <= 9)).toBe(true);
      }
    }),
  );
});
