import { compareVersions } from '@libfota2/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { releaseOf } from '../../test/samples.ts';
import {
  canonicalVersion,
  checkedNames,
  checkKey,
  coreNumber,
  isOrderedVersion,
  isSameVersion,
  nextFreeVersion,
  sourceOf,
} from './catalogue.ts';

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
    expect(() => checkedNames('app', text, undefined)).toThrow(expect.objectContaining({ code: 'version-invalid' }));
  });

  it.each(['', ' app', 'app\n', 'a\u0000b', 'a\u200db', 'x'.repeat(129)])('refuse the firmware name %j', (name) => {
    expect(() => checkedNames(name, '1', undefined)).toThrow(expect.objectContaining({ code: 'name-invalid' }));
  });

  it('may be in any script, and have the version that LuatOS sends of them', () => {
    expect(checkedNames('智能 水表_LuatOS-SoC_EC718P', '001.000.005', 'V2012')).toMatchObject({
      core: '2012',
      wireVersion: '2012.001.005',
    });
    expect(checkedNames('app', '1.4.0', undefined)).toMatchObject({ core: undefined, wireVersion: '1.4.0' });
  });

  it('refuse a project key that is not 32 letters and digits', () => {
    expect(() => checkKey('short')).toThrow(expect.objectContaining({ code: 'key-invalid' }));
  });

  it.each([
    ['V2012', '2012'],
    ['2012', '2012'],
  ])('read the core %s', (text, number) => {
    expect(coreNumber(text)).toBe(number);
    expect(sourceOf(text)).toBe(number);
  });

  it.each(['', 'VV2012', 'V', '2012.1', 'any'])('refuse the core %j', (text) => {
    expect(() => coreNumber(text)).toThrow(expect.objectContaining({ code: 'core-invalid' }));
  });
});

describe('the next free version', () => {
  it('passes over those whose first and last numbers live already, for LuatOS drops the middle one', () => {
    const live = ['1.0.5', '1.0.6', '1.2.8'].map((text) => releaseOf(text, { core: '2012' }));
    expect(nextFreeVersion('1.1.5', '2012', live)).toBe('1.1.7');
    expect(nextFreeVersion('1.1.7', '2012', live)).toBe('1.1.9');
    expect(nextFreeVersion('001.001.005', '2012', live)).toBe('001.001.007');
  });

  it('is above the one that was wanted, and nobody has it', () => {
    fc.assert(
      fc.property(version, fc.array(version, { maxLength: 5 }), (wanted, taken) => {
        const live = taken.map((text) => releaseOf(text));
        const free = nextFreeVersion(wanted, undefined, live);
        expect(compareVersions(free, wanted)).toBeGreaterThan(0);
        expect(live.some((release) => isSameVersion(release.wireVersion, free))).toBe(false);
      }),
    );
  });
});
