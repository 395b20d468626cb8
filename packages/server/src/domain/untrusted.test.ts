import { describe, expect, it } from 'vitest';
import { MOMENT, POLICY, packageOf, projectOf, releaseOf } from '../../test/samples.ts';
import { firstRing, ringText, SAFE, secondRing, signed } from '../../test/trust.ts';
import { decide } from './decide.ts';
import { type Circumstances, STRANGER } from './device.ts';
import { explain } from './explain.ts';
import { type Plan, planOf } from './plan.ts';
import { NO_PROFILE } from './profile.ts';

const releases = ['1.1.0', '1.2.0', '2.0.0'].map((version) => releaseOf(version));
const asked = { idKind: 'imei', id: '867', projectKey: 'k'.repeat(32), firmwareName: 'app', version: '1.0.0' } as const;
const pinned = (version: string): Partial<Circumstances> => ({
  profile: { ...NO_PROFILE, pin: { version, mayDowngrade: false } },
});

describe('a release that the key ring of a device does not let it take', () => {
  const keyRings = [{ text: ringText(firstRing('sample')) }, SAFE.link(secondRing('sample'))];
  const bytes = new Uint8Array([1]);
  const plan = (rings: typeof keyRings): Plan =>
    planOf(
      [projectOf({ keyRings: rings })],
      releases.map((release) => {
        const signature = signed(bytes, { version: release.version });
        const isSigned = release.version !== '2.0.0';
        return { ...release, packages: [{ ...packageOf(release.version), ...(isSigned && { signature }) }] };
      }),
      POLICY,
    );
  const [one, two] = [plan(keyRings.slice(0, 1)), plan(keyRings)];
  const ringed = (world: Plan, keyRing: number | undefined, circumstances: Partial<Circumstances> = {}) =>
    decide({ ...asked, keyRing }, world, () => ({ ...STRANGER, ...circumstances }), MOMENT);

  it('is hidden from it, and hides nothing below; who has no key ring gets it', () => {
    expect(ringed(one, undefined)).toMatchObject({ release: { version: '2.0.0' }, ring: undefined });
    expect(ringed(one, 1)).toMatchObject({ release: { version: '1.2.0' }, ring: { header: '' } });
    const considered = [{ against: 'untrusted', objection: 'signature-missing' }, { against: undefined }];
    expect(ringed(one, 1).choice).toMatchObject({ considered });
  });

  it('is measured by the ring that the device has once it has read the answer', () => {
    const refused = { answer: 'refused', code: 27, rule: 'untrusted', ring: { ring: { serial: 2 } } };
    expect([ringed(two, 1), ringed(two, 2)]).toMatchObject([refused, refused]);
    expect(ringed(two, 9)).toMatchObject({ release: { version: '1.2.0' }, ring: { ring: undefined } });
  });

  it('is not what a pinned device gets, either', () => {
    expect(ringed(one, 1, pinned('2.0.0'))).toMatchObject({ rule: 'untrusted' });
    expect(ringed(one, 1, pinned('1.1.0'))).toMatchObject({ release: { version: '1.1.0' } });
  });

  it('is told of with every refusal that comes before', () => {
    const unknown = decide({ ...asked, id: '', keyRing: 1 }, two, () => STRANGER, MOMENT);
    expect(unknown).toMatchObject({ rule: 'id-missing', ring: { header: expect.stringMatching(/^W/) } });
    expect(ringed(two, 1, { access: 'blocked' })).toMatchObject({ rule: 'blocked', ring: { ring: { serial: 2 } } });
  });

  it('is explained, to who asks for a device with a ring and to who does not', () => {
    const told = (world: Plan, keyRing?: number) =>
      explain({ ...asked, keyRing }, world, STRANGER, ringed(world, keyRing), MOMENT.now);
    const { steps } = told(two, 1);
    expect(steps.at(-1)).toMatchObject({
      rule: 'untrusted',
      decided: true,
      says: expect.stringContaining('2.0.0: its package is not signed'),
    });
    expect(told(one, 1).steps.map(({ rule }) => rule)).toContain('untrusted');
    expect(told(one).steps.map(({ rule }) => rule)).not.toContain('untrusted');
    expect(told(one).hints).toEqual([expect.stringContaining('does not get 2.0.0: its package is not signed')]);
    expect(told(one, 1).hints).toEqual([]);
  });
});
