import { join } from 'node:path';
import { formatKeyRing } from '@libfota2/protocol';
import type { Command } from 'commander';
import { bold, dim } from '../output/text.ts';
import { quoted } from '../output/words.ts';
import { refuseThere, writeDurably } from '../trust/files.ts';
import { type NewKey, newKey, publicPath } from '../trust/new-key.ts';
import { newPassphrase } from '../trust/passphrase.ts';
import { pathOf, refuseSame } from '../trust/paths.ts';
import { examples, type Invocation, integer, jsonOption } from './command.ts';
import { addKeysRotate } from './keys-rotate.ts';
import { addKeysShow } from './keys-show.ts';

interface Options {
  readonly project: string;
  readonly dir: string;
  readonly serial: number;
  readonly passphrase: boolean;
  readonly force?: boolean;
}

/** `fota keys`: whose word devices take. Needs no server, and no server ever sees a secret key. */
export function addKeys(program: Command, invocation: Invocation): void {
  const group = program.command('keys').description('make, show and replace the keys that releases are signed with');
  addNew(group, invocation);
  addKeysShow(group, invocation);
  addKeysRotate(group, invocation);
}

function addNew(group: Command, invocation: Invocation): void {
  const { out, world } = invocation;
  const command = jsonOption(group.command('new')).description(
    "make a release key, a ring key, and the key ring that holds their public halves; all in minisign's format",
  );
  command
    .requiredOption('--project <name>', 'the project that they sign for, as it is called on the server')
    .option('--dir <dir>', 'where the files go; made where it is missing', '.')
    .option('--serial <n>', 'of the key ring: above that of a ring whose keys are lost', integer(1, 999_999_999), 1)
    .option(
      '--no-passphrase',
      'leave the secret keys open (default: asked for, or FOTA_KEY_PASSPHRASE and FOTA_RING_PASSPHRASE)',
    )
    .option('--force', 'replace files of these names; the keys in them are lost then')
    .action(async ({ project, dir, serial, passphrase, force = false }: Options) => {
      const { checkProjectName } = await import('@libfota2/server');
      const stem = join(pathOf(world, dir), fileStem(checkProjectName(project)));
      const [releaseFile, ringFile, ringPath] = [`${stem}-release.key`, `${stem}-ring.key`, `${stem}.ring`];
      const made = [releaseFile, ringFile].flatMap((file) => [file, publicPath(file)]);
      await refuseSame([...made, ringPath]);
      await refuseThere([...made, ringPath], force);
      // All that is asked is asked before anybody waits.
      const forRelease = passphrase ? await newPassphrase(invocation, releaseFile, 'release') : undefined;
      const forRing = passphrase ? await newPassphrase(invocation, ringFile, 'ring') : undefined;
      const release = await newKey(invocation, releaseFile, { kind: 'release', passphrase: forRelease });
      const ring = await newKey(invocation, ringFile, { kind: 'ring', passphrase: forRing });
      const text = formatKeyRing({
        project,
        serial,
        releaseKeys: [release.key.publicKey],
        ringKeys: [ring.key.publicKey],
      });
      for (const key of [release, ring]) {
        await writeDurably(key.secret, force);
        await writeDurably(key.public, force);
      }
      await writeDurably({ path: ringPath, text }, force);
      const result = { project, ring: ringPath, serial, releaseKey: keyJson(release), ringKey: keyJson(ring) };
      out.result(result, () => {
        out.facts([
          ['release key', bold(release.key.publicKey.id)],
          ['', releaseFile],
          ['', 'Signs images. Where you build: among the secrets of your CI.'],
          ['ring key', bold(ring.key.publicKey.id)],
          ['', ringFile],
          ['', 'Signs the next key ring, should a key be lost or stolen. Offline, with a copy in another place.'],
          ['', 'Whoever has lost it can replace no key any more; whoever steals it can replace all of them.'],
          ['key ring', bold(`${serial} of ${project}`)],
          ['', ringPath],
          ['', 'Public. To the server, and with the application to every device.'],
        ]);
        out.line();
        out.line('Next:');
        out.line(`  fota project trust ${quoted(project)} ${quoted(ringPath)}`);
        out.line(
          dim(
            '  devices: configure({ trust }) of libfota2, with the text of the key ring; of fota agent trust = "FILE"',
          ),
        );
        out.line(`  fota publish FILE --project ${quoted(project)} --key ${quoted(releaseFile)}`);
        if (!passphrase) out.note('The secret keys lie open: who can read the files can sign.');
      });
    });
  examples(
    command,
    'fota keys new --project tracker                      asks for a passphrase for each key',
    'fota keys new --project tracker --dir /media/usb',
    'fota keys new --project tracker --dir anew --serial 9      where all ring keys up to ring 8 are lost',
    'FOTA_KEY_PASSPHRASE="$(pass fota/release)" FOTA_RING_PASSPHRASE="$(pass fota/ring)" fota keys new --project tracker --json',
  );
}

function keyJson({ key, secret, public: shared }: NewKey): object {
  return { id: key.publicKey.id, secret: secret.path, public: shared.path };
}

/** A name that every disk takes. */
function fileStem(project: string): string {
  return project.replace(/[/\\:*?"<>|\s]/g, '_').replace(/^\./, '_');
}
