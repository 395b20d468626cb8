import { SIGNATURE_TEXT_LIMIT } from '@libfota2/protocol';
import { fakeWorld, MemoryDisk, type ScriptedAnswer } from '@libfota2/testkit';
import { createCore, type UpgradeOptions } from 'libfota2/core';
import { describe, expect, it } from 'vitest';
import { etag, image, signer, thief, trust } from '../../test/trusting.ts';

const text = signer.release(image, {});
const file: ScriptedAnswer = { body: image, headers: { etag } };

/** A static server with something beside its file. */
function server(beside: ScriptedAnswer | 'silence', disk = new MemoryDisk()) {
  const world = fakeWorld(({ url }) => (new URL(url).pathname.endsWith('.minisig') ? beside : file), { disk });
  const fota = createCore(world, { trust, version: '1.0.0', project: 'gateway', idleTimeoutMs: 10_000 });
  const upgrade = (options: UpgradeOptions = {}) => fota.upgrade({ url: 'http://h/firmware.bin', ...options });
  return { world, upgrade, check: () => fota.check({ url: 'http://h/firmware.bin' }) };
}

describe('a signature beside the image on a static server (docs/protocol.md §13.3)', () => {
  it('is asked for once, at the same place, with the same headers, and under no condition', async () => {
    const { upgrade, world } = server({ body: text });
    expect(await upgrade({ headers: { authorization: 'Bearer x' } })).toMatchObject({
      result: 0,
      attempts: 2,
      manifest: { version: '2.0.0' },
    });
    const query = 'imei=860000000000001&firmware_name=gateway&version=1.0.0';
    expect(world.asks.map(({ url }) => url)).toEqual([
      `http://h/firmware.bin?${query}`,
      `http://h/firmware.bin.minisig?${query}`,
    ]);
    expect(world.asks[1]).toMatchObject({ method: 'GET', headers: { authorization: 'Bearer x' }, body: undefined });
    expect(Object.keys(world.asks[1]?.headers ?? {})).toEqual(['authorization']);
    expect(world.clock.timers).toBe(0);
  });

  it.each([
    ['###http://h', 'http://h/.minisig'],
    ['###http://h/a?b?c', 'http://h/a.minisig?b?c'],
    ['###http://u:p@h/a/#f', 'http://u:p@h/a/.minisig#f'],
  ])('of %s is asked for at %s', async (url, beside) => {
    const { upgrade, world } = server({ body: text });
    expect(await upgrade({ url })).toMatchObject({ result: 0 });
    expect(world.asks[1]?.url).toBe(beside);
  });

  it('is told by check, too', async () => {
    expect(await server({ body: text }).check()).toMatchObject({ kind: 'available', manifest: { version: '2.0.0' } });
  });

  it('follows redirects as the question does', async () => {
    const { upgrade } = server({ status: 302, headers: { location: 'http://cdn/moved.minisig' } });
    expect(await upgrade()).toMatchObject({ code: 'signature-missing' });
    const world = fakeWorld(({ url }) => {
      if (url.startsWith('http://cdn')) return url.includes('.minisig') ? { body: text } : file;
      return { status: 302, headers: { location: url.replace('http://h', 'http://cdn') } };
    });
    const fota = createCore(world, { trust, version: '1.0.0', project: 'gateway', maxRedirects: 1 });
    expect(await fota.upgrade({ url: 'http://h/firmware.bin' })).toMatchObject({ result: 0 });
  });

  it.each([
    ['is not there', { status: 404 }, 'signature-missing', 2],
    ['is there, but empty', { status: 204 }, 'signature-missing', 2],
    ['is a page for everything', { body: '<!doctype html>' }, 'signature-malformed', 2],
    ['is too large', { body: 'x'.repeat(SIGNATURE_TEXT_LIMIT + 1) }, 'signature-malformed', 2],
    ['never ends', { body: 'x'.repeat(10 * SIGNATURE_TEXT_LIMIT), framing: 'chunked' }, 'signature-malformed', 2],
    ['is a thief’s', { body: thief.release(image, {}) }, 'signature-unknown-key', 2],
    ['cannot be served', { status: 503 }, 'server-error', 2],
    // These may pass: the question is asked again, five times in all.
    ['never comes', 'silence', 'stalled', 10],
    ['hangs in its midst', { body: text, fault: { afterBytes: 100, how: 'stall' } }, 'stalled', 10],
    ['breaks off', { body: text, fault: { afterBytes: 100, how: 'cut' } }, 'connection-lost', 10],
  ] as const)('that %s ends in a failure, and nothing is written', async (_what, beside, code, asks) => {
    const { upgrade, world } = server(beside);
    expect(await upgrade()).toMatchObject({ code, bytes: 0 });
    expect([world.disk.shown, world.disk.parts.size, world.asks.length]).toEqual([undefined, 0, asks]);
    expect(world.clock.timers).toBe(0);
  });

  it('that drips is waited for no longer than a connection and a silence may take', async () => {
    const world = fakeWorld(({ url }) => (url.includes('.minisig') ? { body: text } : file));
    const open = world.transport.open;
    const drips = {
      open: async (ask: Parameters<typeof open>[0]) => {
        const answer = await open(ask);
        async function* body(): AsyncGenerator<Uint8Array> {
          for await (const bytes of answer.body) {
            for (const byte of bytes) {
              await new Promise<void>((resolve) => void world.clock.after(9_000, resolve));
              if (ask.signal.aborted) throw ask.signal.reason;
              yield Uint8Array.of(byte);
            }
          }
        }
        return ask.url.includes('.minisig') ? { ...answer, body: body() } : answer;
      },
    };
    const settings = { trust, version: '1.0.0', project: 'gateway', idleTimeoutMs: 10_000, connectTimeoutMs: 20_000 };
    const outcome = await createCore({ ...world, transport: drips }, settings).upgrade({ url: 'http://h/f' });
    expect(outcome).toMatchObject({ code: 'stalled' });
    expect(outcome.durationMs).toBeLessThan(5 * 45_000);
  });

  it('is given up when the call is', async () => {
    const stop = new AbortController();
    const { upgrade, world } = server('silence');
    world.clock.after(1_000, () => stop.abort(new Error('enough')));
    await expect(upgrade({ signal: stop.signal })).rejects.toThrow('enough');
    expect(world.clock.timers).toBe(0);
  });
});
