import { followLink, type KeyRing, parseKeyRing, parseLinks, utf8 } from '@libfota2/protocol';
import { makeSigner, testCrypto } from '@libfota2/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DAILY, firstRing, ringText, SAFE, SPARE, secondRing, signed, THIEF } from '../../test/trust.ts';
import type { KeptRing } from './catalogue.ts';
import { objectionTo, ringUpdates } from './ring-updates.ts';

const FIRST = { text: ringText(firstRing('sample')) };
const SECOND = SAFE.link(secondRing('sample'));
const NOW = 1_700_000_000_000;

/** A chain of so many rings from `serial` on; those in `anew` were not signed by the one before. */
function chain(count: number, anew: ReadonlySet<number> = new Set(), serial = 1): KeptRing[] {
  return Array.from({ length: count }, (_, place) => {
    const ring: KeyRing = {
      ...firstRing('sample'),
      serial: serial + place,
      releaseKeys: [makeSigner(20 + place).publicKey],
    };
    return place === 0 || anew.has(place) ? { text: ringText(ring) } : SAFE.link(ring);
  });
}

describe('a device whose key ring is older', () => {
  it('is told the next ones, and what it holds then is known', () => {
    const update = ringUpdates([FIRST, SECOND]);
    expect(parseLinks(update(1).header)).toEqual([SECOND]);
    expect(update(1).ring).toEqual(secondRing('sample'));
    expect(update(2)).toEqual({ header: '', ring: secondRing('sample') });
    expect(update(1)).toBe(update(1));
  });

  it.each([0, 3, 7])('of a number that the project never had (%i) is told nothing', (serial) => {
    expect(ringUpdates([FIRST, SECOND])(serial)).toEqual({ header: '', ring: undefined });
    expect(ringUpdates()(1)).toEqual({ header: '', ring: undefined });
  });

  it('comes to the last ring that vouching leads to, however many questions that takes, and never further', () => {
    const shapes = fc.record({
      count: fc.integer({ min: 1, max: 9 }),
      from: fc.nat(8),
      anew: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(shapes, ({ count, from, anew }) => {
        const kept = chain(count, new Set(anew));
        const update = ringUpdates(kept);
        const place = from % count;
        let held = parseKeyRing(kept[place]?.text ?? '');
        for (let asked = 0; asked <= count && update(held.serial).header !== ''; asked += 1) {
          const { header, ring } = update(held.serial);
          held = parseLinks(header).reduce((ring, link) => followLink(ring, link, testCrypto), held);
          expect(held).toEqual(ring);
        }
        const next = kept.findIndex(({ signature }, at) => at > place && signature === undefined);
        expect(held.serial).toBe(next < 0 ? count : next);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a device with a key ring', () => {
  const bytes = utf8('firmware');
  const [one, two] = [ringUpdates([FIRST])(1), ringUpdates([FIRST, SECOND])(1)];
  const said = (signature: string | undefined, ring = one, version = '1.0.0', now = NOW): string | undefined =>
    objectionTo(signature === undefined ? {} : { signature }, ring, { version, core: '1' }, now);

  it('takes what a release key of the ring signed that it will hold', () => {
    expect(said(signed(bytes))).toBeUndefined();
    expect(said(signed(bytes), two)).toBe('signature-unknown-key');
    expect(said(signed(bytes, {}, SPARE), two)).toBeUndefined();
  });

  it('of a ring that is not known takes who knows what, but nothing unsigned', () => {
    const unknown = ringUpdates()(4);
    expect(said(signed(bytes, { project: 'other' }, THIEF), unknown)).toBeUndefined();
    expect(said(undefined, unknown)).toBe('signature-missing');
  });

  it.each([
    ['signature-missing', undefined],
    ['signature-malformed', 'signed'],
    ['signature-unknown-key', signed(bytes, {}, SAFE)],
    ['manifest-malformed', DAILY.sign(bytes, 'a firmware')],
    ['manifest-mismatch', signed(bytes, { project: 'other' })],
    ['manifest-early', signed(bytes, { notBefore: NOW / 1_000 + 1 })],
    ['manifest-expired', signed(bytes, { notAfter: NOW / 1_000 - 1 })],
  ])('would say %s', (code, signature) => {
    expect(said(signature)).toBe(code);
  });

  it('goes back where what it goes back to is signed for that, with its core before the version or not', () => {
    const back = signed(bytes, { downgradeFrom: '1.2.2' });
    expect([said(back, one, '1.2.2'), said(back, one, '1.3.0')]).toEqual([undefined, 'manifest-downgrade']);
    const cored = signed(bytes, { core: '2012', downgradeFrom: '1.2.2' });
    const runs = (version: string) => objectionTo({ signature: cored }, one, { version, core: '2012' }, NOW);
    expect(['2012.0.9', '2012.1.2', '2012.1.3'].map(runs)).toEqual([undefined, undefined, 'manifest-downgrade']);
  });

  it('takes what is made from the core that it runs, and nothing made from another', () => {
    const signature = signed(bytes, { core: '2013', source: '2012' });
    const on = (core: string) => objectionTo({ signature }, one, { version: `${core}.1.0`, core }, NOW);
    expect(['2012', '2011'].map(on)).toEqual([undefined, 'manifest-mismatch']);
  });
});
