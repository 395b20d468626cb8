import { describe, expect, it } from 'vitest';
import { fakeTime, MINUTE } from '../../test/suites/world.ts';
import { createMeter } from './meter.ts';

describe('the meter', () => {
  it('counts downloads under way and the bytes of an hour, of a rollout and of all', async () => {
    const time = fakeTime();
    const meter = createMeter(time.now);
    meter.began('a', 1, 100);
    meter.began('b', undefined, 10);
    expect([meter.usage(1), meter.usage(undefined), meter.usage(2)]).toEqual([
      { downloads: 1, bytesLastHour: 100 },
      { downloads: 2, bytesLastHour: 110 },
      { downloads: 0, bytesLastHour: 0 },
    ]);
    meter.ended('a');
    meter.ended('a');
    expect(meter.usage(1)).toEqual({ downloads: 0, bytesLastHour: 100 });
    await time.pass(60 * MINUTE);
    expect(meter.usage(undefined).bytesLastHour).toBe(110);
    await time.pass(MINUTE);
    expect(meter.usage(undefined).bytesLastHour).toBe(0);
  });

  it('counts a device that begins anew once', () => {
    const meter = createMeter(fakeTime().now);
    meter.began('a', 1, 100);
    meter.began('a', 2, 100);
    expect([meter.usage(1).downloads, meter.usage(2).downloads, meter.usage(undefined).downloads]).toEqual([0, 1, 1]);
  });

  it('waits for no download for more than ten minutes, also where the clock is set', async () => {
    for (const jump of [0, -24 * 60 * MINUTE, 24 * 60 * MINUTE]) {
      const time = fakeTime();
      const meter = createMeter(time.now);
      meter.began('a', 1, 100);
      time.jump(jump);
      await time.pass(jump === 0 ? 10 * MINUTE : 0);
      expect(meter.usage(1).downloads).toBe(0);
    }
  });

  it('knows after a restart what was promised within the hour', () => {
    const time = fakeTime();
    const meter = createMeter(time.now);
    meter.remember(1, 100, time.now() - 59 * MINUTE);
    meter.remember(1, 1_000, time.now() - 61 * MINUTE);
    expect(meter.usage(1)).toEqual({ downloads: 0, bytesLastHour: 100 });
  });
});
