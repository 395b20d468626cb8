/** Signed releases, rings and a device that trusts them, for the tests of signatures in the core. */
import { formatKeyRing, type KeyRing, type Manifest } from '@libfota2/protocol';
import {
  type FakeWorld,
  fakeWorld,
  MemoryDisk,
  makeImage,
  makeSigner,
  type Script,
  type ScriptedAnswer,
  type Signer,
} from '@libfota2/testkit';
import { createCore, type Fota, type Outcome, type Settings } from 'libfota2/core';

export const url = 'http://h/up';
export const etag = '"one"';
export const image = makeImage(1, 50_000);
export const other = makeImage(2, 50_000);
export const signer = makeSigner(1);
export const ringSigner = makeSigner(2);
export const thief = makeSigner(3);
export const nextSigner = makeSigner(4);

export const ringOf = (serial: number, release: readonly Signer[] = [signer], ring: Signer = ringSigner): KeyRing => ({
  project: 'gateway',
  serial,
  releaseKeys: release.map(({ publicKey }) => publicKey),
  ringKeys: [ring.publicKey],
});
export const trust = formatKeyRing(ringOf(1));
export const base64 = (text: string): string => Buffer.from(text).toString('base64');
export const release = (wanted: Partial<Manifest> = {}, bytes = image, by = signer): ScriptedAnswer => ({
  body: bytes,
  headers: { etag, 'fota-signature': base64(by.release(bytes, wanted)) },
});
/** All of them in one head, more than our own server sends at a time. */
export const links = (...signed: readonly (readonly [Signer, KeyRing])[]): Readonly<Record<string, string>> => {
  const pairs = signed.map(([by, ring]) => by.link(ring)).map(({ text, signature }) => [text, signature]);
  return { 'fota-key-ring': base64(JSON.stringify(pairs)) };
};

export interface Device {
  readonly world: FakeWorld;
  readonly fota: Fota;
  /** Whether the place shows an image, and which. */
  shows(): 'image' | 'other' | undefined;
}

/** A device with the ring, version 1.0.0 and firmware `gateway`, in front of a server that answers so. */
export function device(answer: ScriptedAnswer | Script, disk = new MemoryDisk(), settings: Settings = {}): Device {
  const script: Script = typeof answer === 'function' ? answer : () => answer;
  const world = fakeWorld((ask, attempt) => (ask.url.includes('.minisig') ? { status: 404 } : script(ask, attempt)), {
    disk,
  });
  const fota = createCore(world, { trust, version: '1.0.0', project: 'gateway', ...settings });
  const shows = (): 'image' | 'other' | undefined =>
    disk.shown && (Buffer.from(disk.shown).equals(image) ? 'image' : 'other');
  return { world, fota, shows };
}

export const after = async (disk: MemoryDisk, answer: ScriptedAnswer, settings?: Settings): Promise<Outcome> =>
  device(answer, disk, settings).fota.upgrade({ url });
