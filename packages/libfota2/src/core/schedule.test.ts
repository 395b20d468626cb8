import { FakeClock, fakeWorld } from '@libfota2/testkit';
import { type Callback, createCore, type Fota, type ScheduleOptions } from 'libfota2/core';
import { describe, expect, it, vi } from 'vitest';

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
