/** What a signature of a file says, and the signature. */
import {
  compareVersions,
  formatManifest,
  isKeyRing,
  KEY_RING_FIRMWARE,
  type Manifest,
  onWire,
  parseKeyRing,
} from '@libfota2/protocol';
import type { Invocation } from '../commands/command.ts';
import { CommandError, EXIT } from '../failure.ts';
import { coreIn, sourceIn } from './cores.ts';
import { type Digests, digestsOf } from './digests.ts';
import { readSmall } from './files.ts';
import { naming } from './read.ts';
import { type SecretKey, signature } from './secret-key.ts';

/** What the one who signs says; the rest is told by the file. Cores are as typed: `V2013` or `none`, and `V2012` or `any`. */
export type Wish = {
  readonly [Name in Exclude<keyof Manifest, 'size' | 'sha256' | 'signedAt'>]?: Manifest[Name] | undefined;
};

/** A file, and what is to be said of it. */
export interface Signable {
  readonly manifest: Manifest;
  readonly comment: string;
  readonly blake2b512: Uint8Array;
}

/** Larger than any key ring. */
const SMALL = 16_384;

/**
 * @throws TrustError `manifest-malformed`, `key-ring-malformed`; CommandError `usage`, `file-unreadable`, `file-changed`;
 *   FotaServerError `package-…`, `name-invalid`, `version-invalid`
 */
export async function signable({ out, world, signal }: Invocation, path: string, wish: Wish): Promise<Signable> {
  const digests = await digestsOf(path, out, signal());
  const names = (await ringNames(path, digests, wish)) ?? (await packageNames(path, digests, wish));
  const { size, sha256, blake2b512 } = digests;
  const { hardware, notBefore, notAfter, minimumVersion, downgradeFrom } = wish;
  const conditions = { hardware, notBefore, notAfter, minimumVersion, downgradeFrom };
  const signedAt = Math.floor(world.now() / 1_000);
  const manifest: Manifest = { ...names, size, sha256, signedAt, ...conditions };
  refuseVain(manifest);
  return { manifest, comment: formatManifest(manifest), blake2b512 };
}

export function signatureBy(key: SecretKey, { comment, blake2b512 }: Signable): string {
  return signature(key, blake2b512, comment);
}

type Names = Pick<Manifest, 'project' | 'firmwareName' | 'version' | 'core' | 'source'>;

/** A key ring says itself as what it is signed. */
async function ringNames(path: string, { size }: Digests, wish: Wish): Promise<Names | undefined> {
  if (size > SMALL) return undefined;
  const text = await readSmall(path);
  if (!isKeyRing(text)) return undefined;
  const { project, serial } = naming(path, () => parseKeyRing(text));
  const names = { project, firmwareName: KEY_RING_FIRMWARE, version: String(serial) };
  for (const name of ['project', 'firmwareName', 'version'] as const) {
    if ((wish[name] ?? names[name]) === names[name]) continue;
    throw wrongUse(`${path} is the key ring ${serial} of ${project}, and can be signed as nothing else`, '');
  }
  const { core, source, hardware, notBefore, notAfter, minimumVersion, downgradeFrom } = wish;
  if (
    [core, source, hardware, notBefore, notAfter, minimumVersion, downgradeFrom].some((value) => value !== undefined)
  ) {
    throw wrongUse(
      `${path} is a key ring, which devices follow whenever it comes`,
      'Sign it without conditions and cores.',
    );
  }
  return names;
}

async function packageNames(path: string, { sha256 }: Digests, wish: Wish): Promise<Names> {
  const { checkedNames, checkProjectName, inspectFile } = await import('@libfota2/server');
  const { sha256: again, proposal, inspection } = await inspectFile(path);
  if (again !== sha256) {
    throw new CommandError('file-changed', `${path} changed while it was read`, {
      remedy: 'Sign again once the build that writes the file has ended.',
    });
  }
  const firmwareName = wish.firmwareName ?? proposal.firmwareName?.value;
  const version = wish.version ?? proposal.version?.value;
  const { project } = wish;
  if (project === undefined)
    throw wrongUse(`for which project is ${path}?`, 'Name the project of the key ring: --project NAME.');
  if (firmwareName === undefined) {
    throw wrongUse(`neither content nor name of ${path} tells which firmware it is`, 'Say it: --firmware NAME.');
  }
  if (version === undefined) {
    throw wrongUse(`neither content nor name of ${path} tells its version`, 'Say it: --version VERSION.');
  }
  checkProjectName(project);
  checkedNames(firmwareName, version, undefined);
  if (firmwareName === KEY_RING_FIRMWARE) {
    throw wrongUse(
      `${KEY_RING_FIRMWARE} is what key rings are signed as, and ${path} is none`,
      'Choose another --firmware.',
    );
  }
  const { core = proposal.core?.value, source = proposal.sourceCore?.value } = wish;
  const cores = { core: core && (await coreIn(core)), source: source && (await sourceIn(source)) };
  if (inspection.needsSourceCore && cores.source === undefined) {
    throw wrongUse(
      `${path} holds a core delta, which ruins a device of any other core than the one that it was made from`,
      'Say which: --source CORE.',
    );
  }
  return { project, firmwareName, version, ...cores };
}

/** What could never be of use is a slip of the hand. */
function refuseVain(manifest: Manifest): void {
  const { version, signedAt, notAfter, downgradeFrom } = manifest;
  if (notAfter !== undefined && notAfter < signedAt) {
    throw wrongUse('--not-after lies in the past: nobody could take it', 'Give a later one.');
  }
  if (downgradeFrom !== undefined && compareVersions(onWire(downgradeFrom, manifest), onWire(version, manifest)) <= 0) {
    throw wrongUse(
      `--downgrade-from ${downgradeFrom} is not above ${version}: nobody goes back from there`,
      'Give the highest version that may go back to this one.',
    );
  }
}

function wrongUse(message: string, remedy: string): CommandError {
  return new CommandError('usage', message, { remedy, exitCode: EXIT.usage });
}
