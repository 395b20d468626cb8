import { formatKeyRing } from '@libfota2/protocol';
import { FakeClock, fakeWorld, MemoryDisk, type ScriptedAnswer } from '@libfota2/testkit';
import { createCore, type Fota, type Outcome } from 'libfota2/core';
import { describe, expect, it } from 'vitest';
import {
  after,
  device,
  image,
  links,
  nextSigner,
  other,
  release,
  ringOf,
  ringSigner,
  signer,
  thief,
  trust,
  url,
} from '../../test/trusting.ts';

describe('what a device learns (docs/protocol.md §13.6, §13.7)', () => {
  const updated = (
    headers: Readonly<Record<string, string>>,
    answer: ScriptedAnswer = { status: 404 },
  ): ScriptedAnswer => ({ ...answer, headers: { ...answer.headers, ...headers } });

  it.each([304, 404, 200])('is the next ring, from an answer of status %j, durably', async (status) => {
    const disk = new MemoryDisk();
    const next = links([ringSigner, ringOf(2, [nextSigner])]);
    const answer = status === 200 ? updated(next, release({}, image, nextSigner)) : updated(next, { status });
    expect(await after(disk, answer)).toMatchObject({
      result: status === 200 ? 0 : 4,
      keyRing: { serial: 2, updated: true, refused: undefined },
    });
    const later = device(release({ version: '3' }, image, nextSigner), disk);
    expect(await later.fota.upgrade({ url })).toMatchObject({ result: 0, keyRing: { serial: 2, updated: false } });
    expect(later.world.asks[0]?.headers['fota-key-ring']).toBe('2');
  });

  it('counts for the very answer that brings it: a key that was taken out signs nothing more', async () => {
    const answer = updated(links([ringSigner, ringOf(2, [nextSigner])]), release());
    expect(await after(new MemoryDisk(), answer)).toMatchObject({ code: 'signature-unknown-key' });
  });

  it('is kept by check, too', async () => {
    const disk = new MemoryDisk();
    await device(updated(links([ringSigner, ringOf(2, [nextSigner])])), disk).fota.check({ url });
    expect(await after(disk, release())).toMatchObject({ code: 'signature-unknown-key', keyRing: { serial: 2 } });
  });

  it('is a chain over three rings, each signed by the one before', async () => {
    const chain = links(
      [ringSigner, ringOf(2, [signer], nextSigner)],
      [nextSigner, ringOf(3, [signer], thief)],
      [thief, ringOf(4, [nextSigner])],
    );
    expect(await after(new MemoryDisk(), updated(chain))).toMatchObject({ keyRing: { serial: 4, updated: true } });
  });

  const NOT_FOLLOWED: readonly (readonly [what: string, headers: Readonly<Record<string, string>>, serial: number])[] =
    [
      ['a thief signed', links([thief, ringOf(2, [thief], thief)]), 1],
      ['a release key signed', links([signer, ringOf(2, [thief], thief)]), 1],
      ['leaves one out', links([ringSigner, ringOf(3)]), 1],
      ['goes back', links([ringSigner, ringOf(1)]), 1],
      ['is of another project', links([ringSigner, { ...ringOf(2), project: 'another' }]), 1],
      ['is garbage', { 'fota-key-ring': 'garbage' }, 1],
      ['follows at first', links([ringSigner, ringOf(2)], [thief, ringOf(3, [thief])]), 2],
    ];
  it.each(NOT_FOLLOWED)(
    'is no update that %s; that is told, and the upgrade goes on',
    async (_what, headers, serial) => {
      const outcome = await after(new MemoryDisk(), updated(headers, release()));
      expect(outcome).toMatchObject({
        result: 0,
        keyRing: { serial, updated: serial > 1, refused: expect.any(String) },
      });
    },
  );

  it('is asked for again where it could not be kept, and nothing is taken meanwhile', async () => {
    const disk = new MemoryDisk();
    const answer = updated(links([ringSigner, ringOf(2, [nextSigner])]), release({}, image, nextSigner));
    disk.fault = (step) => (step === 'keep' ? new Error('power is gone') : undefined);
    expect(await after(disk, answer)).toMatchObject({ result: 4, code: 'write-failed', keyRing: { serial: 1 } });
    expect(disk.shown).toBeUndefined();
    disk.fault = () => undefined;
    expect(await after(disk, answer)).toMatchObject({ result: 0, keyRing: { serial: 2, updated: true } });
  });

  it('is that a ring which the application brings with a higher number takes the place of the kept one, and no lower one', async () => {
    const disk = new MemoryDisk();
    const newer = formatKeyRing(ringOf(5, [nextSigner]));
    expect(await after(disk, { status: 404 }, { trust: newer })).toMatchObject({ keyRing: { serial: 5 } });
    expect(await after(disk, release())).toMatchObject({ code: 'signature-unknown-key', keyRing: { serial: 5 } });
  });

  it('counts as nothing for a ring of another project', async () => {
    const disk = new MemoryDisk();
    await after(disk, release({ minimumVersion: '2' }), { trust: formatKeyRing(ringOf(7)) });
    const trustOfAnother = formatKeyRing({ ...ringOf(1), project: 'another' });
    const outcome = await after(disk, release({ project: 'another', version: '1.1' }), { trust: trustOfAnother });
    expect(outcome).toMatchObject({ result: 0, keyRing: { serial: 1 } });
  });

  it('is a floor, below which no permission leads', async () => {
    const disk = new MemoryDisk();
    expect(await after(disk, release({ version: '2.0', minimumVersion: '1.8' }))).toMatchObject({ result: 0 });
    const back = (version: string): ScriptedAnswer => release({ version, downgradeFrom: '2.0' });
    const now = { version: '2.0' };
    expect(await after(disk, back('1.7'), now)).toMatchObject({ code: 'manifest-below-floor' });
    expect(await after(disk, back('1.8'), now)).toMatchObject({ result: 0 });
    // A later release with a lower minimum, or none, lowers nothing.
    expect(await after(disk, release({ version: '2.1', minimumVersion: '1' }), now)).toMatchObject({ result: 0 });
    expect(await after(disk, back('1.7'), now)).toMatchObject({ code: 'manifest-below-floor' });
  });

  it('is a floor with its core: what goes below it on the wire is refused, whatever it calls itself', async () => {
    const disk = new MemoryDisk();
    const on = { core: 'V2013', version: '1.0.6' };
    expect(await after(disk, release({ core: '2013', version: '1.0.7', minimumVersion: '1.0.5' }), on)).toMatchObject({
      result: 0,
    });
    for (const wanted of [{ core: '2012', version: '1.0.9' }, { version: '2013.1.4' }, { version: '1.0.9' }]) {
      const back = release({ ...wanted, downgradeFrom: '2013.1.6' });
      expect(await after(disk, back, on)).toMatchObject({ code: 'manifest-below-floor' });
    }
  });

  it('is no floor of a release that was refused or broke off', async () => {
    const disk = new MemoryDisk();
    await after(disk, { ...release({ version: '2.0', minimumVersion: '2.0' }), body: other });
    expect(await after(disk, release({ version: '1.1' }))).toMatchObject({ result: 0 });
  });

  it('is durable before the image shows: a cut between the two leaves the floor, never the image alone', async () => {
    const disk = new MemoryDisk();
    const steps: string[] = [];
    disk.fault = (step) => {
      if (step === 'keep' || step === 'finish') steps.push(step);
      return undefined;
    };
    await after(disk, release({ minimumVersion: '2.0.0' }));
    expect(steps.slice(-3)).toEqual(['keep', 'keep', 'finish']);
    disk.fault = (step) => (step === 'keep' ? new Error('EIO') : undefined);
    expect(await after(disk, release({ version: '3', minimumVersion: '3' }, other))).toMatchObject({
      code: 'write-failed',
    });
    expect(Buffer.from(disk.shown ?? []).equals(image)).toBe(true);
  });

  it('is the time: a clock that was set back makes nothing valid that has expired', async () => {
    const disk = new MemoryDisk();
    const at = (wallMs: number): Fota =>
      createCore(
        fakeWorld(() => offered, { disk, clock: new FakeClock({ auto: true, wallMs }) }),
        {
          trust,
          version: '1.0.0',
          project: 'gateway',
        },
      );
    let offered = release({ signedAt: 1_900_000_000 });
    expect(await at(0).upgrade({ url })).toMatchObject({ result: 0 });
    offered = release({ version: '2.5', notAfter: 1_899_999_999 });
    expect(await at(0).upgrade({ url })).toMatchObject({ code: 'manifest-expired' });
    offered = release({ version: '2.5', notBefore: 1_900_000_000 });
    expect(await at(0).upgrade({ url })).toMatchObject({ result: 0 });
  });

  it('begins again where both copies are damaged: with the given ring, and what runs as the floor', async () => {
    const disk = new MemoryDisk();
    await after(disk, updated(links([ringSigner, ringOf(2, [nextSigner])])));
    const [whole] = disk.vault;
    disk.vault[0] = 'rot';
    expect(await after(disk, { status: 404 })).toMatchObject({ keyRing: { serial: 2 } });
    disk.vault[0] = disk.vault[1] = whole?.slice(1);
    const back = release({ version: '0.9', downgradeFrom: '1.0.0' });
    expect(await after(disk, back)).toMatchObject({ code: 'manifest-below-floor', keyRing: { serial: 1 } });
    // Written anew meanwhile, and no less strict for it.
    expect(await after(disk, back)).toMatchObject({ code: 'manifest-below-floor' });
    expect(await after(disk, release())).toMatchObject({ result: 0 });
  });

  it('is not begun anew where neither copy can be read just now', async () => {
    const disk = new MemoryDisk();
    disk.fault = (step) => (step === 'recall' ? new Error('EMFILE') : undefined);
    const { fota, world } = device(release(), disk);
    expect(await fota.upgrade({ url })).toMatchObject({ code: 'write-failed', phase: 'store' });
    expect(world.asks).toEqual([]);
  });

  it('is not lost where another process learned something meanwhile', async () => {
    const disk = new MemoryDisk();
    let elsewhere: Promise<Outcome> | undefined;
    const first = device(release({ minimumVersion: '1.5' }), disk);
    const onProgress = (): void => {
      elsewhere ??= after(disk, updated(links([ringSigner, ringOf(2)])));
    };
    await first.fota.upgrade({ url, onProgress });
    await elsewhere;
    expect(await after(disk, release({ version: '1.4' }))).toMatchObject({
      code: 'manifest-below-floor',
      keyRing: { serial: 2 },
    });
  });
});
