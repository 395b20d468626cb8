import { FakeClock, fakeWorld, makeImage } from '@libfota2/testkit';
import { createCore, createSharing, type Outcome } from 'libfota2/core';
import { describe, expect, it } from 'vitest';

const image = makeImage(1, 50_000);
const url = 'http://h/up';

describe('calls for one place (docs/protocol.md §8.4)', () => {
  it('share one download when they ask the same', async () => {
    const world = fakeWorld(() => ({ body: image }));
    const fota = createCore(world);
    const told = new Set<number>();
    const outcomes = await Promise.all([0, 1].map((i) => fota.upgrade({ url, onProgress: () => told.add(i) })));
    expect(outcomes.map(({ result }) => result)).toEqual([0, 0]);
    expect(world.asks).toHaveLength(1);
    expect(told.size).toBe(2);
  });

  it('share it among instances that have their sharing in common, however patient each is', async () => {
    const world = fakeWorld(() => ({ body: image }));
    const share = createSharing<Outcome>(world.clock);
    const fotas = [createCore(world, { timeoutMs: 1000 }, share), createCore(world, {}, share)];
    await Promise.all(fotas.map((fota) => fota.upgrade({ url })));
    expect(world.asks).toHaveLength(1);
  });

  it('wait for their turn when they ask something else', async () => {
    const world = fakeWorld((ask) => ({ body: ask.url.includes('/a') ? image : makeImage(2, 10) }));
    const fota = createCore(world);
    const order: string[] = [];
    const ask = async (path: string): Promise<void> => {
      await fota.upgrade({ url: `http://h/${path}` });
      order.push(path);
    };
    await Promise.all([ask('a'), ask('b'), ask('a')]);
    expect(order).toEqual(['a', 'a', 'b']);
    expect(world.asks).toHaveLength(2);
    expect(world.disk.shown).toEqual(makeImage(2, 10));
  });

  it('go on for the others when one of them aborts, and stop with the last', async () => {
    const clock = new FakeClock();
    const world = fakeWorld(() => 'silence', { clock });
    const fota = createCore(world);
    const [first, second] = [new AbortController(), new AbortController()];
    const promises = [first, second].map(({ signal }) => fota.upgrade({ url, signal }));
    const ends = Promise.allSettled(promises);
    await clock.advance(10);
    first.abort('first');
    await expect(promises[0]).rejects.toBe('first');
    expect(world.asks[0]?.signal.aborted).toBe(false);
    second.abort('second');
    await expect(promises[1]).rejects.toBe('second');
    expect(world.asks[0]?.signal.aborted).toBe(true);
    await ends;
    expect(clock.timers).toBe(0);
  });

  it('find the place free after an abort', async () => {
    const world = fakeWorld((ask) => (ask.url.includes('/next') ? { body: image } : 'silence'), {
      clock: new FakeClock(),
    });
    const fota = createCore(world);
    const abort = new AbortController();
    const aborted = fota.upgrade({ url, signal: abort.signal });
    const next = fota.upgrade({ url: 'http://h/next' });
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    expect(await next).toMatchObject({ result: 0 });
  });
});
