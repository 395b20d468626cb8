import {
  formatPublicKey,
  isKeyRing,
  type Manifest,
  parseKeyRing,
  parseManifest,
  parsePublicKey,
  parseSignature,
  TrustError,
} from '@libfota2/protocol';
import type { Command } from 'commander';
import { bold, type Text, yellow } from '../output/text.ts';
import { readSmall } from '../trust/files.ts';
import { pathOf } from '../trust/paths.ts';
import { naming } from '../trust/read.ts';
import { looksSecret, opened, parseSecretKey, type SecretKeyFile } from '../trust/secret-key.ts';
import { manifestFacts, manifestJson } from '../trust/shown.ts';
import { examples, type Invocation, jsonOption } from './command.ts';

/** What one file is: for programs, and for people. */
interface Shown {
  readonly value: Readonly<Record<string, unknown>>;
  readonly facts: ReadonlyArray<readonly [name: string, value: Text | undefined]>;
}

/** `fota keys show`: what a file is, without a word that is secret. */
export function addKeysShow(group: Command, { out, world }: Invocation): void {
  const command = jsonOption(group.command('show')).description(
    'say what key rings, keys and signatures are; shows nothing secret, asks for no passphrase, proves nothing',
  );
  command
    .argument('<file...>', 'key rings, public and secret keys, signatures')
    .action(async (files: readonly string[]) => {
      const items: Shown[] = [];
      for (const file of files) items.push(await shown(file, await readSmall(pathOf(world, file)), world.now()));
      out.result({ items: items.map(({ value }) => value) }, () => {
        for (const [place, { facts }] of items.entries()) {
          if (place > 0) out.line();
          out.facts([['file', bold(files[place] ?? '')], ...facts]);
        }
      });
    });
  examples(
    command,
    'fota keys show tracker.ring tracker-release.pub',
    "fota keys show app.bin.minisig --json | jq '.items[0].manifest'",
  );
}

async function shown(file: string, text: string, now: number): Promise<Shown> {
  if (isKeyRing(text)) return ringShown(file, text);
  if (looksSecret(text))
    return secretShown(
      file,
      naming(file, () => parseSecretKey(text)),
    );
  if (text.trim().split('\n').length > 2) return signatureShown(file, text, now);
  const key = naming(file, () => parsePublicKey(text));
  const line = formatPublicKey(key);
  return {
    value: { file, kind: 'public-key', id: key.id, key: line },
    facts: [
      ['is', 'a public key'],
      ['id', key.id],
      ['key', line],
    ],
  };
}

function ringShown(file: string, text: string): Shown {
  const { project, serial, releaseKeys, ringKeys } = naming(file, () => parseKeyRing(text));
  const ids = (keys: typeof releaseKeys): string[] => keys.map(({ id }) => id);
  return {
    value: { file, kind: 'key-ring', project, serial, releaseKeys: ids(releaseKeys), ringKeys: ids(ringKeys) },
    facts: [
      ['is', 'a key ring'],
      ['project', project],
      ['serial', String(serial)],
      ['release keys', ids(releaseKeys).join('\n')],
      ['ring keys', ids(ringKeys).join('\n')],
    ],
  };
}

async function secretShown(file: string, parsed: SecretKeyFile): Promise<Shown> {
  const isLocked = parsed.lock !== undefined;
  const key = isLocked ? undefined : await opened(parsed, async () => '');
  // minisign locks the number too; we leave it in the comment.
  const told = /\b[\dA-F]{16}\b/.exec(parsed.comment)?.[0];
  const id = key?.publicKey.id ?? told;
  return {
    value: { file, kind: 'secret-key', id, isLocked, comment: parsed.comment },
    facts: [
      ['is', isLocked ? 'a secret key, under a passphrase' : yellow('a secret key that lies open')],
      ['id', id === undefined ? 'known only with the passphrase' : isLocked ? `${id}, as its comment says` : id],
      ['comment', parsed.comment],
    ],
  };
}

function signatureShown(file: string, text: string, now: number): Shown {
  const { keyId, trustedComment } = naming(file, () => parseSignature(text));
  const { manifest, problem } = manifestIn(trustedComment);
  return {
    value: { file, kind: 'signature', keyId, trustedComment, manifest: manifest && manifestJson(manifest) },
    facts: [
      ['is', 'a signature; what it says is not proven here: fota verify'],
      ['by key', keyId],
      ...(manifest === undefined ? [] : manifestFacts(manifest, now)),
      ['comment', manifest === undefined ? trustedComment : undefined],
      ['problem', problem],
    ],
  };
}

function manifestIn(trustedComment: string): { readonly manifest?: Manifest; readonly problem?: string } {
  try {
    return { manifest: parseManifest(trustedComment) };
  } catch (error) {
    if (error instanceof TrustError) return { problem: error.message };
    throw error;
  }
}
