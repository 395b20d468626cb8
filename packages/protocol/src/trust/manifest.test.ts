import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from '../versions.ts';
import { TrustError } from './errors.ts';
import { admit, type Circumstances, formatManifest, type Manifest, onWire, parseManifest } from './manifest.ts';

const MANIFEST: Manifest = {
  project: 'gateway',
  firmwareName: 'gateway_LuatOS-SoC_EC718P',
  version: '2.0.0',
  size: 1_000,
  sha256: 'ab'.repeat(32),
  signedAt: 1_700_000_000,
};
const COMMENT = formatManifest(MANIFEST);
const HERE: Circumstances = {
  project: 'gateway',
  firmwareName: 'gateway_LuatOS-SoC_EC718P',
  core: undefined,
  version: '1.9.0',
  floor: undefined,
  now: 1_750_000_000,
};

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'fine';
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
};
/** Whether it is new, or the code of what speaks against it. */
const verdictOf = (work: () => boolean): string => {
  let isNew = true;
  const code = codeOf(() => {
    isNew = work();
  });
  return isNew ? code : 'runs already';
};
const text = fc.string({ minLength: 1, maxLength: 256, unit: 'grapheme-ascii' });
const version = fc.stringMatching(/^\d{1,4}(\.\d{1,4}){0,3}$/);
const second = fc.nat(4_000_000_000);
const digits = fc.integer({ min: 1, max: 9_999 }).map(String);
const manifests: fc.Arbitrary<Manifest> = fc
  .record(
    {
      project: fc.oneof(text, fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' })),
      firmwareName: text,
      version,
      size: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).filter((size) => size < 1e16),
      sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
      signedAt: second,
      notBefore: second,
      notAfter: second,
      minimumVersion: version,
      downgradeFrom: version,
      core: digits,
      source: digits,
      hardware: fc.uniqueArray(fc.stringMatching(/^\w[\w.-]{0,63}$/), { minLength: 1, maxLength: 16 }),
    },
    { requiredKeys: ['project', 'firmwareName', 'version', 'size', 'sha256', 'signedAt'] },
  )
  .filter((one) => compareVersions(onWire(one.minimumVersion ?? one.version, one), onWire(one.version, one)) <= 0)
  .filter(({ notBefore = 0, notAfter = notBefore }) => notBefore <= notAfter);

describe('what is signed of an image', () => {
  it('is a line that people can read', () => {
    expect(COMMENT).toBe(
      [
        'libfota2:1',
        'timestamp:1700000000',
        'project:gateway',
        'firmware:gateway_LuatOS-SoC_EC718P',
        'version:2.0.0',
        'size:1000',
        `sha256:${'ab'.repeat(32)}`,
      ].join('\t'),
    );
  });

  it('is read back as it was written, in any script, and is one line of ASCII', () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        const comment = formatManifest(manifest);
        expect(comment).toMatch(/^[\t!-~]+$/);
        expect(parseManifest(comment)).toEqual(manifest);
      }),
    );
  });

  it('may stand among what minisign writes by itself', () => {
    expect(parseManifest(`${COMMENT}\tfile:update.bin\thashed`)).toEqual(MANIFEST);
  });

  it.each([
    ['a condition that is not known', `${COMMENT}\tnot-on-sundays:1`],
    ['a field that comes twice', `${COMMENT}\tversion:1.0.0`],
    ['what minisign writes by default', 'timestamp:1795644562\tfile:hello.bin\thashed'],
    ['nothing', ''],
    ['no version', COMMENT.replace('version:2.0.0\t', '')],
    ['an empty version', COMMENT.replace('version:2.0.0', 'version:')],
    ['a size in words', COMMENT.replace('size:1000', 'size:1e3')],
    ['a size of 0', COMMENT.replace('size:1000', 'size:0')],
    ['a size beyond counting', COMMENT.replace('size:1000', 'size:9999999999999999')],
    ['a digest in upper case', COMMENT.replace('abab', 'ABAB')],
    ['a text in another encoding than the one', COMMENT.replace('gateway_', 'gatewa%79_')],
    ['half an escape', COMMENT.replace('gateway_', 'gateway%_')],
    ['a minimum above its own version', `${COMMENT}\tminimum:2.0.1`],
    ['an end before its beginning', `${COMMENT}\tnot-before:2\tnot-after:1`],
    ['a core in letters', `${COMMENT}\tcore:V2013`],
    ['a minimum above its own version on the wire', `${COMMENT}\tcore:2013\tminimum:2013.3.0`],
    ['hardware without a name', `${COMMENT}\thardware:`],
    ['hardware with an empty name', `${COMMENT}\thardware:rev-b,`],
    ['hardware that comes twice', `${COMMENT}\thardware:rev-b,rev-b`],
    ['hardware with a blank', `${COMMENT}\thardware:rev%20b`],
    ['hardware that begins with a dash', `${COMMENT}\thardware:-b`],
    ['a name of hardware that is too long', `${COMMENT}\thardware:${'b'.repeat(65)}`],
    ['too many kinds of hardware', `${COMMENT}\thardware:${Array.from({ length: 17 }, (_, at) => at).join()}`],
    ['a name of Object', `${COMMENT}\tconstructor:1`],
  ])('is refused with %s', (_, comment) => {
    expect(codeOf(() => parseManifest(comment))).toBe('manifest-malformed');
  });

  it('is not written where it could not be read', () => {
    expect(codeOf(() => formatManifest({ ...MANIFEST, size: 1.5 }))).toBe('manifest-malformed');
    expect(codeOf(() => formatManifest({ ...MANIFEST, project: '\ud800' }))).toBe('manifest-malformed');
    expect(codeOf(() => formatManifest({ ...MANIFEST, project: 'x'.repeat(257) }))).toBe('manifest-malformed');
  });

  it('is read or refused with its code, whatever is signed', () => {
    const field = fc.oneof(fc.string(), fc.constantFrom(...COMMENT.split('\t'), 'not-after:7', 'hashed'));
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        expect(['fine', 'manifest-malformed']).toContain(codeOf(() => parseManifest(fields.join('\t'))));
      }),
    );
  });
});

describe('an image may be taken', () => {
  const verdict = (manifest: Partial<Manifest>, here: Partial<Circumstances> = {}): string =>
    verdictOf(() => admit({ ...MANIFEST, ...manifest }, { ...HERE, ...here }));

  it.each<[string, Partial<Manifest>, Partial<Circumstances>, string]>([
    ['that is newer than what runs', {}, {}, 'fine'],
    ['not of another project', { project: 'tracker' }, {}, 'manifest-mismatch'],
    ['not of another firmware', { firmwareName: 'gateway_LuatOS-SoC_Air780' }, {}, 'manifest-mismatch'],
    ['of any firmware where none was asked for', { firmwareName: 'else' }, { firmwareName: undefined }, 'fine'],
    ['not before its time', { notBefore: 1_750_000_001 }, {}, 'manifest-early'],
    ['from its first second on', { notBefore: 1_750_000_000 }, {}, 'fine'],
    ['up to its last second', { notAfter: 1_750_000_000 }, {}, 'fine'],
    ['not after its time', { notAfter: 1_749_999_999 }, {}, 'manifest-expired'],
    ['at the floor', {}, { floor: '2.0.0' }, 'fine'],
    ['not below the floor', {}, { floor: '2.0.1' }, 'manifest-below-floor'],
    ['not that runs already', {}, { version: '2.0' }, 'runs already'],
    [
      'not that runs already, though one may go back to it',
      { downgradeFrom: '2.1' },
      { version: '2.0' },
      'runs already',
    ],
    ['not older than what runs', {}, { version: '2.1.0' }, 'manifest-downgrade'],
    ['older, where it says so', { downgradeFrom: '2.1.0' }, { version: '2.1.0' }, 'fine'],
    ['older, but not from beyond what it says', { downgradeFrom: '2.1.0' }, { version: '2.1.1' }, 'manifest-downgrade'],
    [
      'older, but never below the floor',
      { downgradeFrom: '9' },
      { version: '3', floor: '2.1' },
      'manifest-below-floor',
    ],
    ['where nobody knows what runs', {}, { version: undefined }, 'fine'],
    [
      'with its core before its version',
      { core: '2013', version: '1.0.6' },
      { core: '2013', version: '2013.1.5' },
      'fine',
    ],
    ['with a newer core', { core: '2013', version: '1.0.1' }, { core: '2012', version: '2012.1.5' }, 'fine'],
    [
      'not with an older core',
      { core: '2012', version: '1.0.6' },
      { core: '2013', version: '2013.1.5' },
      'manifest-downgrade',
    ],
    ['made from the core that runs', { core: '2013', source: '2012' }, { core: '2012', version: '2012.1.5' }, 'fine'],
    [
      'not made from another core',
      { core: '2013', source: '2012' },
      { core: '2011', version: '2011.1.5' },
      'manifest-mismatch',
    ],
    ['for the hardware that it runs on', { hardware: ['rev-b', 'rev-c'] }, { hardware: 'rev-c' }, 'fine'],
    ['for any hardware', {}, { hardware: 'rev-c' }, 'fine'],
    ['for any hardware on an unknown one', {}, { hardware: '' }, 'fine'],
    ['not for other hardware', { hardware: ['rev-b', 'rev-c'] }, { hardware: 'rev' }, 'manifest-mismatch'],
    ['not for some hardware on an unknown one', { hardware: ['rev-b'] }, { hardware: '' }, 'manifest-mismatch'],
    ['for some hardware, as far as one sees who does not know it', { hardware: ['rev-b'] }, {}, 'fine'],
    ['not made from a core where there is none', { source: '2012' }, {}, 'manifest-mismatch'],
  ])('%s', (_, manifest, here, wanted) => {
    expect(verdict(manifest, here)).toBe(wanted);
  });

  it('never below the floor, and never from a version that neither newer nor signed for, whatever is signed', () => {
    fc.assert(
      fc.property(manifests, version, version, (manifest, running, floor) => {
        const here = {
          ...HERE,
          ...manifest,
          core: manifest.source,
          hardware: manifest.hardware?.[0],
          version: running,
          floor,
          now: manifest.notBefore ?? 0,
        };
        if (verdictOf(() => admit(manifest, here)) !== 'fine') return;
        const signed = onWire(manifest.version, manifest);
        expect(compareVersions(signed, floor)).toBeGreaterThanOrEqual(0);
        const { downgradeFrom = '' } = manifest;
        const goesBack = downgradeFrom !== '' && compareVersions(running, onWire(downgradeFrom, manifest)) <= 0;
        expect(compareVersions(signed, running) > 0 || goesBack).toBe(true);
      }),
    );
  });
});
