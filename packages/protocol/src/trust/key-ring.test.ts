import { makeSigner, testCrypto } from '@libfota2/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from './bytes.ts';
import { TrustError } from './errors.ts';
import {
  followLink,
  formatKeyRing,
  formatLinks,
  KEY_RING_FIRMWARE,
  type KeyRing,
  type KeyRingLink,
  LINKS_LIMIT,
  parseKeyRing,
  parseLinks,
} from './key-ring.ts';
import { formatPublicKey } from './minisign.ts';

const [daily, spare, safe, vault, thief] = [1, 2, 3, 4, 5].map(makeSigner) as [
  ReturnType<typeof makeSigner>,
  ReturnType<typeof makeSigner>,
  ReturnType<typeof makeSigner>,
  ReturnType<typeof makeSigner>,
  ReturnType<typeof makeSigner>,
];
const FIRST: KeyRing = {
  project: 'gateway',
  serial: 1,
  releaseKeys: [daily.publicKey],
  ringKeys: [safe.publicKey, vault.publicKey],
};
const SECOND: KeyRing = { ...FIRST, serial: 2, releaseKeys: [daily.publicKey, spare.publicKey] };

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'fine';
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
};
const follow = (link: KeyRingLink, ring = FIRST): KeyRing => followLink(ring, link, testCrypto);

describe('a key ring', () => {
  it('is a text that people can read, and check by eye', () => {
    const text = formatKeyRing(SECOND);
    expect(text).toBe(`libfota2 key ring
project: gateway
serial: 2
release-key: ${formatPublicKey(daily.publicKey)}
release-key: ${formatPublicKey(spare.publicKey)}
ring-key: ${formatPublicKey(safe.publicKey)}
ring-key: ${formatPublicKey(vault.publicKey)}
`);
    expect(parseKeyRing(text)).toEqual(SECOND);
    expect(parseKeyRing(`# of the workshop\r\n\r\n${text.replaceAll('\n', '\r\n')}`.slice(0))).toEqual(SECOND);
  });

  const text = formatKeyRing(FIRST);
  const key = `release-key: ${formatPublicKey(daily.publicKey)}\n`;
  it.each([
    ['nothing', ''],
    ['another title', text.replace('key ring', 'key rings')],
    ['no project', text.replace('project: gateway\n', '')],
    ['two projects', text.replace('serial', 'project: more\nserial')],
    ['a serial number of 0', text.replace('serial: 1', 'serial: 0')],
    ['a serial number in words', text.replace('serial: 1', 'serial: one')],
    ['no key for releases', text.replace(key, '')],
    [
      'three of them',
      `${text}release-key: ${formatPublicKey(spare.publicKey)}\nrelease-key: ${formatPublicKey(thief.publicKey)}\n`,
    ],
    ['the same twice', text + key],
    ['one key for both', text.replace(/ring-key: .*/, key.replace('release', 'ring').trim())],
    ['a key that is none', text.replace(/release-key: .*/, 'release-key: RWxyz')],
    ['a line that is not known', `${text}expires: never\n`],
    ['a name of Object', `${text}constructor: 1\n`],
    ['too much', text + '#'.repeat(3_000)],
  ])('is refused with %s', (_, wrong) => {
    expect(codeOf(() => parseKeyRing(wrong))).toBe('key-ring-malformed');
  });

  it('is read or refused with its code, whatever it holds', () => {
    const line = fc.oneof(fc.string(), fc.constantFrom(...text.split('\n')));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 9 }), (lines) => {
        expect(['fine', 'key-ring-malformed']).toContain(codeOf(() => parseKeyRing(lines.join('\n'))));
      }),
    );
  });
});

describe('a key ring is replaced', () => {
  it('by the next one that any of its ring keys has signed', () => {
    expect(follow(safe.link(SECOND))).toEqual(SECOND);
    expect(follow(vault.link(SECOND))).toEqual(SECOND);
  });

  it.each<[string, KeyRingLink, string]>([
    ['that a key for releases signed, stolen or not', daily.link(SECOND), 'signature-unknown-key'],
    ['that a stranger signed', thief.link(SECOND), 'signature-unknown-key'],
    ['that signs itself', thief.link({ ...SECOND, ringKeys: [thief.publicKey] }), 'signature-unknown-key'],
    ['of another project', safe.link({ ...SECOND, project: 'tracker' }), 'key-ring-mismatch'],
    ['with the same number', safe.link(FIRST), 'key-ring-mismatch'],
    ['that leaves one out', safe.link({ ...SECOND, serial: 3 }), 'key-ring-mismatch'],
    [
      'that is signed as a firmware',
      { ...safe.link(SECOND), signature: safe.release(utf8(formatKeyRing(SECOND)), { version: '2' }) },
      'key-ring-mismatch',
    ],
    [
      'on conditions',
      {
        ...safe.link(SECOND),
        signature: safe.release(utf8(formatKeyRing(SECOND)), {
          firmwareName: KEY_RING_FIRMWARE,
          version: '2',
          notAfter: 2_000_000_000,
        }),
      },
      'key-ring-mismatch',
    ],
    [
      'that is signed as another number',
      {
        ...safe.link(SECOND),
        signature: safe.release(utf8(formatKeyRing(SECOND)), { firmwareName: KEY_RING_FIRMWARE, version: '3' }),
      },
      'key-ring-mismatch',
    ],
    [
      'that was changed after it was signed',
      { ...safe.link(SECOND), text: formatKeyRing({ ...SECOND, releaseKeys: [thief.publicKey] }) },
      'signature-invalid',
    ],
    [
      'that is a key ring in name only',
      { text: 'libfota2 key ring\n', signature: safe.release(utf8('libfota2 key ring\n'), {}) },
      'key-ring-malformed',
    ],
  ])('not by one %s', (_, link, code) => {
    expect(codeOf(() => follow(link))).toBe(code);
  });

  it('one after the other: a key that was taken out signs nothing any more', () => {
    const third = { ...SECOND, serial: 3, ringKeys: [vault.publicKey] };
    const fourth = { ...third, serial: 4, releaseKeys: [spare.publicKey] };
    const now = follow(vault.link(third), follow(safe.link(SECOND)));
    expect(codeOf(() => follow(safe.link(fourth), now))).toBe('signature-unknown-key');
    expect(follow(vault.link(fourth), now)).toEqual(fourth);
  });
});

describe('updates of a key ring in a head', () => {
  it('come back as they were, project names in any script too', () => {
    const links = [safe.link({ ...SECOND, project: '网关 7' }), vault.link({ ...SECOND, serial: 3 })];
    expect(formatLinks(links)).toMatch(/^[A-Za-z0-9+/=]+$/);
    expect(parseLinks(formatLinks(links))).toEqual(links);
  });

  it('are as many from the beginning as fit', () => {
    const links = Array.from({ length: 30 }, (_, place) => safe.link({ ...SECOND, serial: place + 2 }));
    const header = formatLinks(links);
    expect(header.length).toBeLessThanOrEqual(LINKS_LIMIT / 4);
    const fitting = parseLinks(header);
    expect(fitting.length).toBeGreaterThanOrEqual(1);
    expect(fitting).toEqual(links.slice(0, fitting.length));
    expect(formatLinks([])).toBe('');
  });

  it.each(['', '%', 'e30=', 'W1tdXQ==', btoa('[["a"]]'), btoa('[["a",1]]'), 'A'.repeat(LINKS_LIMIT + 4)])(
    'are refused as %.20j',
    (header) => expect(codeOf(() => parseLinks(header))).toBe('key-ring-malformed'),
  );
});
