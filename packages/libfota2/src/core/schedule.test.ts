import { FakeClock, fakeWorld, type Script } from '@libfota2/testkit';
import { type Callback, createCore, type Fota, type ScheduleOptions } from 'libfota2/core';
import { describe, expect, it, vi } from 'vitest';
import { retryAfterMs } from './ask.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const url = 'http://h/up';

interface Scene {
  readonly clock: FakeClock;
  readonly fota: Fota;
  /** Hours since the start at which the server was asked. */
  readonly hours: number[];
  readonly warnings: readonly unknown[];
}

function scene(random = 0.5, wallMs = Date.UTC(2026, 0, 1)): Scene {
  const clock = new FakeClock({ wallMs });
  const hours: number[] = [];
  const world = fakeWorld(
    () => {
      hours.push(clock.uptimeMs() / HOUR);
      return { status: 404 };
    },
    { clock, random: () => random },
  );
  return { clock, fota: createCore(world), hours, warnings: world.warnings };
}

function scheduled(
  options: ScheduleOptions,
  random?: number,
  wallMs?: number,
): Scene & { callback: Callback; stop(): void } {
  const all = scene(random, wallMs);
  const callback = vi.fn();
  const { stop } = all.fota.schedule(callback, { url }, options);
  return { ...all, callback, stop };
}

describe('a schedule (docs/protocol.md §9)', () => {
  it('runs every 4 hours, first after the interval', async () => {
    const { clock, hours, callback } = scheduled({});
    await clock.advance(13 * HOUR);
    expect(hours.map(Math.round)).toEqual([4, 8, 12]);
    expect(callback).toHaveBeenCalledTimes(3);
  });

  it('spreads its runs by a tenth to either side', async () => {
    for (const [random, hour] of [
      [0, 3.6],
      [0.999, 4.4],
    ] as const) {
      const { clock, hours } = scheduled({}, random);
      await clock.advance(5 * HOUR);
      expect(hours[0]).toBeCloseTo(hour, 2);
    }
  });

  it('runs at once when told', async () => {
    const { clock, hours } = scheduled({ every: '1h', runNow: true });
    await clock.advance(1.5 * HOUR);
    expect(hours.map(Math.round)).toEqual([0, 1]);
  });

  it('runs daily at a time of day, some time later by chance', async () => {
    const { clock, hours } = scheduled({ at: '03:30' });
    await clock.advance(3 * DAY);
    expect(hours.map((hour) => Math.round(hour * 100) / 100)).toEqual([3.75, 27.75, 51.75]);
  });

  it('ends when it is stopped, and leaves no timer behind', async () => {
    const { clock, hours, stop } = scheduled({});
    await clock.advance(5 * HOUR);
    stop();
    expect(clock.timers).toBe(0);
    await clock.advance(DAY);
    expect(hours).toHaveLength(1);
  });

  it('goes on when a callback throws or rejects, and reports it', async () => {
    for (const reject of [false, true]) {
      const { clock, fota, hours, warnings } = scene();
      const error = new Error('from the application');
      const callback = (): unknown => {
        if (reject) return Promise.reject(error);
        throw error;
      };
      fota.schedule(callback, { url }, { every: '1h' });
      await clock.advance(3.5 * HOUR);
      expect(hours.length).toBe(3);
      expect(warnings).toEqual([error, error, error]);
    }
  });

  it('is not moved by a clock that jumps', async () => {
    const { clock, hours } = scheduled({});
    await clock.advance(HOUR);
    clock.jump(50 * 365 * DAY);
    await clock.advance(HOUR);
    clock.jump(-50 * 365 * DAY);
    await clock.advance(3 * HOUR);
    expect(hours.map(Math.round)).toEqual([4]);
  });

  it('keeps to the time of day when the clock is set', async () => {
    const { clock, hours } = scheduled({ at: '03:30', jitter: 0 });
    await clock.advance(HOUR);
    clock.jump(-30 * DAY);
    await clock.advance(3 * HOUR);
    expect(hours).toEqual([3.5]);
  });

  it('runs soon after a machine has slept through its time', async () => {
    const { clock, hours } = scheduled({});
    await clock.advance(HOUR);
    clock.sleep(DAY);
    await clock.advance(60_000);
    expect(hours).toHaveLength(1);
  });

  it('never overlaps itself', async () => {
    const clock = new FakeClock();
    const world = fakeWorld(() => 'silence', { clock });
    createCore(world, { timeoutMs: 10 * HOUR, idleTimeoutMs: 9 * HOUR }).schedule(
      () => undefined,
      { url, method: 'POST' },
      { every: '1h' },
    );
    await clock.advance(8 * HOUR);
    expect(world.asks).toHaveLength(1);
    await clock.advance(3 * HOUR);
    expect(world.asks).toHaveLength(2);
  });

  it('refuses what is no timing, at once', () => {
    const { fota } = scene();
    expect(() => fota.schedule(() => undefined, null, { every: 'often' })).toThrow(RangeError);
    expect(() => fota.schedule(undefined as unknown as Callback)).toThrow(TypeError);
  });
});

describe('sys.timerLoopStart(request, 4*3600*1000, callback, options)', () => {
  it('asks exactly every 4 hours, first after 4 hours', async () => {
    const { clock, fota, hours } = scene();
    const callback = vi.fn();
    fota.sys.timerLoopStart(fota.request, 4 * HOUR, callback, { url });
    await clock.advance(DAY);
    await clock.advance(1);
    expect(hours).toEqual([4, 8, 12, 16, 20, 24]);
    expect(callback).toHaveBeenCalledTimes(6);
    expect(callback).toHaveBeenLastCalledWith(4, expect.objectContaining({ kind: 'no-upgrade' }));
  });

  it('is stopped by its number', async () => {
    const { clock, fota, hours } = scene();
    const id = fota.sys.timerLoopStart(fota.request, HOUR, () => undefined, { url });
    await clock.advance(1.5 * HOUR);
    fota.sys.timerStop(id);
    fota.sys.timerStop(99);
    await clock.advance(DAY);
    expect(hours).toEqual([1]);
    expect(clock.timers).toBe(0);
  });

  it('goes on when its function throws', async () => {
    const { clock, fota } = scene();
    let calls = 0;
    fota.sys.timerLoopStart(() => {
      calls += 1;
      throw new Error('no');
    }, HOUR);
    for (let i = 0; i < 3; i += 1) await expect(clock.advance(HOUR)).rejects.toThrow('no');
    expect(calls).toBe(3);
  });

  it.each([0, -1, Number.NaN, 2 ** 31])('refuses %d milliseconds', (ms) => {
    expect(() => scene().fota.sys.timerLoopStart(() => undefined, ms)).toThrow(RangeError);
  });
});

describe('a server that wishes to be asked later (Retry-After)', () => {
  /** Hours at which a server is asked that says this each time, or these one after the other. */
  const wishing = (...wishes: readonly (string | undefined)[]): Scene => {
    const clock = new FakeClock({ wallMs: Date.UTC(2026, 0, 1) });
    const hours: number[] = [];
    const answer: Script = (_ask, attempt) => {
      hours.push(clock.uptimeMs() / HOUR);
      const wish = wishes[Math.min(attempt, wishes.length) - 1];
      return { status: 404, headers: { 'retry-after': wish, date: new Date(clock.wallMs()).toUTCString() } };
    };
    const world = fakeWorld(answer, { clock });
    return { clock, fota: createCore(world), hours, warnings: world.warnings };
  };
  const rounded = (hours: readonly number[]): number[] => hours.map((hour) => Math.round(hour * 100) / 100);

  it('is not asked before by a schedule, which goes on as before then', async () => {
    const { clock, fota, hours } = wishing(String(10 * 3_600), undefined);
    fota.schedule(() => undefined, { url }, { every: '4h', jitter: 0 });
    await clock.advance(19 * HOUR);
    expect(rounded(hours)).toEqual([4, 14, 18]);
  });

  it('does not change a schedule by wishing less than its interval', async () => {
    const { clock, fota, hours } = wishing('60');
    fota.schedule(() => undefined, { url }, { every: '4h', jitter: 0 });
    await clock.advance(9 * HOUR);
    expect(rounded(hours)).toEqual([4, 8]);
  });

  it('is not asked before by request in a timer loop either', async () => {
    const { clock, fota, hours } = wishing(String(10 * 3_600), undefined);
    const callback = vi.fn();
    fota.sys.timerLoopStart(fota.request, 4 * HOUR, callback, { url });
    await clock.advance(19 * HOUR);
    expect(rounded(hours)).toEqual([4, 14, 18]);
    expect(callback).toHaveBeenCalledTimes(3);
    expect(callback.mock.calls[0]?.[1]).toMatchObject({ retryAfterMs: 10 * HOUR });
  });

  it('holds no loop that calls anything else, no other loop, and no request by hand', async () => {
    const { clock, fota, hours } = wishing('86400');
    const ask = (): void => fota.request(() => undefined, { url });
    fota.sys.timerLoopStart(ask, 4 * HOUR);
    await clock.advance(9 * HOUR);
    fota.sys.timerLoopStart(fota.request, HOUR, () => undefined, { url });
    await clock.advance(1.5 * HOUR);
    ask();
    await clock.advance(0);
    expect(rounded(hours)).toEqual([4, 8, 10, 10.5]);
  });

  it('is obeyed for a day at most, however long it wishes, and the outcome tells', async () => {
    for (const wish of [String(30 * 86_400), 'Thu, 01 Jan 2099 00:00:00 GMT']) {
      const { clock, fota, hours } = wishing(wish);
      fota.schedule(() => undefined, { url }, { every: '4h', jitter: 0 });
      await clock.advance(3 * DAY);
      expect(rounded(hours)).toEqual([4, 28, 52]);
    }
  });

  it('may name a date, which is measured by the server’s own clock', async () => {
    const { clock, fota, hours } = wishing(new Date(Date.UTC(2026, 0, 1) + 10 * HOUR).toUTCString(), undefined);
    fota.schedule(() => undefined, { url }, { every: '4h', jitter: 0 });
    await clock.advance(11 * HOUR);
    expect(rounded(hours)).toEqual([4, 10]);
  });

  it('may name a date beside which stands no other: then the device’s clock must do', () => {
    const at = Date.UTC(2026, 0, 1, 5);
    const answered = { 'retry-after': new Date(at + HOUR).toUTCString(), date: new Date(at).toUTCString() };
    for (const device of [0, at, Date.UTC(2099, 0, 1)]) expect(retryAfterMs(answered, device)).toBe(HOUR);
    expect(retryAfterMs({ ...answered, date: undefined }, at - HOUR)).toBe(2 * HOUR);
    expect(retryAfterMs({ ...answered, 'retry-after': 'soon' }, at)).toBeUndefined();
  });

  it('is obeyed though the device’s own clock jumps meanwhile', async () => {
    const { clock, fota, hours } = wishing(String(10 * 3_600), undefined);
    fota.schedule(() => undefined, { url }, { every: '4h', jitter: 0 });
    fota.sys.timerLoopStart(fota.request, 5 * HOUR, () => undefined, { url });
    await clock.advance(6 * HOUR);
    clock.jump(50 * 365 * DAY);
    await clock.advance(HOUR);
    clock.jump(-50 * 365 * DAY);
    await clock.advance(6.5 * HOUR);
    expect(rounded(hours)).toEqual([4, 5, 10]);
  });
});
