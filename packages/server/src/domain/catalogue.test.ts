import { compareVersions } from '@libfota2/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalVersion, checkProject, checkReleaseName, isOrderedVersion } from './catalogue.ts';

const version = fc
  .array(fc.tuple(fc.nat(2), fc.constantFrom('', '0', '00')), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.map(([number, zeros]) => zeros + number).join('.'));

describe('release names', () => {
  it('give equal versions one canonical text, and different ones different texts', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(canonicalVersion(a) === canonicalVersion(b)).toBe(compareVersions(a, b) === 0);
        expect(isOrderedVersion(canonicalVersion(a))).toBe(true);
      }),
    );
  });

  it.each(['', 'v1.0.0', '1.0.0-rc1', '1..0', '1.2.3.4.5.6.7', '1.0 '])('refuse the version %j', (text) => {
    expect(() => checkReleaseName('app', text)).toThrow(expect.objectContaining({ code: 'version-invalid' }));
  });

  it.each(['', ' app', 'app\n', 'a\u0000b', 'x'.repeat(129)])('refuse the firmware name %j', (name) => {
    expect(() => checkReleaseName(name, '1')).toThrow(expect.objectContaining({ code: 'name-invalid' }));
  });

  it('may be in any script', () => {
    expect(() => checkReleaseName('智能 水表_LuatOS-SoC_EC718P', '2012.001.005')).not.toThrow();
  });

  it('refuse a project key that is not 32 letters and digits', () => {
    expect(() => checkProject({ name: 'a', key: 'short' })).toThrow(expect.objectContaining({ code: 'key-invalid' }));
  });
});
