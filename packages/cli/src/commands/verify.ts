import {
  admit,
  followLink,
  KEY_RING_FIRMWARE,
  type KeyRing,
  type Manifest,
  parseSignature,
  TrustError,
} from '@libfota2/protocol';
import { type Command, Option } from 'commander';
import { CommandError, EXIT } from '../failure.ts';
import { bold, green } from '../output/text.ts';
import { believed, checkFile, type Trusted } from '../trust/checking.ts';
import { imagined } from '../trust/cores.ts';
import { trustCrypto } from '../trust/crypto.ts';
import { readIfThere, readSmall } from '../trust/files.ts';
import { pathOf } from '../trust/paths.ts';
import { keyRingIn, naming, publicKeyIn } from '../trust/read.ts';
import { manifestFacts, manifestJson } from '../trust/shown.ts';
import { examples, type Invocation, jsonOption } from './command.ts';

interface Options {
  readonly signature?: string;
  readonly ring?: string;
  readonly key?: string;
  readonly project?: string;
  readonly firmware?: string;
  readonly running?: string;
  readonly core?: string;
  readonly hardware?: string;
  readonly floor?: string;
}

/** `fota verify`: what a device would make of it. Needs no server. */
export function addVerify(program: Command, invocation: Invocation): void {
  const command = jsonOption(program.command('verify')).description(
    'say what a signature says, whether it is proven, and whether devices would take the file now; needs no server',
  );
  command
    .argument('<file>', 'a package; or the next key ring, held against the present one with --ring')
    .option('--signature <file>', 'its signature (default: FILE.minisig)')
    .addOption(new Option('--ring <file>', 'key ring whose keys are trusted').conflicts('key'))
    .option('--key <pub>', 'public key that is trusted: a file, or its line')
    .option('--project <name>', 'with --key: the project that it must be signed for')
    .option('--firmware <name>', 'as a device that asks for this firmware')
    .option('--running <version>', 'as a device that runs this version')
    .option(
      '--core <core>',
      'as a device on this core, such as V2012, or none (default: as --running tells, else as the image is made for)',
    )
    .option('--hardware <name>', 'as a device with this hardware (default: with the right one)')
    .option('--floor <version>', 'as a device that may never again go below this version')
    .action((file: string, options: Options) => verify(invocation, file, options));
  examples(
    command,
    'fota verify app.bin --ring tracker.ring',
    'fota verify app.bin --ring tracker.ring --running 2.1.0       would a device with 2.1.0 take it?',
    'fota verify delta.bin --ring tracker.ring --core V2012 --running 1.0.5       and one on another core?',
    'fota verify tracker.2.ring --ring tracker.ring                does the next key ring follow?',
    'fota verify app.bin --key RWRiFHgOVCONEDm3Vsz4BOjlz2p27dvGOgH2HUoIabqputdZpk3kprIG',
  );
}

async function verify(invocation: Invocation, file: string, options: Options): Promise<void> {
  const { out, world } = invocation;
  const path = pathOf(world, file);
  const from = options.signature === undefined ? `${path}.minisig` : pathOf(world, options.signature);
  const trusted = await trustedBy(invocation, options);
  const text = options.signature === undefined ? await readIfThere(from) : await readSmall(from);
  if (text === undefined) throw new TrustError('signature-missing', `there is no ${from}`);
  const signature = naming(from, () => parseSignature(text));
  const { signer, manifest } = believed(signature, trusted);
  const result = { file, signature: from, keyId: signer.id, ...manifestJson(manifest) };
  const now = world.now();
  // What is proven is told, also where it is not enough.
  const show = (): void => {
    const whose = trusted.ring && `, trusted by ring ${trusted.ring.serial} of ${trusted.ring.project}`;
    out.facts([['file', bold(file)], ['by key', `${signer.id}${whose ?? ''}`], ...manifestFacts(manifest, now)]);
  };
  const device = await imagined(manifest, options);
  let isNew: boolean;
  try {
    await checkFile(invocation, path, { signature, manifest, signer });
    if (trusted.ring !== undefined && manifest.firmwareName === KEY_RING_FIRMWARE) {
      followLink(trusted.ring, { text: await readSmall(path), signature: text }, trustCrypto);
    }
    isNew = admit(manifest, {
      project: trusted.ring?.project ?? options.project ?? manifest.project,
      firmwareName: options.firmware,
      hardware: options.hardware,
      ...device,
      now: Math.floor(now / 1_000),
    });
  } catch (error) {
    if (error instanceof TrustError && !out.isJson) show();
    throw error;
  }
  out.result({ ...result, valid: true, runsAlready: !isNew }, () => {
    show();
    out.line(green('valid'), `  ${conclusion(manifest, trusted.ring, isNew)}`);
  });
}

async function trustedBy(invocation: Invocation, { ring, key }: Options): Promise<Trusted> {
  if (ring !== undefined) return { ring: (await keyRingIn(invocation, ring)).ring };
  if (key !== undefined) return { ring: undefined, key: await publicKeyIn(invocation, key) };
  throw new CommandError('usage', 'whose word is taken?', {
    remedy: 'Name the key ring, --ring FILE, or a public key, --key PUB.',
    exitCode: EXIT.usage,
  });
}

function conclusion({ firmwareName, version }: Manifest, ring: KeyRing | undefined, isNew: boolean): string {
  if (firmwareName === KEY_RING_FIRMWARE && ring !== undefined)
    return `it follows ring ${ring.serial} of ${ring.project}`;
  return isNew
    ? `${firmwareName} ${version} may be taken now`
    : `${firmwareName} ${version} runs there already: it is not taken again`;
}
