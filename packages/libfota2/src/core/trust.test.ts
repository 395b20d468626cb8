import { admit, type Manifest, parseSignature, TrustError, wireVersion } from '@libfota2/protocol';
import { testCrypto } from '@libfota2/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { image, ringOf, signer } from '../../test/trusting.ts';
import { isNew, joined, proven, raised, type TrustPlan } from './trust.ts';

const signature = parseSignature(signer.release(image, {}));
const RING = ringOf(1);

function verdictOf(work: () => boolean): string {
  try {
    return work() ? 'new' : 'runs already';
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
}

const part = fc.nat(2).map(String);
const version = fc.tuple(part, part, part).map((parts) => parts.join('.'));
const core = fc.constantFrom(undefined, '2012', '2013');
const second = fc.option(fc.nat(20), { nil: undefined, freq: 2 });
const mostly = (value: string, other: string): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max: 9 }).map((n) => (n > 0 ? value : other));
const manifests: fc.Arbitrary<Manifest> = fc.record({
  project: mostly('gateway', 'another'),
  firmwareName: mostly('gateway', 'station'),
  version,
  core,
  source: fc.option(fc.constantFrom('2012', '2013'), { nil: undefined, freq: 2 }),
  size: fc.constant(image.length),
  sha256: fc.constant('0'.repeat(64)),
  signedAt: fc.nat(20),
  notBefore: second,
  notAfter: second,
  downgradeFrom: fc.option(version, { nil: undefined }),
});
const devices = fc.record({
  core,
  version: fc.option(version, { nil: undefined, freq: 9 }),
  floor: fc.option(fc.tuple(version, core), { nil: undefined, freq: 2 }),
  latest: fc.nat(20),
  wallMs: fc.nat(20_000),
});

it('judges what is signed as the protocol does, from what the device tells on the wire', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(manifests, devices, (manifest, { core, version, floor, latest, wallMs }) => {
      const letters = core && `V${core}`;
      const onWire = floor && wireVersion(floor[0], floor[1] && `V${floor[1]}`);
      const plan: TrustPlan = { ring: RING, firmwareName: 'gateway', version, core: letters, hardware: undefined };
      const verdict = verdictOf(() =>
        isNew(
          { manifest, signature, signer: signer.publicKey },
          { size: undefined, sha256: undefined },
          { ring: RING, floor: onWire, latest },
          plan,
          wallMs,
        ),
      );
      const here = {
        project: 'gateway',
        firmwareName: 'gateway',
        core,
        version: version && wireVersion(version, letters),
        floor: onWire,
        now: Math.max(latest, Math.floor(wallMs / 1000)),
      };
      expect(verdict).toBe(verdictOf(() => admit(manifest, here)));
      seen.add(verdict);
    }),
    { numRuns: 3_000, seed: 1 },
  );
  const every = ['mismatch', 'early', 'expired', 'below-floor', 'downgrade'].map((what) => `manifest-${what}`);
  expect([...seen].sort()).toEqual([...every, 'new', 'runs already'].sort());
});

it('keeps the floor as on the wire, with the core of the release that raised it', () => {
  const { manifest } = proven(
    { ring: RING, floor: undefined, latest: 0 },
    signer.release(image, { version: '001.000.006', minimumVersion: '001.000.005' }),
    testCrypto,
  ).signed;
  const anew = { ring: RING, floor: undefined, latest: 0 };
  const newer = raised(anew, { ...manifest, core: '2013' });
  expect(newer.floor).toBe('2013.001.005');
  // Apart they were not comparable: of an older core, and a higher number.
  const older = raised(anew, { ...manifest, core: '2012', minimumVersion: '001.000.009' });
  expect([joined(newer, older).floor, joined(older, newer).floor]).toEqual(['2013.001.005', '2013.001.005']);
  expect(raised(older, { ...manifest, core: '2013' }).floor).toBe('2013.001.005');
});
