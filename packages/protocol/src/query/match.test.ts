import { describe, expect, it } from 'vitest';
import { groupsIn, resolveGroups } from './groups.ts';
import { compileQuery, matchesQuery } from './match.ts';
import { nearestWord } from './nearest.ts';
import { parseQuery } from './parse.ts';
import { printQuery } from './print.ts';
import type { QueryFacts } from './query.ts';

const DAY = 86_400_000;
const NOW = 1_800_000_000_000;

/** A device that never asked, of which nobody said a word. */
const STRANGER: QueryFacts = {
  id: '861234567890123',
  firmware: undefined,
  version: undefined,
  labels: [],
  access: 'default',
  pinned: undefined,
  note: undefined,
  seen: undefined,
  first: undefined,
  asked: undefined,
  rule: undefined,
  state: undefined,
  release: undefined,
  deferred: undefined,
  keyring: undefined,
};

const KNOWN: QueryFacts = {
  ...STRANGER,
  firmware: 'station',
  version: '1.10.0',
  labels: ['beta', 'site-berlin'],
  pinned: '1.10',
  note: 'Pump of the Nordwerk, 二号泵',
  seen: NOW - DAY,
  first: NOW - 100 * DAY,
  asked: 12,
  rule: 'newest',
  state: 'rolled-back',
  release: 7,
  deferred: NOW + DAY,
  keyring: 2,
};

describe('a device fits', () => {
  it.each([
    'all',
    'version < 2.0 and label:beta and seen > 2d ago',
    'version > 1.9 and version = 1.10 and version >= 1.10.0.0 and version <= 1.10',
    'version = 1.*',
    'id = 8612* and id = *0123 and id = 86*789*123 and id = * and id = 861234567890123',
    'firmware:station',
    'label:site-* and label and not label:alpha',
    'access = default and access != blocked',
    'pinned and pinned = 1.10.0',
    'note:nordWERK and note:二号 and note',
    'seen < 12h ago and first < 99d ago and first > 101d ago and seen',
    'asked > 11 and asked = 12 and asked != 13 and asked <= 12',
    'rule = newest or all',
    'state = rolled-back and state and release = 7 and release',
    'keyring and keyRing = 2 and keyRing < 3',
    'deferred and deferred > 1h ago and deferred < 2050-01-01',
    'label:alpha or label:beta',
  ])('%s', (text) => expect(matchesQuery(parseQuery(text), KNOWN, NOW)).toBe(true));
});

describe('a device does not fit', () => {
  it.each([
    'not all',
    'version > 1.10',
    'seen > 12h ago',
    'label:bet or label:site-?*',
    'label:BETA',
    'id = 861234567890123* and id = 86123456789012',
    'id = 8612345*567890123',
    'note:süd',
    'first > 2026-01-01',
    'label:beta and label:alpha',
  ])('%s', (text) => expect(matchesQuery(parseQuery(text), { ...KNOWN, first: 5 }, NOW)).toBe(false));

  it('by any comparison with what is not known of it, but by its denial', () => {
    const terms = [
      'version < 9',
      'version >= 0',
      'firmware = *',
      'pinned',
      'label',
      'note:""',
      'seen',
      'seen > 9w ago',
    ];
    for (const text of [...terms, 'seen < 1s ago', 'asked >= 0', 'rule = *', 'state', 'release < 9', 'pinned < 9']) {
      expect([text, matchesQuery(parseQuery(text), STRANGER, NOW)]).toEqual([text, false]);
      expect([text, matchesQuery(parseQuery(`not ${text}`), STRANGER, NOW)]).toEqual([text, true]);
    }
    expect(matchesQuery(parseQuery('version != 2.0'), STRANGER, NOW)).toBe(true);
  });
});

describe('groups', () => {
  const find = (groups: Readonly<Record<string, string>>) => (name: string) => {
    const text = groups[name];
    return text === undefined ? undefined : parseQuery(text);
  };

  it('stand for their queries, also within each other', () => {
    const groups = find({ testers: 'label:beta or group:staff', staff: 'label:staff and seen' });
    const query = parseQuery('version < 2 and group:testers and group != staff');
    expect([...groupsIn(query)]).toEqual(['testers', 'staff']);
    const whole = resolveGroups(query, groups);
    expect(printQuery(whole)).toBe(
      'version < 2 and (label:beta or (label:staff and seen)) and not (label:staff and seen)',
    );
    expect(groupsIn(whole).size).toBe(0);
    expect(compileQuery(whole)(KNOWN, NOW)).toBe(true);
  });

  it('are refused where there is none, where they run in a circle, and where they grow without end', () => {
    const resolved = (groups: Readonly<Record<string, string>>) => () =>
      resolveGroups(parseQuery('group:a'), find(groups));
    expect(resolved({})).toThrow('there is no group "a"');
    expect(resolved({ a: 'group:b', b: 'not group:a' })).toThrow('in a circle: a → b → a');
    const chain = Object.fromEntries([...'abcdefghij'].map((name, i) => [name, `group:${'bcdefghijk'[i]}`]));
    expect(resolved(chain)).toThrow(expect.objectContaining({ code: 'too-deep' }));
    const wide = Object.fromEntries(
      [...'abcde'].map((name, i) => [name, Array.from({ length: 99 }, () => `group:${'bcdef'[i]}`).join(' or ')]),
    );
    expect(resolved({ ...wide, f: 'all' })).toThrow(expect.objectContaining({ code: 'too-many-terms' }));
    expect(() => compileQuery(parseQuery('group:a'))).toThrow(expect.objectContaining({ code: 'group-unknown' }));
  });
});

it('the nearest word is the one with the fewest slips', () => {
  const words = ['id', 'firmware', 'version', 'label', 'pinned'];
  expect(['verison', 'lable', 'firmwre', 'Pined'].map((typed) => nearestWord(typed, words))).toEqual([
    'version',
    'label',
    'firmware',
    'pinned',
  ]);
  expect(['', 'x', 'something', 'z'.repeat(50)].map((typed) => nearestWord(typed, words))).toEqual(
    Array.from({ length: 4 }, () => undefined),
  );
});

it('a query of three terms costs less than a microsecond a device', () => {
  const fits = compileQuery(parseQuery('version < 2.0 and label:beta and seen > 2d ago'));
  const devices = Array.from({ length: 1_000 }, (_, i): QueryFacts => ({ ...KNOWN, id: `${i}`, version: `1.${i}.0` }));
  const microseconds = (): number => {
    const begin = performance.now();
    for (let round = 0; round < 20; round += 1) for (const device of devices) fits(device, NOW);
    return (performance.now() - begin) / 20;
  };
  // The best of some: other programs run on this machine.
  expect(Math.min(...Array.from({ length: 10 }, microseconds))).toBeLessThan(1);
});
