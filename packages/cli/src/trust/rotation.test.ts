import { formatKeyRing, type KeyRing, parseKeyRing } from '@libfota2/protocol';
import { makeSigner } from '@libfota2/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { rotated } from './rotation.ts';

const keys = [1, 2, 3, 4, 5, 6].map((seed) => makeSigner(seed).publicKey);
const idOf = (place: number): string => keys[place]?.id ?? '';
const some = (...places: readonly number[]): KeyRing['releaseKeys'] => places.flatMap((place) => keys[place] ?? []);
const ring = (release: readonly number[], own: readonly number[]): KeyRing => ({
  project: 'tracker',
  serial: 7,
  releaseKeys: some(...release),
  ringKeys: some(...own),
});
const none = { added: [], removed: [] };

it('brings a key in, takes another out, and counts on', () => {
  const { next, changes } = rotated(ring([0], [4]), {
    release: { added: some(1), removed: [idOf(0).toLowerCase()] },
    ring: none,
  });
  expect(next).toEqual({ ...ring([1], [4]), serial: 8 });
  expect(changes).toEqual([
    { kind: 'release key', id: idOf(0), change: 'removed' },
    { kind: 'release key', id: idOf(1), change: 'added' },
    { kind: 'ring key', id: idOf(4), change: 'stays' },
  ]);
});

it.each([
  ['nothing is to be changed', ring([0], [4]), { release: none, ring: none }],
  ['no release key would be left', ring([0], [4]), { release: { added: [], removed: [idOf(0)] }, ring: none }],
  ['no ring key would be left', ring([0], [4]), { release: none, ring: { added: [], removed: [idOf(4)] } }],
  ['3 release keys', ring([0, 1], [4]), { release: { added: some(2), removed: [] }, ring: none }],
  ['already', ring([0], [4]), { release: { added: some(0), removed: [] }, ring: none }],
  ['the ring has no release key', ring([0], [4]), { release: { added: [], removed: [idOf(4)] }, ring: none }],
  ['at once', ring([0], [4]), { release: { added: some(4), removed: [] }, ring: none }],
])('refuses where %s', (message, before, wanted) => {
  expect(() => rotated(before, wanted)).toThrow(
    expect.objectContaining({ code: 'rotation-refused', message: expect.stringContaining(message) }),
  );
});

it('makes nothing but key rings that can be read', () => {
  const places = (from: number, most: number): fc.Arbitrary<number[]> =>
    fc.uniqueArray(fc.integer({ min: from, max: from + 2 }), { maxLength: most });
  const held = (from: number): fc.Arbitrary<number[]> =>
    fc.uniqueArray(fc.integer({ min: from, max: from + 2 }), { minLength: 1, maxLength: 2 });
  fc.assert(
    fc.property(held(0), held(3), places(0, 2), places(0, 2), places(3, 2), places(3, 2), (a, b, c, d, e, f) => {
      try {
        const { next } = rotated(ring(a, b), {
          release: { added: some(...c), removed: d.map(idOf) },
          ring: { added: some(...e), removed: f.map(idOf) },
        });
        expect(parseKeyRing(formatKeyRing(next))).toEqual(next);
      } catch (error) {
        expect(error).toMatchObject({ code: 'rotation-refused' });
      }
    }),
  );
});
