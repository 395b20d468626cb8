/** The signature that a package is published with: found, given or made, and held against the file before a byte goes up. */
import {
  admit,
  compareVersions,
  type KeyRing,
  onWire,
  parseKeyRing,
  parseManifest,
  parseSignature,
  TrustError,
} from '@libfota2/protocol';
import type { Client } from '../client/http.ts';
import type { Invocation } from '../commands/command.ts';
import { ApiError, CommandError } from '../failure.ts';
import { quoted } from '../output/words.ts';
import { believed, checkFile } from './checking.ts';
import { coreIn, sourceIn } from './cores.ts';
import { readIfThere, readSmall } from './files.ts';
import { pathOf } from './paths.ts';
import { naming, secretKeyIn, unfit } from './read.ts';
import { signable, signatureBy } from './signing.ts';

export interface SigningOptions {
  readonly signature?: string;
  readonly key?: string;
  readonly firmware?: string;
  readonly version?: string;
  readonly core?: string;
  readonly source?: string;
  readonly hardware?: readonly string[];
}

/** A package that is to be published. */
export interface Publishable {
  readonly project: string;
  /** The file, as somebody typed it. */
  readonly file: string;
  readonly path: string;
}

/**
 * The text of its signature; `undefined`: it has none, and its project has no key ring.
 * @throws TrustError, CommandError `signature-missing`, `usage`, `file-unreadable`, `passphrase-…`
 */
export async function signatureFor(
  invocation: Invocation,
  client: Client,
  what: Publishable,
  options: SigningOptions,
): Promise<string | undefined> {
  const ring = await ringAt(client, what.project);
  const found = await textOf(invocation, what, options);
  if (found === undefined) {
    if (ring === undefined) return undefined;
    const message = `"${what.project}" has a key ring, and there is no ${what.file}.minisig`;
    const sign = `fota sign ${quoted(what.file)} --key KEY --project ${quoted(what.project)}`;
    throw new CommandError('signature-missing', message, { remedy: `${sign}, then the same again; or add --key KEY.` });
  }
  try {
    await check(invocation, what, { ...found, ring }, options);
    return found.text;
  } catch (error) {
    // What somebody signed for another purpose lies there as well, and no device asks for it.
    const isOther = error instanceof TrustError && /-malformed$/.test(error.code);
    if (!isOther || found.kind !== 'beside' || ring !== undefined) throw error;
    invocation.out.note(`${found.from} tells nothing of libfota2: published without a signature.`);
    return undefined;
  }
}

/** The present ring of a project; `undefined`: it has none. */
async function ringAt(client: Client, project: string): Promise<KeyRing | undefined> {
  try {
    const { text } = await client.get('/projects/{project}/key-ring', { path: { project } });
    return naming('the key ring of the server', () => parseKeyRing(text));
  } catch (error) {
    if (error instanceof ApiError && error.code === 'key-ring-none') return undefined;
    throw error;
  }
}

interface Found {
  readonly text: string;
  /** What people are told of where it is from. */
  readonly from: string;
  /** `beside`: it lay there, and nobody asked for it. */
  readonly kind: 'made' | 'given' | 'beside';
}

async function textOf(
  invocation: Invocation,
  { project, file, path }: Publishable,
  { signature, key, firmware, version, core, source, hardware }: SigningOptions,
): Promise<Found | undefined> {
  const { out, world } = invocation;
  if (key !== undefined) {
    const what = await signable(invocation, path, { project, firmwareName: firmware, version, core, source, hardware });
    const signer = await secretKeyIn(invocation, key, 'release');
    const warning = unfit(signer, file, 'release');
    if (warning !== undefined) out.note(`warning: ${warning}`);
    return { text: signatureBy(signer, what), from: key, kind: 'made' };
  }
  if (signature !== undefined) {
    return { text: await readSmall(pathOf(world, signature)), from: signature, kind: 'given' };
  }
  const from = `${file}.minisig`;
  const text = await readIfThere(`${path}.minisig`);
  if (text === undefined) return undefined;
  out.note(`signature: ${from}, which lies beside`);
  return { text, from, kind: 'beside' };
}

/** What the server will look at, too. @throws TrustError */
async function check(
  invocation: Invocation,
  { project, path }: Publishable,
  { text, from, kind, ring }: Found & { readonly ring: KeyRing | undefined },
  { firmware, version, core, source, hardware }: SigningOptions,
): Promise<void> {
  const wantedCore = core === undefined ? undefined : { core: await coreIn(core) };
  const wantedSource = source === undefined ? undefined : { source: await sourceIn(source) };
  const signature = naming(from, () => parseSignature(text));
  const known = naming(from, () => (ring === undefined ? undefined : believed(signature, { ring })));
  const manifest = known?.manifest ?? naming(from, () => parseManifest(signature.trustedComment));
  const now = Math.floor(invocation.world.now() / 1_000);
  naming(from, () => {
    if (version !== undefined && compareVersions(version, manifest.version) !== 0) {
      throw new TrustError('manifest-mismatch', `it is signed as ${manifest.version}, not ${version}`);
    }
    const told = onWire(manifest.version, manifest);
    const wanted = wantedCore && onWire(version ?? manifest.version, wantedCore);
    if (wanted !== undefined && compareVersions(told, wanted) !== 0) {
      throw new TrustError(
        'manifest-mismatch',
        `it is signed as ${told} on the wire, not ${wanted}: sign with --core ${core}`,
      );
    }
    if (wantedSource !== undefined && wantedSource.source !== manifest.source) {
      const signed = manifest.source ?? 'any';
      throw new TrustError('manifest-mismatch', `it is signed for devices on the core ${signed}, not ${source}`);
    }
    if (hardware !== undefined && hardware.toSorted().join() !== manifest.hardware?.toSorted().join()) {
      const signed = manifest.hardware?.join() ?? 'any';
      throw new TrustError('manifest-mismatch', `it is signed for the hardware ${signed}, not ${hardware.join()}`);
    }
    // What is not valid yet may be published already.
    const then = Math.max(now, manifest.notBefore ?? now);
    const anyDevice = { core: manifest.source, version: undefined, floor: undefined, now: then };
    admit(manifest, { project, firmwareName: firmware, ...anyDevice });
  });
  if (kind !== 'made') await checkFile(invocation, path, { signature, manifest, signer: known?.signer });
}
