import { followLink, formatKeyRing, formatManifest, KEY_RING_FIRMWARE, type KeyRing, utf8 } from '@libfota2/protocol';
import type { Command } from 'commander';
import { bold, green, red, type Text } from '../output/text.ts';
import { counted, quoted } from '../output/words.ts';
import { trustCrypto } from '../trust/crypto.ts';
import { refuseThere, writeDurably } from '../trust/files.ts';
import { type NewKey, newKey, publicPath } from '../trust/new-key.ts';
import { newPassphrase } from '../trust/passphrase.ts';
import { isPublicLine, pathOf, refuseSame } from '../trust/paths.ts';
import { keyRingIn, publicKeyIn, secretKeyIn } from '../trust/read.ts';
import { type Change, type KeyChange, rotated } from '../trust/rotation.ts';
import { type SecretKey, signature } from '../trust/secret-key.ts';
import { examples, type Invocation, jsonOption } from './command.ts';

interface Options {
  readonly ringKey?: string;
  readonly addRelease?: string;
  readonly newRelease?: string;
  readonly removeRelease?: string;
  readonly addRing?: string;
  readonly newRing?: string;
  readonly removeRing?: string;
  readonly passphrase: boolean;
  readonly out?: string;
  readonly force?: boolean;
}

/** `fota keys rotate`: the next key ring, signed by the present one. */
export function addKeysRotate(group: Command, invocation: Invocation): void {
  const command = jsonOption(group.command('rotate')).description(
    'make the next key ring, in which keys come and go, and sign it with a ring key of the present one',
  );
  command
    .argument('<ring>', 'file of the present key ring')
    .option(
      '--ring-key <file>',
      'secret ring key that signs, - for stdin; without it the ring is to be signed elsewhere',
    )
    .option('--add-release <pub>', 'public key that may sign images from then on: a file, or its line')
    .option('--new-release <file>', 'the same with a key that is made now; its secret half goes to this file')
    .option('--remove-release <id>', 'release key whose signatures count no more')
    .option('--add-ring <pub>', 'public key that may sign key rings from then on: a file, or its line')
    .option('--new-ring <file>', 'the same with a key that is made now; its secret half goes to this file')
    .option('--remove-ring <id>', 'ring key that may sign no key ring any more')
    .option(
      '--no-passphrase',
      'leave keys that are made now open (default: asked for, or FOTA_KEY_PASSPHRASE and FOTA_RING_PASSPHRASE)',
    )
    .option('--out <file>', 'the next key ring (default: RING with its number, as tracker.2.ring)')
    .option('--force', 'replace files that are there; a key in them is lost then')
    .action((file: string, options: Options) => rotate(invocation, file, options));
  examples(
    command,
    'fota keys rotate tracker.ring --ring-key tracker-ring.key --new-release next.key',
    'fota keys rotate tracker.2.ring --ring-key tracker-ring.key --remove-release 108D23540E781462',
    'fota keys rotate tracker.ring --add-ring spare.pub --ring-key tracker-ring.key --out tracker.2.ring',
  );
}

async function rotate(invocation: Invocation, file: string, options: Options): Promise<void> {
  const { out, world } = invocation;
  const { force = false, passphrase: isLocked } = options;
  const path = (name: string): string => pathOf(world, name);
  const { ring } = await keyRingIn(invocation, file);
  const target = path(options.out ?? nextName(file, ring.serial + 1));
  const newFiles = [options.newRelease, options.newRing].flatMap((name) => (name === undefined ? [] : [path(name)]));
  const written = [target, `${target}.minisig`, ...newFiles.flatMap((name) => [name, publicPath(name)])];
  const read = [file, options.ringKey, options.addRelease, options.addRing].flatMap((name) =>
    name === undefined || name === '-' || isPublicLine(name) ? [] : [path(name)],
  );
  await refuseSame(written, read);
  await refuseThere(written, force);

  const made: NewKey[] = [];
  const coming = async (kind: 'release' | 'ring', added?: string, fresh?: string): Promise<Change['added']> => {
    const known = added === undefined ? [] : [await publicKeyIn(invocation, added)];
    if (fresh === undefined) return known;
    const passphrase = isLocked ? await newPassphrase(invocation, fresh, kind) : undefined;
    const key = await newKey(invocation, path(fresh), { kind, passphrase });
    made.push(key);
    return [...known, key.key.publicKey];
  };
  const { next, changes } = rotated(ring, {
    release: {
      added: await coming('release', options.addRelease, options.newRelease),
      removed: listed(options.removeRelease),
    },
    ring: { added: await coming('ring', options.addRing, options.newRing), removed: listed(options.removeRing) },
  });
  const text = formatKeyRing(next);
  const signer = options.ringKey === undefined ? undefined : await secretKeyIn(invocation, options.ringKey, 'ring');
  const signed = signer && signedRing(ring, next, text, signer, world.now());

  for (const key of made) {
    await writeDurably(key.secret, force);
    await writeDurably(key.public, force);
  }
  await writeDurably({ path: target, text }, force);
  if (signed !== undefined) await writeDurably({ path: `${target}.minisig`, text: signed }, force);
  const result = {
    ring: target,
    signature: signed === undefined ? undefined : `${target}.minisig`,
    project: next.project,
    serial: next.serial,
    keys: changes,
    made: made.map(({ key, secret }) => ({
      id: key.publicKey.id,
      secret: secret.path,
      public: publicPath(secret.path),
    })),
  };
  out.result(result, () => show(invocation, { ring, next, changes, target, signer }));
}

/** Held against what devices do with it, before anybody gets it. @throws TrustError `signature-unknown-key` */
function signedRing(ring: KeyRing, next: KeyRing, text: string, signer: SecretKey, now: number): string {
  const bytes = utf8(text);
  const comment = formatManifest({
    project: next.project,
    firmwareName: KEY_RING_FIRMWARE,
    version: String(next.serial),
    size: bytes.length,
    sha256: trustCrypto.sha256(bytes),
    signedAt: Math.floor(now / 1_000),
  });
  const link = { text, signature: signature(signer, trustCrypto.blake2b512(bytes), comment) };
  followLink(ring, link, trustCrypto);
  return link.signature;
}

interface Made {
  readonly ring: KeyRing;
  readonly next: KeyRing;
  readonly changes: readonly KeyChange[];
  readonly target: string;
  readonly signer: SecretKey | undefined;
}

function show({ out }: Invocation, { ring, next, changes, target, signer }: Made): void {
  out.facts([
    ['project', bold(next.project)],
    ['serial', `${ring.serial} → ${next.serial}`],
    ...changes.map(({ kind, id, change }): [string, Text] => [kind, LOOK[change](`${id}  ${change}`)]),
    ['key ring', target],
    ['signed by', signer === undefined ? undefined : `${signer.publicKey.id}, a ring key of ring ${ring.serial}`],
  ]);
  out.line();
  const [name, project] = [quoted(target), quoted(next.project)];
  if (signer === undefined) {
    out.line('It is not signed yet. Where a ring key is:');
    out.line(`  fota sign ${name} --key KEY`);
    out.line(`  minisign -S -s KEY -m ${name} -t "$(fota sign --comment ${name})"`);
  }
  out.line(`${signer === undefined ? 'Then' : 'Next'}: fota project trust ${project} ${name}`);
  const gone = changes.filter(({ kind, change }) => kind === 'release key' && change === 'removed');
  if (gone.length > 0) {
    const keys = gone.map(({ id }) => id).join(', ');
    out.note(
      `Images that only ${keys} signed are taken no more, once a device has this ring: sign and publish them again.`,
    );
  }
  const left = next.ringKeys.length;
  if (left === 1) out.note(`There is ${counted(left, 'ring key')}: whoever loses it can replace no key any more.`);
}

const LOOK: Readonly<Record<KeyChange['change'], (text: string) => Text>> = {
  stays: (text) => text,
  added: (text) => green(text),
  removed: (text) => red(text),
};

function listed(id: string | undefined): readonly string[] {
  return id === undefined ? [] : [id];
}

/** `tracker.2.ring` of `tracker.ring`, `tracker.3.ring` of that. */
function nextName(file: string, serial: number): string {
  return `${file.replace(/\.ring$/, '').replace(/\.\d+$/, '')}.${serial}.ring`;
}
