import { fakeWorld, MemoryDisk, type Script, type ScriptedAnswer } from '@libfota2/testkit';
import { createCore } from 'libfota2/core';
import { describe, expect, it } from 'vitest';
import { base64, device, etag, image, other, release, signer, thief, url } from '../../test/trusting.ts';

describe('resuming with a key ring (docs/protocol.md §8, §13.4)', () => {
  const rest = (from: number, headers: Readonly<Record<string, string>>, bytes = image): ScriptedAnswer => ({
    status: 206,
    body: bytes.subarray(from),
    headers: { etag, 'content-range': `bytes ${from}-${image.length - 1}/${image.length}`, ...headers },
  });
  const signature = { 'fota-signature': base64(signer.release(image, {})) };
  const cut: ScriptedAnswer = { ...release(), fault: { afterBytes: 20_000, how: 'cut' } };
  const fromOf = (range: string | undefined): number => Number(/\d+/.exec(range ?? '0')?.[0]);

  it('goes on after a break, and proves the whole', async () => {
    const { fota, shows } = device(({ headers }, attempt) =>
      attempt === 1 ? cut : rest(fromOf(headers['range']), signature),
    );
    expect(await fota.upgrade({ url })).toMatchObject({ result: 0, attempts: 2, bytes: image.length });
    expect(shows()).toBe('image');
  });

  /** Leaves 20 000 bytes for a later call. */
  async function leavePart(): Promise<MemoryDisk> {
    const disk = new MemoryDisk();
    await device((_ask, attempt) => (attempt === 1 ? cut : 'silence'), disk).fota.upgrade({ url, timeoutMs: 60_000 });
    expect(disk.parts.size).toBe(1);
    return disk;
  }

  it('goes on in a later process, hashing again what was kept', async () => {
    const disk = await leavePart();
    const { fota, shows } = device(({ headers }) => rest(fromOf(headers['range']), signature), disk);
    expect(await fota.upgrade({ url })).toMatchObject({ result: 0, resumedFrom: 20_000, bytes: 30_000 });
    expect(shows()).toBe('image');
  });

  it('goes on with a part that came before signatures were demanded', async () => {
    const disk = new MemoryDisk();
    const script: Script = (_ask, attempt) => (attempt === 1 ? cut : 'silence');
    const before = createCore(fakeWorld(script, { disk }), { version: '1.0.0', project: 'gateway' });
    await before.upgrade({ url, timeoutMs: 60_000 });
    const { fota } = device(({ headers }) => rest(fromOf(headers['range']), signature), disk);
    expect(await fota.upgrade({ url })).toMatchObject({ result: 0, resumedFrom: 20_000 });
  });

  it.each([
    ['no signature', {}, 'signature-missing'],
    ['a thief', { 'fota-signature': base64(thief.release(image, {})) }, 'signature-unknown-key'],
    [
      'a release that is too old',
      { 'fota-signature': base64(signer.release(image, { version: '0.1' })) },
      'manifest-downgrade',
    ],
  ] as const)('keeps what was left by an earlier call where %s comes with the rest', async (_what, headers, code) => {
    const disk = await leavePart();
    for (const status of [200, 206]) {
      const { fota } = device(() => (status === 200 ? { body: image, headers } : rest(20_000, headers)), disk);
      expect(await fota.upgrade({ url })).toMatchObject({ code });
    }
    const { fota } = device(({ headers }) => rest(fromOf(headers['range']), signature), disk);
    expect(await fota.upgrade({ url })).toMatchObject({ result: 0, resumedFrom: 20_000 });
  });

  it('asks once for the whole where the signature changed between two parts', async () => {
    const changed = { 'fota-signature': base64(signer.release(other, {})) };
    const { fota, shows, world } = device((_ask, attempt) =>
      attempt === 1 ? cut : attempt === 2 ? rest(20_000, changed) : release({}, other),
    );
    expect(await fota.upgrade({ url })).toMatchObject({ result: 0, attempts: 3 });
    expect(world.asks.map(({ headers }) => headers['range'])).toEqual([undefined, 'bytes=20000-', undefined]);
    expect(shows()).toBe('other');
  });

  it('shows no splice of two images, each of which was signed', async () => {
    const { fota, shows } = device((_ask, attempt) => (attempt === 1 ? cut : rest(20_000, signature, other)));
    expect(await fota.upgrade({ url })).toMatchObject({ result: 4 });
    expect(shows()).toBeUndefined();
  });
});
