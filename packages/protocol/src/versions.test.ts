import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions, defaultFirmwareName, isThreePartVersion, wireVersion } from './versions.ts';

const part = fc.oneof(fc.nat().map(String), fc.stringMatching(/^\d{1,30}$/), fc.stringMatching(/^[a-z0-9-]{1,6}$/));
const version = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'));

describe('the order of versions', () => {
  it.each([
    ['1.4', '1.5', -1],
    ['1.10.0', '1.9.9', 1],
    ['2012.001.005', '2012.1.5', 0],
    ['1.0', '1.0.0', 0],
    ['9999999999999999999999.1', '9999999999999999999998.2', 1],
    ['1.0.rc1', '1.0.5', 1],
  ])('%s against %s is %i', (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign);
    expect(Math.sign(compareVersions(b, a))).toBe(sign === 0 ? 0 : -sign);
  });

  it('is total: reflexive, antisymmetric and transitive for whatever a device sends', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareVersions(a, a)).toBe(0);
        expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)));
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('the version on the wire', () => {
  it('is core number, first and last part where there is a core', () => {
    expect(wireVersion('001.000.005', 'V2012')).toBe('2012.001.005');
    expect(wireVersion('1.1.0', 'V1001')).toBe('1001.1.0');
  });

  it('is VERSION verbatim without a core, so that 1.4 and 1.5 stay apart', () => {
    expect(wireVersion('1.4', undefined)).toBe('1.4');
    expect(wireVersion('1.4.7', undefined)).toBe('1.4.7');
  });

  it('is VERSION verbatim when it has no three parts', () => {
    expect(wireVersion('1.4', 'V2012')).toBe('1.4');
  });

  it('is left alone when it begins with the number of the core already', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), fc.integer({ min: 1000, max: 9999 }), (x, y, z, core) => {
        const once = wireVersion(`${x}.${y}.${z}`, `V${core}`);
        expect(wireVersion(once, `V${core}`)).toBe(once);
      }),
    );
  });

  it.each(['1.0.0', '001.000.005', '12.345.6789'])('%s has the form that the platform wants', (text) => {
    expect(isThreePartVersion(text)).toBe(true);
  });

  it.each(['1.0', '1.0.0.0', 'v1.0.0', '1.0.0 ', '1..0', '', '1.0.x'])('%j has not', (text) => {
    expect(isThreePartVersion(text)).toBe(false);
  });
});

describe('the firmware name', () => {
  it('is made of project and board, the board cut at its first dash', () => {
    expect(defaultFirmwareName('fotademo', 'EC718P')).toBe('fotademo_LuatOS-SoC_EC718P');
    expect(defaultFirmwareName('fotademo', 'EC718P-XY-1')).toBe('fotademo_LuatOS-SoC_EC718P');
  });

  it('is the bare project on a device without a board', () => {
    expect(defaultFirmwareName('gateway', undefined)).toBe('gateway');
  });
});
