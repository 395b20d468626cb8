import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ATTEMPT_EDGES,
  ATTEMPT_STATES,
  type Attempt,
  type AttemptEvent,
  type AttemptState,
  advance,
  isOpen,
  isSameAttempt,
  newAttempt,
  STANDINGS,
  standingOf,
} from './attempt.ts';

const RUNS = process.env['PROVE'] === undefined ? 500 : 50_000;
const wanted = { release: 7, rollout: 3, wave: 0, from: '1.0.0', to: '1.1.0' };

/** An attempt after these events, a millisecond each. */
function after(...events: AttemptEvent[]): Attempt {
  return events.reduce((attempt, event, at) => advance(attempt, event, at + 1).attempt, newAttempt(wanted, 0));
}

const told = (version: string, settled = true): AttemptEvent => ({ type: 'told', version, settled });
const began: AttemptEvent = { type: 'began' };
const sent: AttemptEvent = { type: 'sent' };
const deferred: AttemptEvent = { type: 'deferred', deferral: { until: undefined, reason: 'outside of its window' } };
const again: AttemptEvent[] = [began, sent, deferred, told('1.0.0'), { type: 'offered' }, began];
const installed: AttemptEvent = { type: 'reported', state: 'installed', code: 0 };

describe('an attempt', () => {
  it.each<[string, AttemptEvent[], AttemptState]>([
    ['is offered at first', [], 'offered'],
    ['is downloading once bytes go out', [began], 'downloading'],
    ['is downloaded after the last byte, and no success', [began, sent], 'downloaded'],
    ['is confirmed by the device that tells the new version', [began, sent, told('1.1.0')], 'confirmed'],
    ['is confirmed also where the version is spelt otherwise', [began, sent, told('01.1')], 'confirmed'],
    ['has failed where the device took all of it and tells its old version', [began, sent, told('1.0.0')], 'failed'],
    ['has not failed within the seconds after the last byte', [began, sent, told('1.0.0', false)], 'downloaded'],
    ['has not failed where the package was broken off', [began, told('1.0.0')], 'downloading'],
    ['that was reported as installed fell back with the old version', [sent, installed, told('1.0.0')], 'rolled-back'],
    ['that was confirmed fell back with the old version', [sent, told('1.1.0'), told('1.0.0')], 'rolled-back'],
    ['that was confirmed stays so where the device goes on', [sent, told('1.1.0'), told('1.2.0')], 'confirmed'],
    ['fell back to a golden image', [sent, told('0.9.0')], 'rolled-back'],
    ['is superseded where the device runs something else by then', [sent, told('1.0.7')], 'superseded'],
    ['is silent where nothing is heard', [sent, { type: 'unheard' }], 'silent'],
    ['that was silent is confirmed after all', [sent, { type: 'unheard' }, told('1.1.0')], 'confirmed'],
    ['that was silent in the midst goes on', [began, { type: 'unheard' }, told('1.0.0')], 'downloading'],
    ['that was silent with all of it has failed', [sent, { type: 'unheard' }, told('1.0.0')], 'failed'],
    ['that failed is offered again', [sent, told('1.0.0'), { type: 'offered' }], 'offered'],
    ['that failed is confirmed where the device restarted late', [sent, told('1.0.0'), told('1.1.0')], 'confirmed'],
    ['cannot be confirmed by a report', [sent, installed], 'installed'],
    ['fails by a report', [began, { type: 'reported', state: 'failed', code: 2 }], 'failed'],
    ['does not go back by a late report', [sent, { type: 'reported', state: 'downloading' }], 'downloaded'],
    [
      'that failed counts nowhere once the operator lets it retry',
      [sent, told('1.0.0'), { type: 'retried' }],
      'superseded',
    ],
    ['that is put off has not failed', [began, sent, deferred, told('1.0.0')], 'downloaded'],
    ['that was put off begins again', [began, sent, deferred, told('1.0.0'), { type: 'offered' }], 'offered'],
    ['that was put off fails like any other', [...again, sent, told('1.0.0')], 'failed'],
    ['that was silent and is put off goes on', [sent, { type: 'unheard' }, deferred], 'downloaded'],
    ['that is put off and silent has not failed', [sent, deferred, { type: 'unheard' }, told('1.0.0')], 'downloaded'],
    ['that is installed shows at its restart', [sent, installed, deferred, told('1.0.0')], 'rolled-back'],
    ['that is put off is confirmed all the same', [sent, deferred, told('1.1.0')], 'confirmed'],
    ['that failed cannot be put off', [sent, told('1.0.0'), deferred], 'failed'],
    ['that was confirmed needs no retry', [sent, told('1.1.0'), { type: 'retried' }], 'confirmed'],
  ])('%s', (_name, events, state) => {
    expect(after(...events).state).toBe(state);
  });

  it('counts as failed until the device shows the release, however often it is offered again', () => {
    const again = after(sent, told('1.0.0'), { type: 'offered' }, began);
    expect([again.state, again.failures, standingOf(again)]).toEqual(['downloading', 1, 'failed']);
    expect(standingOf(advance(again, told('1.1.0'), 9).attempt)).toBe('confirmed');
  });

  it('waits until then, however often its device asks, and no longer than its device goes on', () => {
    const deferral = { until: 10, reason: 'night' };
    const waiting = after(began, sent, { type: 'deferred', deferral }, { type: 'offered' }, began);
    expect(waiting).toMatchObject({ state: 'downloaded', deferral });
    expect(standingOf(waiting)).toBe('under-way');
    expect(advance(waiting, { type: 'unheard' }, 6).attempt.deferral).toBe(deferral);
    expect(advance(waiting, installed, 6).attempt).toMatchObject({ state: 'installed', deferral: undefined });
    const downloaded = { type: 'reported', state: 'downloaded' } as const;
    expect(advance(waiting, downloaded, 6).attempt).toMatchObject({ changedAt: 6, deferral: undefined });
    expect(advance(waiting, { type: 'offered' }, 10).attempt).toMatchObject({ state: 'offered', deferral: undefined });
  });

  it('is another one for another release, or by another rollout', () => {
    const attempt = after();
    expect(isSameAttempt(attempt, wanted)).toBe(true);
    expect(isSameAttempt(attempt, { ...wanted, rollout: undefined })).toBe(false);
    expect(isSameAttempt(attempt, { ...wanted, release: 8 })).toBe(false);
  });
});

const states = fc.constantFrom(
  'downloading' as const,
  'downloaded' as const,
  'installed' as const,
  'failed' as const,
  'rolled-back' as const,
);
const events: fc.Arbitrary<AttemptEvent> = fc.oneof(
  fc.constantFrom<AttemptEvent>({ type: 'offered' }, began, sent, { type: 'unheard' }, { type: 'retried' }),
  fc.record({
    type: fc.constant('told' as const),
    version: fc.constantFrom('0.9', '1.0.0', '1.0', '1.1.0', '2'),
    settled: fc.boolean(),
  }),
  fc.record({ type: fc.constant('reported' as const), state: states, code: fc.integer(), detail: fc.string() }),
  fc.record({
    type: fc.constant('deferred' as const),
    deferral: fc.record({ until: fc.option(fc.nat({ max: 40 }), { nil: undefined }), reason: fc.string() }),
  }),
  fc.constant({ type: 'superseded' as const, detail: 'another release' }),
);

/** What a device puts off, and that it goes on, is no state. */
function expectStill(attempt: Attempt, next: Attempt): void {
  const { deferral, changedAt, code, detail } = next;
  expect(next).toEqual(deferral === attempt.deferral ? attempt : { ...attempt, deferral, changedAt, code, detail });
}

it('never skips a state, whatever comes in whatever order', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 30 }), (all) => {
      let attempt = newAttempt(wanted, 0);
      for (const [at, event] of all.entries()) {
        const { attempt: next, entered } = advance(attempt, event, at + 1);
        const path = [attempt.state, ...entered];
        for (const [place, state] of entered.entries()) {
          expect(ATTEMPT_EDGES[path[place] as AttemptState], `${path.join(' → ')} by ${event.type}`).toContain(state);
        }
        expect(next.state).toBe(path.at(-1));
        if (entered.length === 0) expectStill(attempt, next);
        expect(next.deferral === undefined || isOpen(next) || next.state === 'silent').toBe(true);
        if (isOpen(next)) expect(next.reached).toBe(next.state);
        expect(next.failures).toBeGreaterThanOrEqual(event.type === 'retried' ? 0 : attempt.failures);
        attempt = next;
      }
      expect(STANDINGS).toContain(standingOf(attempt));
    }),
    { numRuns: RUNS },
  );
});

it('confirms only what the device itself told', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 20 }), (all) => {
      const silent = all.filter((event) => event.type !== 'told' || event.version !== '1.1.0');
      expect(after(...silent).state).not.toBe('confirmed');
    }),
    { numRuns: RUNS },
  );
});

it('can go from every state to another, so that nothing is stuck for ever', () => {
  for (const state of ATTEMPT_STATES) expect(ATTEMPT_EDGES[state].length).toBeGreaterThan(0);
});
