import { KEY_RING_FIRMWARE } from '@libfota2/protocol';
import type { Command } from 'commander';
import { CommandError, EXIT } from '../failure.ts';
import { bold } from '../output/text.ts';
import { isSignatureThere, writeDurably } from '../trust/files.ts';
import { pathOf, refuseSame } from '../trust/paths.ts';
import { secretKeyIn, unfit } from '../trust/read.ts';
import { manifestFacts, manifestJson } from '../trust/shown.ts';
import { type Signable, signable, signatureBy, type Wish } from '../trust/signing.ts';
import { secondOf } from '../trust/when.ts';
import { examples, type Invocation, jsonOption } from './command.ts';
import { names } from './values.ts';

interface Options {
  readonly key?: string;
  readonly project?: string;
  readonly firmware?: string;
  readonly version?: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly minimum?: string;
  readonly downgradeFrom?: string;
  readonly core?: string;
  readonly source?: string;
  readonly hardware?: readonly string[];
  readonly out?: string;
  readonly comment?: boolean;
}

/** `fota sign`: what devices believe. Needs no server. */
export function addSign(program: Command, invocation: Invocation): void {
  const command = jsonOption(program.command('sign')).description(
    "sign packages or key rings, in minisign's format; needs no server",
  );
  command
    .argument('<file...>', 'what is to be signed; the signature goes to FILE.minisig')
    .option('--key <file>', 'secret key, of fota keys new or minisign -G; - for stdin')
    .option('--project <name>', 'the project that the key ring names; a key ring says it itself')
    .option('--firmware <name>', 'what devices send as firmware_name (default: as content and file name tell)')
    .option('--version <version>', 'such as 1.4.0 (default: as content and file name tell)')
    .option(
      '--core <core>',
      'the core that devices run afterwards, such as V2013, or none (default: as content and file name tell)',
    )
    .option(
      '--source <core>',
      'the core that devices must run before, or any (default: as the content tells, else any)',
    )
    .option('--hardware <names>', 'only devices whose hardware has one of these names take it (default: any)', names)
    .option('--not-before <when>', 'no device takes it before: 2026-12-31T18:00Z, or 2d from now')
    .option('--not-after <when>', 'no device takes it afterwards: 2026-12-31T18:00Z, or 90d from now')
    .option('--minimum <version>', 'who takes it never again takes one below this version')
    .option('--downgrade-from <version>', 'devices up to this version may go back to it')
    .option('--out <file>', 'the signature of a single file, elsewhere')
    .option('--comment', 'print what minisign -S -t takes, for keys that lie elsewhere, and sign nothing')
    .action((files: readonly string[], options: Options) =>
      options.comment === true ? comment(invocation, files, options) : sign(invocation, files, options),
    );
  examples(
    command,
    'fota sign tracker_1.4.0.bin --key tracker-release.key --project tracker',
    'fota sign app.tar --key release.key --project gateway --firmware gateway --version 2.1.0 --not-after 180d',
    'printf %s "$RELEASE_KEY" | fota sign app.bin --key - --project gateway     in CI, with FOTA_KEY_PASSPHRASE',
    'minisign -S -m app.bin -t "$(fota sign --comment app.bin --project gateway --version 2.1.0)"',
    'fota sign delta.bin --key release.key --project tracker --source V2012 --core V2013',
    'fota sign board.bin --key release.key --project gateway --version 2.1.0 --hardware rev-b,rev-c',
    'fota sign old.bin --key release.key --project gateway --version 1.9.0 --downgrade-from 2.1.0',
  );
}

async function sign(invocation: Invocation, files: readonly string[], options: Options): Promise<void> {
  const { out, world } = invocation;
  if (options.key === undefined)
    throw wrongUse('with which key?', 'Name it: --key FILE; or --comment for minisign -S.');
  if (options.out !== undefined && files.length > 1) throw wrongUse('--out is for one file', 'Sign them one by one.');
  const wish = wishOf(options, world.now());
  // All is known to be right before a passphrase is asked for.
  const ready: Array<{ readonly file: string; readonly target: string; readonly what: Signable }> = [];
  for (const file of files) {
    const path = pathOf(world, file);
    const target = options.out === undefined ? `${path}.minisig` : pathOf(world, options.out);
    await isSignatureThere(target);
    ready.push({ file, target, what: await signable(invocation, path, wish) });
  }
  await refuseSame(ready.map(({ target }) => target));
  const purpose = ready.every(({ what }) => isForRing(what)) ? 'ring' : 'release';
  const key = await secretKeyIn(invocation, options.key, purpose);
  const keyId = key.publicKey.id;
  const items: object[] = [];
  for (const { file, target, what } of ready) {
    const mayReplace = await isSignatureThere(target);
    await writeDurably({ path: target, text: signatureBy(key, what) }, mayReplace);
    const warning = unfit(key, file, isForRing(what) ? 'ring' : 'release');
    if (warning !== undefined) out.note(`warning: ${warning}`);
    items.push({ file, signature: target, keyId, ...manifestJson(what.manifest), warning });
  }
  out.result({ items }, () => {
    for (const [place, { file, target, what }] of ready.entries()) {
      if (place > 0) out.line();
      out.facts([
        ['file', bold(file)],
        ...manifestFacts(what.manifest, world.now()),
        ['by key', keyId],
        ['signature', target],
      ]);
    }
  });
}

function isForRing({ manifest }: Signable): boolean {
  return manifest.firmwareName === KEY_RING_FIRMWARE;
}

async function comment(invocation: Invocation, files: readonly string[], options: Options): Promise<void> {
  const { out, world } = invocation;
  const [file = '', ...more] = files;
  if (more.length > 0) throw wrongUse('--comment is for one file', 'Ask for them one by one.');
  const { comment, manifest } = await signable(invocation, pathOf(world, file), wishOf(options, world.now()));
  // Tabs and visible ASCII only.
  out.result({ file, comment, ...manifestJson(manifest) }, () => out.raw(`${comment}\n`));
}

function wishOf(options: Options, now: number): Wish {
  const { project, firmware, version, core, source, hardware, notBefore, notAfter, minimum, downgradeFrom } = options;
  const when = (name: string, text: string | undefined): number | undefined =>
    text === undefined ? undefined : secondOf(name, text, now);
  const wish: Record<keyof Wish, string | number | readonly string[] | undefined> = {
    project,
    firmwareName: firmware,
    version,
    core,
    source,
    hardware,
    notBefore: when('--not-before', notBefore),
    notAfter: when('--not-after', notAfter),
    minimumVersion: minimum,
    downgradeFrom,
  };
  return Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined)) as Wish;
}

function wrongUse(message: string, remedy: string): CommandError {
  return new CommandError('usage', message, { remedy, exitCode: EXIT.usage });
}
