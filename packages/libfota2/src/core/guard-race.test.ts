import { MemoryDisk, type Script, type ScriptedAnswer } from '@libfota2/testkit';
import { createCore } from 'libfota2/core';
import { describe, expect, it } from 'vitest';
import {
  after,
  type Device,
  device,
  image,
  links,
  nextSigner,
  other,
  release,
  ringOf,
  ringSigner,
  signer,
  trust,
  url,
} from '../../test/trusting.ts';

const ring2: ScriptedAnswer = { status: 404, headers: links([ringSigner, ringOf(2, [nextSigner])]) };

/** A device whose image stands still after its first bytes, until `meanwhile` is over. */
function dripped(
  answer: ScriptedAnswer | Script,
  meanwhile: (slow: Device) => unknown,
  disk = new MemoryDisk(),
): Device {
  const made = device(answer, disk);
  const { transport } = made.world;
  const open: typeof transport.open = async (ask) => {
    const whole = await transport.open(ask);
    async function* body(): AsyncGenerator<Uint8Array> {
      let isFirst = true;
      for await (const bytes of whole.body) {
        yield bytes;
        if (isFirst) await meanwhile(slow);
        isFirst = false;
      }
    }
    return { ...whole, body: body() };
  };
  const fota = createCore({ ...made.world, transport: { open } }, { trust, version: '1.0', project: 'gateway' });
  const slow: Device = { ...made, fota };
  return slow;
}

describe('an image is judged again before it shows (docs/protocol.md §13.4)', () => {
  it('by the floor that another process raised while it came', async () => {
    const disk = new MemoryDisk();
    const newer = release({ version: '2.1', minimumVersion: '2.0' }, other);
    const meanwhile = async (): Promise<void> => {
      expect(await after(disk, newer)).toMatchObject({ result: 0, manifest: { version: '2.1' } });
    };
    const { fota, shows } = dripped(release({ version: '1.9' }), meanwhile, disk);
    expect(await fota.upgrade({ url })).toMatchObject({ result: 4, code: 'manifest-below-floor', bytes: image.length });
    expect([shows(), disk.parts.size]).toEqual(['other', 0]);
  });

  it('by the ring that another process learned, which took out the key that signed it', async () => {
    const disk = new MemoryDisk();
    const { fota } = dripped(release(), () => after(disk, ring2), disk);
    expect(await fota.upgrade({ url })).toMatchObject({
      result: 4,
      code: 'signature-unknown-key',
      keyRing: { serial: 2, updated: false },
    });
    expect([disk.shown, disk.parts.size]).toEqual([undefined, 0]);
  });

  it('by the ring that a check beside it learned', async () => {
    const script: Script = (ask) => (ask.url.includes('/other') ? ring2 : release());
    const { fota, world } = dripped(script, async ({ fota }) => {
      expect(await fota.check({ url: 'http://h/other' })).toMatchObject({ keyRing: { serial: 2, updated: true } });
    });
    expect(await fota.upgrade({ url })).toMatchObject({ code: 'signature-unknown-key', keyRing: { serial: 2 } });
    expect([world.disk.shown, world.disk.parts.size]).toEqual([undefined, 0]);
  });

  it('by the clock: it may have expired', async () => {
    const { fota, world } = dripped(release({ notAfter: 1_767_225_601 }), ({ world }) => world.clock.jump(2_000));
    expect(await fota.upgrade({ url })).toMatchObject({ result: 4, code: 'manifest-expired', bytes: image.length });
    expect([world.disk.shown, world.disk.parts.size]).toEqual([undefined, 0]);
  });

  it('by the latest time that another process believed', async () => {
    const disk = new MemoryDisk();
    const later = release({ signedAt: 1_900_000_000, version: '2.1' }, other);
    const { fota, shows } = dripped(release({ notAfter: 1_899_999_999 }), () => after(disk, later), disk);
    expect(await fota.upgrade({ url })).toMatchObject({ code: 'manifest-expired' });
    expect(shows()).toBe('other');
  });

  it('and shows where nothing of what was learned speaks against it, all of which is kept', async () => {
    const disk = new MemoryDisk();
    const both: ScriptedAnswer = { status: 404, headers: links([ringSigner, ringOf(2, [signer, nextSigner])]) };
    const { fota, shows } = dripped(release({ minimumVersion: '1.5' }), () => after(disk, both), disk);
    expect(await fota.upgrade({ url })).toMatchObject({ result: 0, keyRing: { serial: 2 } });
    expect(shows()).toBe('image');
    expect(await after(disk, release({ version: '1.4' }))).toMatchObject({
      code: 'manifest-below-floor',
      keyRing: { serial: 2 },
    });
  });

  it('not at all where what was learned cannot be read then', async () => {
    const disk = new MemoryDisk();
    const { fota } = dripped(
      release(),
      () => {
        disk.fault = (step) => (step === 'recall' ? new Error('EIO') : undefined);
      },
      disk,
    );
    expect(await fota.upgrade({ url })).toMatchObject({ code: 'write-failed', phase: 'store' });
    expect(disk.shown).toBeUndefined();
  });

  it('when its bytes are durable; and from the verdict until it shows nothing is learned in this process', async () => {
    const disk = new MemoryDisk();
    const steps: string[] = [];
    const { fota } = device((ask) => (ask.url.includes('/other') ? ring2 : release({ minimumVersion: '1.5' })), disk);
    let beside: Promise<unknown> | undefined;
    disk.fault = (step) => {
      if (step === 'done') steps.length = 0;
      steps.push(step);
      // The first word that is written of the floor.
      if (steps[0] === 'done' && step === 'keep') beside ??= fota.check({ url: 'http://h/other' });
      return undefined;
    };
    expect(await fota.upgrade({ url })).toMatchObject({ result: 0 });
    await beside;
    const [done, ...others] = steps.filter((step) => step === 'done' || step === 'keep' || step === 'finish');
    expect([done, ...others]).toEqual(['done', 'keep', 'keep', 'finish', 'keep', 'keep']);
  });
});
