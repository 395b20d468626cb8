import { createCore } from 'libfota2/core';
import { describe, expect, it } from 'vitest';
import { FakeClock } from './clock.ts';
import { makeImage } from './images.ts';
import { fakeWorld } from './world.ts';

const image = makeImage(1, 50_000);
const url = 'http://server.example/upgrade';

describe('the clock', () => {
  it('fires timers in their order, and what they set in turn', async () => {
    const clock = new FakeClock();
    const seen: string[] = [];
    clock.after(20, () => seen.push(`b at ${clock.monotonicMs()}`));
    clock.after(10, () => {
      seen.push(`a at ${clock.monotonicMs()}`);
      clock.after(5, () => seen.push(`c at ${clock.monotonicMs()}`));
    });
    clock.after(15, () => seen.push('never')).cancel();
    await clock.advance(100);
    expect(seen).toEqual(['a at 10', 'c at 15', 'b at 20']);
    expect(clock.monotonicMs()).toBe(100);
    expect(clock.timers).toBe(0);
  });

  it('jumps and sleeps without moving timers', () => {
    const clock = new FakeClock({ wallMs: 0 });
    clock.sleep(1_000);
    clock.jump(500);
    expect([clock.monotonicMs(), clock.uptimeMs(), clock.wallMs()]).toEqual([0, 1_000, 1_500]);
  });
});

describe('the world', () => {
  it('lets the core upgrade itself, cut and resumed, in no time', async () => {
    const world = fakeWorld((ask, attempt) => {
      const from = Number(/\d+/.exec(ask.headers['range'] ?? '0')?.[0]);
      const range = { 'content-range': `bytes ${from}-${image.length - 1}/${image.length}` };
      return {
        status: from > 0 ? 206 : 200,
        headers: { etag: '"one"', ...(from > 0 ? range : {}) },
        body: image.subarray(from),
        ...(attempt < 3 ? { fault: { afterBytes: 20_000, how: attempt === 1 ? 'cut' : 'stall' } } : {}),
      };
    });
    const outcome = await createCore(world).upgrade({ url });
    expect(outcome).toMatchObject({ result: 0, attempts: 3, size: image.length });
    expect(world.disk.shown).toEqual(image);
    expect(world.asks.map((ask) => ask.headers['range'])).toEqual([undefined, 'bytes=20000-', 'bytes=40000-']);
    expect(world.clock.timers).toBe(0);
  });

  it('lets a silent server run into the deadline', async () => {
    const world = fakeWorld(() => 'silence');
    const outcome = await createCore(world).upgrade({ url, idleTimeoutMs: 200_000, timeoutMs: 100_000 });
    expect(outcome).toMatchObject({ result: 4, code: 'deadline', durationMs: 100_000 });
  });

  it('lets a disk fail at any step', async () => {
    const world = fakeWorld(() => ({ body: image }));
    world.disk.fault = (step) => (step === 'write' ? Object.assign(new Error('full'), { code: 'ENOSPC' }) : undefined);
    expect(await createCore(world).upgrade({ url })).toMatchObject({ result: 4, code: 'disk-full' });
    expect(world.disk.shown).toBeUndefined();
  });
});
