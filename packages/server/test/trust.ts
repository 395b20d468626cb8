import { formatKeyRing, type KeyRing, type Manifest } from '@libfota2/protocol';
import { makeSigner, type Signer } from '@libfota2/testkit';

/** Who signs: releases day by day, the next ring from a safe, and somebody who may sign nothing. */
export const DAILY: Signer = makeSigner(1);
export const SPARE: Signer = makeSigner(2);
export const SAFE: Signer = makeSigner(3);
export const THIEF: Signer = makeSigner(5);

/** The first ring of a project. */
export function firstRing(project: string): KeyRing {
  return { project, serial: 1, releaseKeys: [DAILY.publicKey], ringKeys: [SAFE.publicKey] };
}

/** The ring after that, in which the spare key takes the place of the daily one. */
export function secondRing(project: string): KeyRing {
  return { ...firstRing(project), serial: 2, releaseKeys: [SPARE.publicKey] };
}

export function ringText(ring: KeyRing): string {
  return formatKeyRing(ring);
}

/** The signature of a release of the firmware `app`, version 1.1.0, of the project `sample`. */
export function signed(bytes: Uint8Array, wanted: Partial<Manifest> = {}, by: Signer = DAILY): string {
  return by.release(bytes, { project: 'sample', firmwareName: 'app', version: '1.1.0', ...wanted });
}
