import type { FailureCode } from '@libfota2/protocol';
import { EVENTS } from '@libfota2/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failure } from './errors.ts';
import { DEFAULT_POLICY, type Policy } from './plan.ts';
import { afterSetback, type Course, OUTSET, type Setback } from './retry.ts';

const begun: Course = { ...OUTSET, begun: true };

function setback(code: FailureCode, more: Partial<Setback> = {}): Setback {
  const error = failure(code, code, 'transfer');
  return { error, connected: true, reached: 0, repeatable: true, elapsedMs: 0, retryAfterMs: 0, ...more };
}

/** What is done after each of these in turn: milliseconds of waiting, or the code of the end. */
function course(start: Course, setbacks: readonly Setback[], policy: Policy = DEFAULT_POLICY): (number | string)[] {
  let current = start;
  const steps: (number | string)[] = [];
  for (const each of setbacks) {
    const next = afterSetback(current, each, policy, 0);
    if ('error' in next) return [...steps, next.error.code];
    steps.push(next.waitMs);
    current = next.course;
  }
  return steps;
}

const times = (n: number, each: Setback): Setback[] => Array.from({ length: n }, () => each);

describe('asking again within a call (docs/protocol.md §7)', () => {
  it.each(['connection-refused', 'host-not-found', 'tls-failed', 'connect-timeout'] as const)(
    'never after %s at the start, unless asked',
    (code) => {
      expect(course(OUTSET, times(3, setback(code)))).toEqual([code]);
      expect(course(OUTSET, times(3, setback(code)), { ...DEFAULT_POLICY, connectRetries: 2 })).toEqual([
        250,
        500,
        code,
      ]);
    },
  );

  it('four times when answers bring nothing, then gives the reason of the last', () => {
    expect(course(OUTSET, times(9, setback('closed-early')))).toEqual([250, 500, 1000, 2000, 'closed-early']);
  });

  it('as long as each answer brings the end nearer', () => {
    const setbacks = Array.from({ length: 50 }, (_, i) => setback('connection-lost', { reached: (i + 1) * 100 }));
    expect(course(begun, setbacks)).toEqual(Array(50).fill(250));
  });

  it('until the deadline when a server has vanished in mid-transfer, and calls that a lost connection', () => {
    const gone = Array.from({ length: 100 }, (_, i) => setback('connection-refused', { elapsedMs: i * 8000 }));
    const steps = course(begun, [setback('connection-lost', { reached: 5 }), ...gone]);
    expect(steps.at(-1)).toBe('connection-lost');
    expect(steps.length).toBeGreaterThan(30);
    expect(Math.max(...(steps.slice(0, -1) as number[]))).toBe(7500);
  });

  it('when a server behind a proxy comes back, but not when it fails at the start', () => {
    expect(course(begun, times(4, setback('server-error')))).toEqual([250, 500, 1000, 2000]);
    expect(course(OUTSET, [setback('server-error')])).toEqual(['server-error']);
  });

  it.each(['digest-mismatch', 'no-upgrade', 'too-large', 'disk-full', 'deadline', 'body-empty'] as const)(
    'never after %s',
    (code) => {
      expect(course(begun, [setback(code)])).toEqual([code]);
    },
  );

  it('never for anything but a GET', () => {
    expect(course(OUTSET, [setback('closed-early', { repeatable: false })])).toEqual(['closed-early']);
  });

  it('calls a deadline before any connection a failed connection', () => {
    expect(course(OUTSET, [setback('deadline', { connected: false })])).toEqual(['connect-timeout']);
  });

  it('waits as long as the server asks, if there is time', () => {
    expect(course(begun, [setback('server-error', { retryAfterMs: 20_000 })])).toEqual([20_000]);
    expect(course(begun, [setback('server-error', { retryAfterMs: 400_000 })])).toEqual(['server-error']);
  });

  it('never waits past the deadline, whatever happens', () => {
    const codes = fc.constantFrom(
      ...(Object.keys(EVENTS) as (FailureCode | 'downloaded')[]).filter((c) => c !== 'downloaded'),
    );
    fc.assert(
      fc.property(
        codes,
        fc.boolean(),
        fc.nat(400_000),
        fc.nat(1_000_000),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (code, isBegun, elapsedMs, retryAfterMs, random) => {
          const given = { ...OUTSET, begun: isBegun };
          const next = afterSetback(
            given,
            setback(code as FailureCode, { elapsedMs, retryAfterMs }),
            DEFAULT_POLICY,
            random,
          );
          if ('waitMs' in next) expect(elapsedMs + next.waitMs).toBeLessThan(DEFAULT_POLICY.timeoutMs);
        },
      ),
    );
  });
});
