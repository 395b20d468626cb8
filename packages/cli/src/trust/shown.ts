/** What was signed, for whom, and until when, as people and programs read it. */
import { type Manifest, parseManifest, parseSignature, TrustError } from '@libfota2/protocol';
import type { Text } from '../output/text.ts';
import { isoOf, shownSecond } from './when.ts';

export type Fact = readonly [name: string, value: Text | undefined];

/** What a manifest says beside names, size and sum. */
function conditionFacts(manifest: Manifest, now: number): readonly Fact[] {
  const { core, source, hardware, notBefore, notAfter, minimumVersion, downgradeFrom } = manifest;
  return [
    ['core', core && `${core}, which devices run afterwards`],
    ['only from', source && `the core ${source}: a device on any other takes it not`],
    ['hardware', hardware && `${hardware.join(', ')}: a device with any other takes it not`],
    ['not before', notBefore === undefined ? undefined : shownSecond(notBefore, now)],
    ['not after', notAfter === undefined ? undefined : shownSecond(notAfter, now)],
    ['minimum', minimumVersion && `${minimumVersion}: who takes it never again takes one below`],
    ['downgrade from', downgradeFrom && `up to ${downgradeFrom}: from there one may go back to it`],
  ];
}

export function manifestFacts(manifest: Manifest, now: number): readonly Fact[] {
  const { project, firmwareName, version, size, sha256, signedAt } = manifest;
  return [
    ['project', project],
    ['firmware', firmwareName],
    ['version', version],
    ['size', `${size} bytes`],
    ['sha256', sha256],
    ['signed', shownSecond(signedAt, now)],
    ...conditionFacts(manifest, now),
  ];
}

/** Who signed what a server keeps, and under which conditions; the server has proven it. */
export function signatureFacts(text: string, now: number): readonly Fact[] {
  try {
    const { keyId, trustedComment } = parseSignature(text);
    const manifest = parseManifest(trustedComment);
    return [
      ['signed', `by the key ${keyId}, ${shownSecond(manifest.signedAt, now)}`],
      ...conditionFacts(manifest, now),
    ];
  } catch (error) {
    if (error instanceof TrustError) return [['signed', `in a way that cannot be read: ${error.message}`]];
    throw error;
  }
}

/** Until when what is signed may be taken, in seconds since 1970; `undefined`: nobody says, or it cannot be read. */
export function endOf(text: string): number | undefined {
  try {
    return parseManifest(parseSignature(text).trustedComment).notAfter;
  } catch (error) {
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}

/** For `--json`: times are ISO 8601. */
export function manifestJson({ signedAt, notBefore, notAfter, ...rest }: Manifest): Readonly<Record<string, unknown>> {
  return {
    ...rest,
    signedAt: isoOf(signedAt),
    notBefore: notBefore === undefined ? undefined : isoOf(notBefore),
    notAfter: notAfter === undefined ? undefined : isoOf(notAfter),
  };
}
