import { compareVersions } from '@libfota2/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Release } from './catalogue.ts';
import { decide } from './decide.ts';
import { planOf } from './plan.ts';

const projectKey = 'k'.repeat(32);
const release = (version: string): Release => ({
  projectKey,
  firmwareName: 'app',
  version,
  sha256: 'f'.repeat(64),
  size: 1,
  publishedAt: 0,
});
const plan = planOf([{ key: projectKey, name: 'sample' }], ['1.2.0', '1.10.0', '1.9.9'].map(release));
const device = { idKind: 'imei', id: '867', projectKey, firmwareName: 'app', version: '1.0.0' } as const;

describe('decide', () => {
  it('offers the highest release to an older device', () => {
    expect(decide(device, plan)).toMatchObject({
      answer: 'upgrade',
      rule: 'newer-release',
      release: { version: '1.10.0' },
    });
  });

  it.each([
    ['id-missing', 3, { id: undefined }],
    ['id-missing', 3, { id: 'x'.repeat(129) }],
    ['id-missing', 3, { id: 'a\nb' }],
    ['project-unknown', 25, { projectKey: 'K'.repeat(32) }],
    ['project-unknown', 25, { projectKey: undefined }],
    ['firmware-unknown', 26, { firmwareName: 'App' }],
    ['version-unreadable', 27, { version: undefined }],
    ['version-unreadable', 27, { version: '1.0.0-rc1' }],
    ['newest', 27, { version: '1.10' }],
    ['newest', 27, { version: '2012.001.005' }],
  ])('refuses by the rule %s with code %i: %j', (rule, code, change) => {
    const decision = decide({ ...device, ...change }, plan);
    expect(decision).toMatchObject({ answer: 'refused', rule, code });
    expect(decision.trace.at(-1)).toBe(rule);
  });

  it('remembers only devices of a known firmware', () => {
    expect(decide({ ...device, firmwareName: 'other' }, plan).registered).toBe(false);
    expect(decide({ ...device, version: '9' }, plan).registered).toBe(true);
  });

  it('decides whatever a device says, keeps a bounded, printable part of it, and upgrades only upwards', () => {
    const text = fc.option(fc.string({ unit: 'binary', maxLength: 300 }), { nil: undefined });
    const known = fc.record({
      id: fc.oneof(text, fc.constant('867')),
      projectKey: fc.oneof(text, fc.constant(projectKey)),
      firmwareName: fc.oneof(text, fc.constant('app')),
      version: fc.oneof(
        text,
        fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }).map((parts) => parts.join('.')),
      ),
    });
    fc.assert(
      fc.property(known, (identity) => {
        const decision = decide(identity, plan);
        const { projectKey: key, firmwareName, id, version } = decision.device;
        expect([key.length <= 32, firmwareName.length <= 128, id.length <= 128, version.length <= 64]).not.toContain(
          false,
        );
        expect(key + firmwareName + id + version).not.toMatch(/[\p{Cc}\p{Cs}]/u);
        if (decision.answer === 'upgrade') {
          expect(compareVersions(decision.release.version, identity.version ?? '')).toBeGreaterThan(0);
        }
      }),
    );
  });
});
