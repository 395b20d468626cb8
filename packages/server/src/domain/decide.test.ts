import { compareVersions } from '@libfota2/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { knownOf, MOMENT, POLICY, packageOf, projectOf, releaseOf } from '../../test/samples.ts';
import { type Circumstances, decide, REFUSED_BY, RULES, STRANGER } from './decide.ts';
import { afterDelivery, corrected } from './deliveries.ts';
import { explain } from './explain.ts';
import { planOf } from './plan.ts';
import { NO_PROFILE } from './profile.ts';

const projectKey = 'k'.repeat(32);
const plan = planOf(
  [projectOf(), projectOf({ name: 'closed', key: 'c'.repeat(32), registration: 'closed' })],
  [
    ...['1.2.0', '1.10.0', '1.9.9'].map((version) => releaseOf(version)),
    releaseOf('1.0', { firmwareName: 'gone', state: 'withdrawn' }),
    releaseOf('2012.1.5', { firmwareName: 'cores', packages: [packageOf('script', '2012')] }),
    releaseOf('2013.1.4', { firmwareName: 'cores', packages: [packageOf('a', '2011'), packageOf('b', '2012')] }),
    releaseOf('2014.1.4', { firmwareName: 'cores', packages: [packageOf('c', '2013')] }),
    releaseOf('2.0', { project: 'closed' }),
  ],
  POLICY,
);
const device = { idKind: 'imei', id: '867', projectKey, firmwareName: 'app', version: '1.0.0' } as const;
const deciding = (change: object, circumstances: Partial<Circumstances> = {}) =>
  decide({ ...device, ...change }, plan, () => ({ ...STRANGER, ...circumstances }), MOMENT);
const held = { sha256: packageOf('1.10.0').sha256, version: '1.0.0', count: 6, takenBack: 0, since: 0 };

describe('decide', () => {
  it('offers the highest release to an older device', () => {
    expect(deciding({})).toMatchObject({
      answer: 'upgrade',
      rule: 'newer-release',
      release: { version: '1.10.0' },
      package: { source: 'any' },
    });
  });

  it.each([
    ['id-missing', 3, { id: undefined }, {}],
    ['id-missing', 3, { id: 'x'.repeat(129) }, {}],
    ['id-missing', 3, { id: '😀'.repeat(128) }, {}],
    ['id-missing', 3, { id: 'a\nb' }, {}],
    ['project-unknown', 25, { projectKey: 'K'.repeat(32) }, {}],
    ['project-unknown', 25, { projectKey: undefined }, {}],
    ['blocked', 21, {}, { access: 'blocked' }],
    ['unregistered', 17, { projectKey: 'c'.repeat(32) }, {}],
    ['unregistered', 17, {}, { hasRoom: false }],
    ['firmware-unknown', 26, { firmwareName: 'App' }, {}],
    ['version-unreadable', 27, { version: undefined }, {}],
    ['version-unreadable', 27, { version: '1.0.0-rc1' }, {}],
    ['nothing-published', 27, { firmwareName: 'gone' }, {}],
    ['newest', 27, { version: '1.10' }, {}],
    ['newest', 27, { version: '2012.001.005' }, {}],
    ['base-missing', 44, { firmwareName: 'cores', version: '2010.1.1' }, {}],
    ['upgrade-loop', 40, {}, { known: knownOf({ deliveries: held }) }],
  ] as const)('refuses by the rule %s with code %i: %j %j', (rule, code, change, circumstances) => {
    const decision = deciding(change, circumstances);
    expect(decision).toMatchObject({ answer: 'refused', rule, code });
  });

  it.each([
    ['a device that is known, where registration is closed', { projectKey: 'c'.repeat(32) }, { known: knownOf() }],
    ['a device that was allowed before it asked', { projectKey: 'c'.repeat(32) }, { access: 'allowed' }],
    ['a known device, where there is no room for more', {}, { known: knownOf(), hasRoom: false }],
    ['a device that was held on another version', {}, { known: knownOf({ deliveries: { ...held, version: '0.9' } }) }],
    ['a device that was held on another package', {}, { known: knownOf({ deliveries: { ...held, sha256: 'other' } }) }],
  ] as const)('upgrades %s', (_who, change, circumstances) => {
    expect(deciding(change, circumstances)).toMatchObject({ answer: 'upgrade' });
  });

  it.each([
    ['2012.1.4', '2013.1.4', 'b'],
    ['2011.9.9', '2013.1.4', 'a'],
    ['2013.1.4', '2014.1.4', 'c'],
    ['02012.001.004', '2013.1.4', 'b'],
  ])('gives a device on %s the highest release that fits its core: %s', (version, release, content) => {
    expect(deciding({ firmwareName: 'cores', version })).toMatchObject({
      release: { version: release },
      package: { sha256: packageOf(content).sha256 },
    });
  });

  it('remembers only devices of a known firmware', () => {
    expect(deciding({ firmwareName: 'other' }).registered).toBe(false);
    expect(deciding({}, { access: 'blocked' }).registered).toBe(false);
    expect(deciding({ version: '9' }).registered).toBe(true);
  });

  it('decides whatever a device says, keeps a bounded, printable part of it, and upgrades only upwards', () => {
    const text = fc.option(fc.string({ unit: 'binary', maxLength: 300 }), { nil: undefined });
    const known = fc.record({
      id: fc.oneof(text, fc.constant('867')),
      projectKey: fc.oneof(text, fc.constant(projectKey)),
      firmwareName: fc.oneof(text, fc.constantFrom('app', 'cores', 'gone')),
      version: fc.oneof(
        text,
        fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }).map((parts) => parts.join('.')),
      ),
    });
    const circumstances = fc.record({
      access: fc.constantFrom('default', 'blocked', 'allowed'),
      hasRoom: fc.boolean(),
      known: fc.constantFrom(undefined, knownOf(), knownOf({ deliveries: held })),
      profile: fc.constant(NO_PROFILE),
    });
    fc.assert(
      fc.property(known, circumstances, (identity, around) => {
        const decision = decide(identity, plan, () => around, MOMENT);
        const { project, firmwareName, id, version } = decision.device;
        expect([firmwareName.length <= 128, id.length <= 128, version.length <= 64]).not.toContain(false);
        expect(project + firmwareName + id + version).not.toMatch(/[\p{Cc}\p{Cs}]/u);
        if (decision.answer === 'upgrade') {
          expect(compareVersions(decision.release.wireVersion, identity.version ?? '')).toBeGreaterThan(0);
          expect(around.access).not.toBe('blocked');
        } else {
          expect([decision.code, decision.msg]).toEqual(REFUSED_BY[decision.rule as keyof typeof REFUSED_BY]);
        }
        const { steps } = explain(identity, plan, around, decision, 0);
        const asked = steps.map(({ rule }) => rule);
        expect(asked).toEqual(RULES.filter((rule) => asked.includes(rule)));
        expect(asked.at(-1)).toBe(decision.rule);
        for (const { says } of steps) expect(says).toMatch(/^[^\n]{10,}\.$/u);
      }),
    );
  });
});

describe('a device that tells its core apart, or not at all', () => {
  const onCore = { core: '2012' } as const;
  const luatos = planOf(
    [projectOf()],
    [
      releaseOf('1.2.6', { ...onCore, firmwareName: 'script' }),
      releaseOf('1.2.6', { ...onCore, firmwareName: 'bound', packages: [packageOf('delta', '2012')] }),
      releaseOf('1.2.6', { firmwareName: 'bare', packages: [packageOf('delta', '2012')] }),
    ],
    POLICY,
  );
  const asking = (change: object) => decide({ ...device, ...change }, luatos, () => STRANGER, MOMENT);

  it.each([
    ['script', { version: '1.2.5' }, 'newer-release', '2012.1.5'],
    ['script', { version: '001.009.006' }, 'newest', '2012.001.006'],
    ['script', { version: '1.2.5', core: 'V2012' }, 'newer-release', '2012.1.5'],
    ['script', { version: '1.2.7', core: '2011' }, 'newer-release', '2011.1.7'],
    ['bound', { version: '1.2.5' }, 'base-missing', '2012.1.5'],
    ['bound', { version: '1.2.5', core: '2012' }, 'newer-release', '2012.1.5'],
    ['bound', { version: '1.2.5', core: '2011' }, 'base-missing', '2011.1.5'],
    ['bare', { version: '1.2.5', core: '2012' }, 'newer-release', '1.2.5'],
    ['bare', { version: '1.2.5', core: '2011' }, 'base-missing', '1.2.5'],
  ] as const)('is decided as on the wire: %s %j', (firmwareName, told, rule, version) => {
    expect(asking({ firmwareName, ...told })).toMatchObject({ rule, device: { version } });
  });
});

describe('deliveries', () => {
  const sent = packageOf('1.10.0');
  const DAY = 24 * 3_600_000;
  const delivered = (times: readonly number[]) =>
    times.reduce<ReturnType<typeof afterDelivery> | undefined>(
      (before, at) => afterDelivery(before, sent, '1.0.0', at),
      undefined,
    );

  it('of the same package on the same version are counted by the day', () => {
    expect(delivered([0, 4, 8, 12].map((hour) => hour * 3_600_000))).toMatchObject({ count: 4, since: 0 });
    expect(delivered([0, 1, DAY])).toMatchObject({ count: 1, since: DAY });
  });

  it('that broke off are taken back, twenty times a day', () => {
    let deliveries: ReturnType<typeof afterDelivery> | undefined;
    for (let attempt = 0; attempt < 25; attempt += 1) {
      deliveries = afterDelivery(deliveries, sent, '1.0.0', attempt);
      deliveries = corrected(deliveries, { sha256: sent.sha256, version: '1.0.0' }, -1);
    }
    expect(deliveries).toMatchObject({ count: 5, takenBack: 20 });
    expect(corrected(deliveries, { sha256: sent.sha256, version: '2' }, -1)).toBe(deliveries);
    expect(corrected(deliveries, { sha256: 'other', version: '1.0.0' }, 1)).toBe(deliveries);
    expect(corrected(undefined, { sha256: sent.sha256, version: '1.0.0' }, 1)).toBeUndefined();
  });

  it('begin anew with another package, another version, or a clock that was set back', () => {
    const before = delivered([100, 200]);
    expect(afterDelivery(before, packageOf('other'), '1.0.0', 300).count).toBe(1);
    expect(afterDelivery(before, sent, '1.0.1', 300).count).toBe(1);
    expect(afterDelivery(before, sent, '1.0.0', 50)).toMatchObject({ count: 1, since: 50 });
  });

  it('to a device that asks every four hours and never takes the package end after the sixth, for good', () => {
    let deliveries: ReturnType<typeof afterDelivery> | undefined;
    const answers = Array.from({ length: 20 }, (_, ask) => {
      const decision = deciding({}, { known: knownOf({ deliveries }) });
      if (decision.answer === 'upgrade') {
        deliveries = afterDelivery(deliveries, decision.package, '1.0.0', ask * 4 * 3_600_000);
      }
      return decision.answer === 'upgrade' ? 0 : decision.code;
    });
    expect(answers).toEqual([0, 0, 0, 0, 0, 0, ...Array.from({ length: 14 }, () => 40)]);
  });
});
