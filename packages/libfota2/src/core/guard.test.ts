import { createHash } from 'node:crypto';
import { fakeWorld, MemoryDisk, type Script, type ScriptedAnswer } from '@libfota2/testkit';
import { createCore } from 'libfota2/core';
import { describe, expect, it } from 'vitest';
import {
  after,
  base64,
  device,
  etag,
  image,
  other,
  release,
  ringSigner,
  signer,
  thief,
  trust,
  url,
} from '../../test/trusting.ts';

describe('a device with a key ring', () => {
  it('takes what a release key signed for it, and tells what is signed', async () => {
    const { fota, shows, world } = device(release({ minimumVersion: '1.5' }));
    const outcome = await fota.upgrade({ url });
    expect(outcome).toMatchObject({
      result: 0,
      manifest: { project: 'gateway', version: '2.0.0', minimumVersion: '1.5', size: image.length },
      keyRing: { serial: 1, updated: false, refused: undefined },
    });
    expect(shows()).toBe('image');
    expect(world.asks[0]?.headers['fota-key-ring']).toBe('1');
  });

  it('is told by check what is signed, before anything is taken', async () => {
    const { fota, world } = device(release());
    expect(await fota.check({ url })).toMatchObject({ kind: 'available', manifest: { version: '2.0.0' } });
    expect([world.disk.shown, world.disk.parts.size]).toEqual([undefined, 0]);
    expect(await device(release({}, image, thief)).fota.check({ url })).toMatchObject({
      code: 'signature-unknown-key',
    });
  });

  const REFUSED: readonly (readonly [what: string, answer: ScriptedAnswer, code: string])[] = [
    ['is not signed', { body: image }, 'signature-missing'],
    ['is signed in no base64', { body: image, headers: { 'fota-signature': '!' } }, 'signature-malformed'],
    ['a thief signed', release({}, image, thief), 'signature-unknown-key'],
    ['a ring key signed', release({}, image, ringSigner), 'signature-unknown-key'],
    ['is of another project', release({ project: 'another' }), 'manifest-mismatch'],
    ['is of another firmware', release({ firmwareName: 'station' }), 'manifest-mismatch'],
    [
      'is for hardware, of which the device does not know its own',
      release({ hardware: ['rev-b'] }),
      'manifest-mismatch',
    ],
    ['is signed as a key ring', release({ firmwareName: 'fota-key-ring', version: '9' }), 'manifest-mismatch'],
    ['is of another length', release({ size: image.length - 1 }), 'manifest-mismatch'],
    ['has expired', release({ notAfter: 1_767_225_599 }), 'manifest-expired'],
    ['is not to be taken yet', release({ notBefore: 1_767_225_601 }), 'manifest-early'],
    ['is older', release({ version: '0.9' }), 'manifest-downgrade'],
    ['is older, for those who run less', release({ version: '0.9', downgradeFrom: '0.9.9' }), 'manifest-downgrade'],
  ];
  it.each(REFUSED)('refuses what %s before it writes a byte', async (_what, answer, code) => {
    for (const framing of ['length', 'chunked'] as const) {
      const { fota, world } = device({ ...answer, framing });
      let writes = 0;
      world.disk.fault = (step) => {
        writes += Number(step === 'init' || step === 'write');
        return undefined;
      };
      const outcome = await fota.upgrade({ url });
      // What is chunked tells its length only at its end.
      if (code === 'manifest-mismatch' && framing === 'chunked' && writes > 0)
        expect(_what).toBe('is of another length');
      else expect([writes, outcome.bytes, world.asks.length]).toEqual([0, 0, code === 'signature-missing' ? 2 : 1]);
      expect(outcome).toMatchObject({ result: 4, code, phase: 'verify' });
      expect(world.disk.shown).toBeUndefined();
    }
  });

  const BYTES: readonly (readonly [what: string, answer: ScriptedAnswer, code: string])[] = [
    ['other bytes of the same length', { ...release(), body: other }, 'signature-invalid'],
    ['the digest, but not the signature, of these bytes', release(), 'signature-invalid'],
    [
      'a truncated image that ends as it should',
      { ...release(), body: image.subarray(0, 40_000), framing: 'chunked' },
      'signature-invalid',
    ],
    [
      'more than was signed, without an end',
      { ...release(), body: Buffer.concat([image, image]), framing: 'chunked' },
      'manifest-mismatch',
    ],
  ];
  it.each(BYTES)('shows nothing and keeps nothing of %s', async (what, answer, code) => {
    // The manifest is of the image, and its signature of the other.
    const mixed = signer.sign(other, signer.release(image, {}).split('\n')[2]?.slice('trusted comment: '.length) ?? '');
    const isMixed = what.startsWith('the digest');
    const { fota, world } = device(
      isMixed ? { ...answer, headers: { etag, 'fota-signature': base64(mixed) } } : answer,
    );
    expect(await fota.upgrade({ url })).toMatchObject({ result: 4, code });
    expect([world.disk.shown, world.disk.parts.size]).toEqual([undefined, 0]);
    expect(await after(world.disk, release())).toMatchObject({ result: 0, resumedFrom: 0 });
  });

  it('takes a body that ends with its connection, for the signature proves its end', async () => {
    expect(await after(new MemoryDisk(), { ...release(), framing: 'close' })).toMatchObject({ result: 0 });
    const short = { ...release(), body: image.subarray(0, 40_000), framing: 'close' } as const;
    expect(await after(new MemoryDisk(), short)).toMatchObject({ result: 3, code: 'connection-lost' });
  });

  it('is told that there is no upgrade where it runs what is signed, and reads nothing of it', async () => {
    const { fota, world } = device(release({ version: '1.0' }));
    expect(await fota.upgrade({ url })).toMatchObject({ code: 'no-upgrade', reason: 'newest', bytes: 0 });
    expect(world.disk.shown).toBeUndefined();
  });

  it('compares versions in the form of the wire', async () => {
    const settings = { core: 'V2012', version: '001.000.005' };
    const verdict = async (wanted: Parameters<typeof release>[0]) => {
      const outcome = await after(new MemoryDisk(), release(wanted), settings);
      return outcome.code;
    };
    expect(await verdict({ core: '2012', version: '001.000.006' })).toBe('downloaded');
    expect(await verdict({ version: '2012.001.006' })).toBe('downloaded');
    expect(await verdict({ core: '2013', version: '001.000.001' })).toBe('downloaded');
    expect(await verdict({ core: '2013', source: '2012', version: '001.000.001' })).toBe('downloaded');
    expect(await verdict({ core: '2012', version: '001.000.004' })).toBe('manifest-downgrade');
    // Of an older core, and made from another one: what a server without keys could bring a device to take.
    expect(await verdict({ core: '2011', version: '001.000.009' })).toBe('manifest-downgrade');
    expect(await verdict({ core: '2013', source: '2011', version: '001.000.006' })).toBe('manifest-mismatch');
  });

  it('on a newer core refuses what is signed with an older one, or made from it', async () => {
    const settings = { core: 'V2013', version: '1.0.5' };
    const verdict = async (wanted: Parameters<typeof release>[0]): Promise<string> =>
      (await after(new MemoryDisk(), release(wanted), settings)).code;
    expect(await verdict({ core: '2012', version: '1.0.6' })).toBe('manifest-downgrade');
    expect(await verdict({ core: '2013', source: '2012', version: '1.0.6' })).toBe('manifest-mismatch');
    expect(await verdict({ core: '2013', source: '2013', version: '1.0.6' })).toBe('downloaded');
  });

  it('goes back once where that is permitted, and runs from then on what it is offered', async () => {
    const back = release({ version: '0.9', downgradeFrom: '1.0.0' });
    expect(await after(new MemoryDisk(), back)).toMatchObject({ result: 0 });
    expect(await after(new MemoryDisk(), back, { version: '0.9' })).toMatchObject({
      code: 'no-upgrade',
      reason: 'newest',
      bytes: 0,
    });
  });

  it('that does not know its version takes any release of its firmware from the floor on', async () => {
    const disk = new MemoryDisk();
    const unknown = { version: undefined };
    expect(await after(disk, release({ version: '0.1' }), unknown)).toMatchObject({ result: 0 });
    expect(await after(disk, release({ minimumVersion: '2' }), unknown)).toMatchObject({ result: 0 });
    expect(await after(disk, release({ version: '1.9' }), unknown)).toMatchObject({ code: 'manifest-below-floor' });
    const ring = release({ version: '9', firmwareName: 'fota-key-ring' });
    expect(await after(disk, ring, unknown)).toMatchObject({ code: 'manifest-mismatch' });
  });

  it('asks anew for what it had taken without a signature', async () => {
    const disk = new MemoryDisk();
    const server: Script = ({ headers }) => (headers['if-none-match'] === undefined ? release() : { status: 304 });
    const plain = createCore(fakeWorld(server, { disk }), { version: '1.0.0', project: 'gateway' });
    expect((await plain.upgrade({ url })).result).toBe(0);
    expect(await plain.upgrade({ url })).toMatchObject({ reason: 'not-modified' });
    const { fota } = device(server, disk);
    expect(await fota.upgrade({ url })).toMatchObject({ result: 0, manifest: { version: '2.0.0' } });
    expect(await fota.upgrade({ url })).toMatchObject({ reason: 'not-modified' });
  });

  it('never shares a call with one that has none', async () => {
    const world = fakeWorld(() => ({ body: image }));
    const plain = createCore(world).upgrade({ url });
    expect((await plain).result).toBe(0);
    const fota = createCore(
      fakeWorld(() => ({ body: image })),
      { project: 'gateway' },
    );
    const before = fota.upgrade({ url });
    fota.configure({ trust });
    expect([(await before).result, (await fota.upgrade({ url })).result]).toEqual([0, 4]);
  });
});

describe('what is signed', () => {
  const chunked = { ...release(), framing: 'chunked' } as const;

  it('tells check the size and the digest that the server does not', async () => {
    expect(await device(chunked).fota.check({ url })).toMatchObject({
      kind: 'available',
      size: image.length,
      sha256: createHash('sha256').update(image).digest('hex'),
    });
  });

  it('tells the target how much comes, and the caller of how much', async () => {
    const { fota, world } = device(chunked);
    const totals = new Set<number | undefined>();
    expect(await fota.upgrade({ url, onProgress: ({ total }) => void totals.add(total) })).toMatchObject({ result: 0 });
    expect([...totals]).toEqual([image.length]);
    expect(await fota.upgrade({ url: `${url}2`, maxBytes: image.length - 1 })).toMatchObject({ code: 'too-large' });
    expect(world.asks).toHaveLength(2);
  });

  it('must be what the caller expects, before a byte comes', async () => {
    const outcome = await device(release()).fota.upgrade({ url, expectedSha256: '0'.repeat(64) });
    expect(outcome).toMatchObject({ code: 'manifest-mismatch', bytes: 0 });
  });
});

describe('the setting trust', () => {
  it('needs the firmware name, or any firmware of the project would do: without it no socket is opened', async () => {
    for (const address of [url, `###${url}`]) {
      const { fota, world } = device(release(), undefined, { project: undefined });
      for (const call of [fota.upgrade({ url: address }), fota.check({ url: address, firmwareName: '' })]) {
        expect(await call).toMatchObject({
          result: 4,
          code: 'option-invalid',
          message: 'A key ring needs the firmware name: project or firmwareName.',
        });
      }
      expect(world.asks).toEqual([]);
      expect(await fota.upgrade({ url: address, firmwareName: 'gateway' })).toMatchObject({ result: 0 });
    }
  });

  it('cannot be unset, by configure or by an option of a call', async () => {
    const { fota } = device({ body: image });
    fota.configure({ trust: undefined });
    fota.configure({ version: '1.0.0' });
    const options = { url, trust: undefined, headers: { 'Fota-Key-Ring': '9' } };
    expect(await fota.upgrade(options)).toMatchObject({ code: 'signature-missing' });
  });

  it('leaves a header of that name out that a caller sets', async () => {
    const { fota, world } = device(release());
    await fota.upgrade({ url, headers: { 'FOTA-Key-Ring': '9' } });
    expect(Object.entries(world.asks[0]?.headers ?? {}).filter(([name]) => /ring/i.test(name))).toEqual([
      ['fota-key-ring', '1'],
    ]);
  });

  it.each(['', 'no ring', trust.replace('serial: 1', 'serial: x'), 7, null])(
    'ends every call before a socket is opened where it is %j',
    async (text) => {
      const { fota, world } = device(release(), undefined, { trust: text as string });
      for (const call of [fota.upgrade({ url }), fota.check({ url })]) {
        expect(await call).toMatchObject({ result: 4, code: 'option-invalid' });
      }
      expect(world.asks).toEqual([]);
    },
  );
});
