import { FakeClock, fakeWorld, MemoryDisk, makeImage, type Script } from '@libfota2/testkit';
import { createCore } from 'libfota2/core';
import { describe, expect, it } from 'vitest';

const image = makeImage(1, 300_000);
const url = 'http://h/up';
const headers = { etag: '"v1"' };

/** A static server: the whole image, the rest of it, or 304. */
const fileServer: Script = ({ headers: asked }) => {
  if (asked['if-none-match'] === headers.etag) return { status: 304 };
  const from = Number(/^bytes=(\d+)-$/.exec(asked['range'] ?? '')?.[1] ?? 0);
  const range = { 'content-range': `bytes ${from}-${image.length - 1}/${image.length}` };
  return from === 0
    ? { body: image, headers }
    : { status: 206, body: image.subarray(from), headers: { ...headers, ...range } };
};
/** The same, until it falls silent for ever. */
const cutAfter =
  (afterBytes: number): Script =>
  (_ask, attempt) =>
    attempt > 1 ? 'silence' : { body: image, headers, fault: { afterBytes, how: 'stall' } };

/** Whether the image lies at its place; a comparison that would print it takes a second. */
const delivered = (disk: MemoryDisk): boolean => disk.shown !== undefined && Buffer.from(disk.shown).equals(image);

describe('after a cut of power (docs/protocol.md §8.2)', () => {
  /** Runs until bytes were noted, then forgets all that is not durable, as a cut of power does. */
  async function cutOff(disk: MemoryDisk): Promise<void> {
    const clock = new FakeClock();
    const promise = createCore(fakeWorld(cutAfter(200_000), { clock, disk })).upgrade({ url, timeoutMs: 60_000 });
    await clock.advance(60_000);
    await promise;
  }

  it('the next call goes on with what was durable', async () => {
    const disk = new MemoryDisk();
    await cutOff(disk);
    const world = fakeWorld(fileServer, { disk });
    const outcome = await createCore(world).upgrade({ url });
    expect(outcome).toMatchObject({ result: 0, resumedFrom: 200_000, bytes: 100_000 });
    expect(world.asks[0]?.headers).toMatchObject({ range: 'bytes=200000-', 'if-range': '"v1"' });
    expect(delivered(disk)).toBe(true);
  });

  it('starts over when the disk mixed up what was kept', async () => {
    const disk = new MemoryDisk();
    await cutOff(disk);
    for (const part of disk.parts.values()) part[1000] = (part[1000] ?? 0) ^ 1;
    const outcome = await createCore(fakeWorld(fileServer, { disk })).upgrade({ url });
    expect(outcome).toMatchObject({ result: 0, resumedFrom: 0 });
    expect(delivered(disk)).toBe(true);
  });

  it('starts over when what was kept is gone', async () => {
    const disk = new MemoryDisk();
    await cutOff(disk);
    disk.parts.clear();
    expect(await createCore(fakeWorld(fileServer, { disk })).upgrade({ url })).toMatchObject({
      result: 0,
      resumedFrom: 0,
    });
    expect(delivered(disk)).toBe(true);
  });

  it('goes on by ranges with what it starts over, where what was kept is gone', async () => {
    const disk = new MemoryDisk();
    await cutOff(disk);
    disk.parts.clear();
    const world = fakeWorld(
      (ask, attempt) =>
        attempt === 2 ? { body: image, headers, fault: { afterBytes: 5_000, how: 'cut' } } : fileServer(ask, attempt),
      { disk },
    );
    expect(await createCore(world).upgrade({ url })).toMatchObject({ result: 0, attempts: 3 });
    expect(world.asks[2]?.headers['range']).toBe('bytes=5000-');
  });

  it.each(['', 'garbage', '{}', 'x {"suspended":{}}'])('starts over when the notes are %j', async (notes) => {
    const disk = new MemoryDisk();
    await cutOff(disk);
    disk.notes = notes;
    const world = fakeWorld(fileServer, { disk });
    expect(await createCore(world).upgrade({ url })).toMatchObject({ result: 0, resumedFrom: 0 });
    expect(world.asks[0]?.headers['range']).toBeUndefined();
  });

  it('another question starts over', async () => {
    const disk = new MemoryDisk();
    await cutOff(disk);
    const world = fakeWorld(fileServer, { disk });
    expect(await createCore(world).upgrade({ url: `${url}2` })).toMatchObject({ result: 0, resumedFrom: 0 });
    expect(disk.parts.size).toBe(0);
  });

  it('the notes hold neither the URL nor the product key', async () => {
    const disk = new MemoryDisk();
    await createCore(fakeWorld(fileServer, { disk }), { productKey: 'SECRET' }).upgrade({ url });
    expect(disk.notes).not.toMatch(/SECRET|http/);
  });
});

describe('after a delivery (docs/protocol.md §8.3)', () => {
  it('a static server is asked with its validator, and its 304 is "no upgrade"', async () => {
    const disk = new MemoryDisk();
    const fota = createCore(fakeWorld(fileServer, { disk }), { version: '1.0.0' });
    expect(await fota.upgrade({ url })).toMatchObject({ result: 0 });
    expect(await fota.upgrade({ url })).toMatchObject({ result: 4, reason: 'not-modified', bytes: 0 });
  });

  it('by its date where it has no tag', async () => {
    const date = 'Mon, 05 Jan 2026 00:00:00 GMT';
    const world = fakeWorld(({ headers: asked }) =>
      asked['if-modified-since'] === date ? { status: 304 } : { body: image, headers: { 'last-modified': date } },
    );
    const fota = createCore(world);
    expect(await fota.upgrade({ url })).toMatchObject({ result: 0 });
    expect(await fota.upgrade({ url })).toMatchObject({ reason: 'not-modified' });
  });

  it('the image is sent again to a device that lost it before it took it', async () => {
    const disk = new MemoryDisk();
    const fota = createCore(fakeWorld(fileServer, { disk }), { version: '1.0.0' });
    await fota.upgrade({ url });
    disk.shown = undefined;
    expect(await fota.upgrade({ url })).toMatchObject({ result: 0 });
  });

  it('but not to one that runs another version since', async () => {
    const disk = new MemoryDisk();
    await createCore(fakeWorld(fileServer, { disk }), { version: '1.0.0' }).upgrade({ url });
    disk.shown = undefined;
    const fota = createCore(fakeWorld(fileServer, { disk }), { version: '1.1.0' });
    expect(await fota.upgrade({ url })).toMatchObject({ reason: 'not-modified' });
  });

  it('another resource is asked for without it', async () => {
    const disk = new MemoryDisk();
    const fota = createCore(fakeWorld(fileServer, { disk }));
    await fota.upgrade({ url });
    expect(await fota.upgrade({ url: 'http://h/other' })).toMatchObject({ result: 0 });
  });

  it('a note that cannot be saved takes nothing back', async () => {
    const disk = new MemoryDisk();
    disk.fault = (step) => (step === 'save' ? new Error('no') : undefined);
    expect(await createCore(fakeWorld(fileServer, { disk })).upgrade({ url })).toMatchObject({ result: 0 });
    expect(delivered(disk)).toBe(true);
  });
});
