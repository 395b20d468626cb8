/** Whether a file is what a signature says, as a device would find it (docs/protocol.md §13.4). */
import {
  KEY_RING_FIRMWARE,
  type KeyRing,
  type Manifest,
  type PublicKey,
  parseManifest,
  proveBytes,
  proveComment,
  type Signature,
  TrustError,
} from '@libfota2/protocol';
import type { Invocation } from '../commands/command.ts';
import { trustCrypto } from './crypto.ts';
import { digestsOf } from './digests.ts';

/** Whose word is taken. */
export type Trusted = { readonly ring: KeyRing } | { readonly ring: undefined; readonly key: PublicKey };

/** Who made it, and what it says; nothing yet of the bytes. @throws TrustError */
export function believed(
  signature: Signature,
  trusted: Trusted,
): { readonly signer: PublicKey; readonly manifest: Manifest } {
  const manifest = parseManifest(signature.trustedComment);
  const signer = proveComment(signature, keysFor(manifest, trusted), trustCrypto.ed25519);
  return { signer, manifest };
}

/** Ring keys sign the next ring and nothing else, release keys the rest (docs/protocol.md §13.5). */
function keysFor({ firmwareName }: Manifest, trusted: Trusted): readonly PublicKey[] {
  if (trusted.ring === undefined) return [trusted.key];
  return firmwareName === KEY_RING_FIRMWARE ? trusted.ring.ringKeys : trusted.ring.releaseKeys;
}

/**
 * Holds a file against what was signed. `signer` `undefined`: nobody knows whose the signature is, and just what it says is
 * looked at. @throws TrustError `manifest-mismatch`, `signature-invalid`; CommandError `file-unreadable`
 */
export async function checkFile(
  { out, signal }: Invocation,
  path: string,
  {
    signature,
    manifest,
    signer,
  }: {
    readonly signature: Signature;
    readonly manifest: Manifest;
    readonly signer: PublicKey | undefined;
  },
): Promise<void> {
  const { size, sha256, blake2b512 } = await digestsOf(path, out, signal());
  if (size !== manifest.size || sha256 !== manifest.sha256) {
    throw new TrustError('manifest-mismatch', `${path} is not what was signed: ${size} bytes, sha256 ${sha256}`);
  }
  if (signer !== undefined) proveBytes(signature, signer, blake2b512, trustCrypto.ed25519);
}
