import { formatKeyRing, type KeyRingLink, utf8 } from '@libfota2/protocol';
import { makeSigner, testCrypto } from '@libfota2/testkit';
import { describe, expect, it } from 'vitest';
import { projectOf, releaseOf } from '../../test/samples.ts';
import { DAILY, firstRing, ringText, SAFE, SPARE, secondRing, signed, THIEF } from '../../test/trust.ts';
import type { Project } from './catalogue.ts';
import { FotaServerError } from './errors.ts';
import { checkBytes, readSigned, ringListing, ringOf, withRing } from './trust.ts';

const bare = projectOf();
const FIRST = { text: ringText(firstRing('sample')) };
const SECOND = SAFE.link(secondRing('sample'));
const one = withRing(bare, FIRST, testCrypto);
const two = withRing(one, SECOND, testCrypto);
const FOUND = makeSigner(4);
const BYTES = utf8('firmware');
const NOW = 1_700_000_000_000;

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'fine';
  } catch (error) {
    if (error instanceof FotaServerError) return error.code;
    throw error;
  }
};
const read = (text: string | undefined, project: Project = one): ReturnType<typeof readSigned> =>
  readSigned(text, project, testCrypto, NOW);

describe('the key ring of a project', () => {
  it('begins with any, and goes on with the next that the one before vouches for', () => {
    expect(ringOf(bare)).toBeUndefined();
    expect(one.keyRings).toEqual([FIRST]);
    expect(two.keyRings).toEqual([FIRST, SECOND]);
    expect(ringOf(two)).toEqual(secondRing('sample'));
  });

  it('set again is the same project, signature or not', () => {
    expect(withRing(one, FIRST, testCrypto)).toBe(one);
    expect(withRing(two, SECOND, testCrypto)).toBe(two);
    expect(withRing(two, { text: SECOND.text }, testCrypto)).toBe(two);
  });

  const third = { ...secondRing('sample'), serial: 3 };
  it.each<[string, string, Partial<KeyRingLink>]>([
    ['that is none', 'key-ring-malformed', { text: 'a ring' }],
    ['of another project', 'key-ring-mismatch', SAFE.link(secondRing('other'))],
    ['that leaves one out', 'key-ring-mismatch', SAFE.link(third)],
    ['that is not signed', 'signature-missing', { text: SECOND.text }],
    ['whose signature is none', 'signature-malformed', { ...SECOND, signature: 'signed' }],
    ['that a release key signed', 'signature-unknown-key', DAILY.link(secondRing('sample'))],
    [
      'that was changed afterwards',
      'signature-invalid',
      { ...SECOND, text: formatKeyRing({ ...secondRing('sample'), releaseKeys: [THIEF.publicKey] }) },
    ],
    [
      'that is signed with another comment',
      'manifest-malformed',
      { ...SECOND, signature: SAFE.sign(utf8(SECOND.text), 'a ring') },
    ],
  ])('is not one %s: %s', (_, code, wanted) => {
    expect(codeOf(() => withRing(one, { text: '', ...wanted }, testCrypto))).toBe(code);
  });

  it('begins anew only where an operator says so, and with a higher number', () => {
    const lost = { text: ringText({ ...third, ringKeys: [FOUND.publicKey] }), replace: true };
    const replaced = withRing(one, lost, testCrypto);
    expect(replaced.keyRings).toEqual([FIRST, { text: lost.text }]);
    expect(codeOf(() => withRing(two, { ...FIRST, replace: true }, testCrypto))).toBe('key-ring-mismatch');
    const next = FOUND.link({ ...third, serial: 4, ringKeys: [FOUND.publicKey] });
    expect(ringListing(withRing(replaced, next, testCrypto), [], testCrypto, NOW)).toMatchObject({
      ring: { serial: 4 },
      links: [next],
    });
  });

  it('does not take an update that is too long to travel', () => {
    const text = `#${'x'.repeat(1_500)}\n${SECOND.text}`;
    const comment = `untrusted comment: ${'y'.repeat(6_000)}`;
    const manifest = { project: 'sample', firmwareName: 'fota-key-ring', version: '2' };
    const signature = SAFE.release(utf8(text), manifest).replace(/^.*/, comment);
    expect(codeOf(() => withRing(one, { text, signature }, testCrypto))).toBe('key-ring-malformed');
  });

  it('says what devices that have it do not take of what is published', () => {
    const signatures = [signed(BYTES), undefined, signed(BYTES, { version: '1.3.0' }, SPARE)];
    const releases = signatures.map((signature, place) => {
      const release = releaseOf(`1.${place + 1}.0`);
      return { ...release, packages: release.packages.map((sent) => ({ ...sent, ...(signature && { signature }) })) };
    });
    const others = [releaseOf('2.0.0', { state: 'draft' }), releaseOf('2.1.0', { project: 'other' })];
    const warned = (project: Project): string[] =>
      ringListing(project, [...releases, ...others], testCrypto, NOW).warnings.map((says) => says.slice(0, 61));
    expect(warned(one)).toMatchObject([
      expect.stringContaining('release 120 (app 1.2.0)'),
      expect.stringContaining('release 130 (app 1.3.0)'),
    ]);
    expect(warned(two)).toMatchObject([
      expect.stringContaining('release 110 (app 1.1.0)'),
      expect.stringContaining('release 120 (app 1.2.0)'),
    ]);
    expect(codeOf(() => warned(bare))).toBe('key-ring-none');
    const many = Array.from({ length: 25 }, (_, place) => releaseOf(`3.${place}.0`));
    expect(ringListing(one, many, testCrypto, NOW).warnings).toHaveLength(21);
  });
});

describe('a signature', () => {
  it('is needed where the project has a key ring, and there alone', () => {
    expect(read(undefined, bare)).toBeUndefined();
    expect(codeOf(() => read(undefined))).toBe('signature-missing');
  });

  it('is proven by a release key of the present ring; without a ring nobody knows whose it is', () => {
    expect(read(signed(BYTES))).toMatchObject({ signer: DAILY.publicKey, manifest: { version: '1.1.0' } });
    expect(read(signed(BYTES, {}, THIEF), bare)).toMatchObject({ signer: undefined, manifest: { version: '1.1.0' } });
    expect(codeOf(() => read(signed(BYTES), two))).toBe('signature-unknown-key');
    expect(read(signed(BYTES, {}, SPARE), two)).toMatchObject({ signer: SPARE.publicKey });
  });

  it.each([
    ['of a ring key', 'signature-unknown-key', signed(BYTES, {}, SAFE)],
    ['that is none', 'signature-malformed', 'signed by me'],
    ['whose comment was changed', 'signature-invalid', signed(BYTES).replace('version:1.1.0', 'version:1.9.0')],
    ['that says nothing', 'manifest-malformed', DAILY.sign(BYTES, 'a firmware')],
    [
      'that is too long to travel',
      'signature-malformed',
      signed(BYTES).replace(/^.*/, `untrusted comment: ${'x'.repeat(5_000)}`),
    ],
    ['of a key ring', 'manifest-mismatch', signed(BYTES, { firmwareName: 'fota-key-ring' })],
    ['for another project', 'manifest-mismatch', signed(BYTES, { project: 'other' })],
    ['that has ended', 'manifest-expired', signed(BYTES, { notAfter: NOW / 1_000 - 1 })],
  ])('%s is refused: %s', (_, code, text) => {
    expect(codeOf(() => read(text))).toBe(code);
  });

  it('is of these bytes alone', () => {
    const found = read(signed(BYTES));
    const check = (bytes: string): string =>
      codeOf(() => found && checkBytes(found, testCrypto.blake2b512(utf8(bytes)), testCrypto));
    expect([check('firmware'), check('firmwarf')]).toEqual(['fine', 'signature-invalid']);
  });
});
