import { formatKeyRing, type Manifest } from '@libfota2/protocol';
import {
  type FakeWorld,
  fakeWorld,
  MemoryDisk,
  MISBEHAVIOURS,
  makeImage,
  makeSigner,
  type Script,
} from '@libfota2/testkit';
import { ConnectionError, createCore, EVENTS, type EventCode, type Settings, type UpgradeOptions } from 'libfota2/core';
import { describe, expect, it } from 'vitest';

const image = makeImage(1, 50_000);
const url = 'http://h/up';
const etag = '"one"';
const platform = { version: '1.2.3', productKey: 'key' };

/** A call that ends as no server alone can make it end, so that it has no row among the misbehaviours. */
interface Ending {
  readonly world?: () => FakeWorld;
  readonly settings?: Settings;
  readonly options?: UpgradeOptions;
}

const healthy = (): FakeWorld => fakeWorld(() => ({ body: image }));
const fails = (error: Error) => (): FakeWorld => fakeWorld(() => error);

/** Of the disk, when it is written to. */
const diskFails = (code: string) => (): FakeWorld => {
  const disk = new MemoryDisk();
  disk.fault = (step) => (step === 'write' ? Object.assign(new Error(code), { code }) : undefined);
  return fakeWorld(() => ({ body: image }), { disk });
};

/** Goes quiet in the middle, then sends another range than the one it is asked for. */
const lateWrongRange = (): FakeWorld =>
  fakeWorld((_ask, attempt) => {
    if (attempt === 1) return { headers: { etag }, body: image, fault: { afterBytes: 20_000, how: 'stall' } };
    const range = { etag, 'content-range': `bytes 0-${image.length - 1}/${image.length}` };
    return { status: 206, headers: range, body: image };
  });

const signer = makeSigner(1);
const trust = formatKeyRing({
  project: 'gateway',
  serial: 1,
  releaseKeys: [signer.publicKey],
  ringKeys: [makeSigner(2).publicKey],
});
const trusting: Settings = { trust, version: '1.0.0', project: 'gateway' };

/** Of a device with a key ring, to which the image comes with this text as its signature. */
function signed(text: string | undefined, kept?: string): Ending {
  const headers = text === undefined ? {} : { 'fota-signature': Buffer.from(text).toString('base64') };
  const world = (): FakeWorld => {
    const disk = new MemoryDisk();
    disk.vault[0] = kept;
    const serve: Script = ({ url }) =>
      url.includes('.minisig') ? { status: 404 } : { body: image, headers: { etag, ...headers } };
    return fakeWorld(serve, { disk });
  };
  return { world, settings: trusting };
}
const saying = (wanted: Partial<Manifest>, kept?: string): Ending => signed(signer.release(image, wanted), kept);

const ENDINGS: Readonly<Partial<Record<EventCode, Ending>>> = {
  'host-not-found': { world: fails(new ConnectionError('host-not-found', 'by the transport', 'connect')) },
  'host-unreachable': { world: fails(new ConnectionError('host-unreachable', 'by the transport', 'connect')) },
  'url-malformed': { options: { url: 'h/up' } },
  'url-scheme': { options: { url: 'ftp://h/up' } },
  // The silence, a pause, and then less time is left than another pause takes.
  'range-mismatch': { world: lateWrongRange, options: { url, timeoutMs: 10_000, idleTimeoutMs: 9_500 } },
  'disk-full': { world: diskFails('ENOSPC') },
  'write-failed': { world: diskFails('EIO') },
  'option-invalid': { options: { url, method: 'HEAD' } },
  internal: { world: fails(new TypeError('a defect')) },
  'signature-missing': signed(undefined),
  'signature-malformed': signed('a signature'),
  'signature-unknown-key': signed(makeSigner(2).release(image, {})),
  'signature-invalid': signed(signer.release(makeImage(2, image.length), {})),
  'manifest-malformed': signed(signer.sign(image, 'timestamp:1')),
  'manifest-mismatch': saying({ project: 'another' }),
  'manifest-early': saying({ notBefore: 9_000_000_000 }),
  'manifest-expired': saying({ notAfter: 1_700_000_000 }),
  'manifest-below-floor': saying({ version: '0.9', downgradeFrom: '1.0.0' }, 'damaged'),
  'manifest-downgrade': saying({ version: '0.9' }),
  'product-key-missing': { settings: { ...platform, productKey: '' }, options: {} },
  'version-malformed': { settings: { ...platform, version: '1.2' }, options: {} },
};

/** Ends of other calls than `upgrade`, and of slots (report.test.ts, application-slots.test.ts, installer.test.ts). */
const ELSEWHERE: readonly EventCode[] = [
  'report-refused',
  'unconfirmed',
  'image-refused',
  'image-given-up',
  'image-runs',
  'installer-failed',
];

describe('a call ends in', () => {
  for (const [code, { world: make = healthy, settings = {}, options = { url } }] of Object.entries(ENDINGS)) {
    it(`${code}, shows no image and leaves no timer`, async () => {
      const world = make();
      const { result } = EVENTS[code as EventCode];
      expect(await createCore(world, settings).upgrade(options)).toMatchObject({ result, code });
      expect([world.disk.shown, world.disk.parts.size, world.clock.timers]).toEqual([undefined, 0, 0]);
    });
  }

  it('every code that there is, here, elsewhere, or by a row of the misbehaviours', () => {
    const ended = new Set([...ELSEWHERE, ...Object.keys(ENDINGS), ...MISBEHAVIOURS.map(({ code }) => code)]);
    expect([...ended].sort()).toEqual(Object.keys(EVENTS).sort());
  });
});

describe('what nobody foresaw', () => {
  it('is told as the cause where the transport throws it', async () => {
    const cause = new TypeError('a defect');
    const outcome = await createCore(fails(cause)()).upgrade({ url });
    expect(outcome).toMatchObject({ code: 'internal', attempts: 1, error: { cause } });
    expect(outcome.message).toContain('a defect');
  });

  it('is told as the cause where it happens within the body, and nothing of that is kept', async () => {
    const cause = new TypeError('a defect');
    const world = fakeWorld(() => ({ headers: { etag }, body: image, fault: { afterBytes: 20_000, how: cause } }));
    const outcome = await createCore(world).upgrade({ url });
    expect(outcome).toMatchObject({ result: 4, code: 'internal', attempts: 1, bytes: 20_000, error: { cause } });
    expect([world.disk.shown, world.disk.parts.size]).toEqual([undefined, 0]);
  });
});

it('a range that is wrong too late for another try ends before the deadline', async () => {
  const outcome = await createCore(lateWrongRange()).upgrade({ url, timeoutMs: 10_000, idleTimeoutMs: 9_500 });
  expect(outcome).toMatchObject({ code: 'range-mismatch', attempts: 2 });
  expect(outcome.durationMs).toBeLessThan(10_000);
});
