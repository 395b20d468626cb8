import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  begun,
  fallenOf,
  fateOf,
  type Installed,
  installed,
  isGivenUp,
  type Moment,
  proved,
  renounced,
  sizeOf,
  standingOf,
} from './installed.ts';

const [first, second, third] = [1, 2, 3].map((n) => ({ size: 100 * n, sha256: String(n).repeat(64) })) as [
  Image,
  Image,
  Image,
];
interface Image {
  readonly size: number;
  readonly sha256: string;
}
const at = (boot: string | undefined, running: string | undefined): Moment => ({ boot, running });
const given = (state: Installed, image: Image, now: Moment): Installed => installed(begun(state, image, now));

describe('an image that the program installed', () => {
  const state = given({}, first, at('1', 'A'));

  it.each([
    [at('1', 'A'), 'waiting'],
    [at('2', 'B'), 'trying'],
    [at('2', 'A'), 'fell'],
    [at('3', 'B'), 'trying'],
    // What runs cannot be told: a new start of the machine counts as one of the new version.
    [at('1', undefined), 'waiting'],
    [at('2', undefined), 'trying'],
    // The boot cannot be told: what runs is enough.
    [at(undefined, 'B'), 'trying'],
  ] as const)('is, at %j, %s', (now, fate) => expect(fateOf(state, now)).toBe(fate));

  it('runs once it is confirmed, whatever is started', () => {
    const proven = proved(state);
    expect(fateOf(proven, at('2', 'B'))).toBe('none');
    expect(standingOf(proven, at('9', 'A'))).toEqual({
      runs: first.sha256,
      isTried: false,
      isStarted: true,
      fell: undefined,
    });
  });

  it('stands as what is to run until it falls, and then as what fell', () => {
    const tried = { runs: first.sha256, isTried: true, isStarted: false, fell: undefined };
    expect(standingOf(state, at('1', 'A'))).toEqual(tried);
    expect(standingOf(state, at('2', 'B'))).toEqual({ ...tried, isStarted: true });
    expect(standingOf(state, at('2', 'A'))).toEqual({
      runs: undefined,
      isTried: false,
      isStarted: true,
      fell: first.sha256,
    });
  });

  it('leaves when it is given up, and fell when something else runs', () => {
    const bad = renounced(state, at('2', 'B'));
    expect(fateOf(bad, at('2', 'B'))).toBe('leaving');
    expect(fateOf(bad, at('3', 'A'))).toBe('fell');
    // A boot loader that does not obey: still not to be written over.
    expect(fateOf(bad, at('3', 'B'))).toBe('leaving');
    expect([fateOf(bad, at('2', undefined)), fateOf(bad, at('3', undefined))]).toEqual(['leaving', 'fell']);
    expect(standingOf(bad, at('2', 'B'))).toMatchObject({ isTried: false, isStarted: false, fell: first.sha256 });
  });
});

describe('an image that the program was cut off at', () => {
  const proven = proved(given({}, first, at('1', 'A')));
  const state = begun(proven, second, at('2', 'B'));

  it('counts for nothing where the same runs as before', () => {
    for (const now of [at('2', 'B'), at('3', 'B'), at('3', undefined)]) {
      expect(fateOf(state, now)).toBe('none');
      expect(standingOf(state, now)).toMatchObject({ runs: first.sha256, isTried: false });
      expect(sizeOf(state, now)).toBe(first.size);
    }
  });

  it('is tried where something else runs: only the note of it was cut off', () => {
    expect(standingOf(state, at('3', 'A'))).toMatchObject({ runs: second.sha256, isTried: true, isStarted: true });
  });
});

describe('an image that fell', () => {
  const fell = given(proved(given({}, first, at('1', 'A'))), second, at('2', 'B'));
  const now = at('3', 'B');

  it('is known, and counts as delivered, until another one is installed', () => {
    expect([fallenOf(fell, now)?.sha256, sizeOf(fell, now)]).toEqual([second.sha256, second.size]);
    const next = begun(fell, third, now);
    expect([fallenOf(next, now)?.sha256, sizeOf(next, now)]).toEqual([second.sha256, second.size]);
    expect([fallenOf(installed(next), now), sizeOf(installed(next), now)]).toEqual([undefined, third.size]);
  });
});

it('an image that fell is known after others were installed, and confirmed', () => {
  const fell = given({}, second, at('1', 'A'));
  const next = proved(given(fell, third, at('2', 'A')));
  const known = (state: Installed): readonly boolean[] =>
    [first, second, third].map(({ sha256 }) => isGivenUp(state, at('9', 'A'), sha256));
  expect(known(fell)).toEqual([false, true, false]);
  expect(known(next)).toEqual([false, true, false]);
  // It was given up again, and is remembered once.
  const again = renounced(given(next, third, at('3', 'B')), at('4', 'A'));
  expect(known(again)).toEqual([false, true, true]);
  expect(known(begun(again, first, at('9', 'A')))).toEqual([false, true, true]);
});

it('never installs over a version that is not confirmed, and always knows one that fell', () => {
  const moment = fc.record({
    boot: fc.constantFrom('1', '2', '3', undefined),
    running: fc.constantFrom('A', 'B', undefined),
  });
  const what = fc.constantFrom('install', 'cut off', 'confirm', 'give up');
  fc.assert(
    fc.property(fc.array(fc.tuple(what, moment, fc.constantFrom(first, second, third))), (steps) => {
      let state: Installed = {};
      for (const [step, now, image] of steps) {
        const fate = fateOf(state, now);
        const isFree = fate === 'none' || fate === 'fell';
        if (step === 'install' && isFree) state = given(state, image, now);
        if (step === 'cut off' && isFree) state = begun(state, image, now);
        if (step === 'confirm' && fate === 'trying') state = proved(state);
        if (step === 'give up' && fate === 'trying') state = renounced(state, now);
        const standing = standingOf(state, now);
        expect(standing.isTried && standing.runs === undefined).toBe(false);
        expect(fallenOf(state, now)?.sha256).toBe(standing.fell);
        // It is written as JSON, and means the same when it is read again.
        const again = JSON.parse(JSON.stringify(state)) as Installed;
        expect([fateOf(again, now), standingOf(again, now)]).toEqual([fateOf(state, now), standing]);
      }
    }),
  );
});
