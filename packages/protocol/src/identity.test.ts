import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identityParameters, joinParameters, parseIdentity } from './identity.ts';

const device = {
  idKind: 'imei',
  id: '868488076506128',
  projectKey: 'KEY',
  firmwareName: 'demo_LuatOS-SoC_EC718P',
  version: '1001.1.0',
} as const;
const query = 'imei=868488076506128&project_key=KEY&firmware_name=demo_LuatOS-SoC_EC718P&version=1001.1.0';

describe('joining parameters to a URL', () => {
  it.each([
    ['http://h/up', `http://h/up?${query}`],
    ['http://h/up?', `http://h/up?${query}`],
    ['http://h/up?a=1', `http://h/up?a=1&${query}`],
    ['http://h/up?a=1&', `http://h/up?a=1&${query}`],
    ['http://h/up#top', `http://h/up?${query}`],
    ['http://h/up?a=1#top?b', `http://h/up?a=1&${query}`],
    ['http://h:80', `http://h:80?${query}`],
  ])('%s', (url, joined) => {
    expect(joinParameters(url, identityParameters(device))).toBe(joined);
  });

  it('leaves a parameter alone that the URL carries already', () => {
    expect(joinParameters('http://h/up?version=7', identityParameters(device))).toBe(
      `http://h/up?version=7&${query.replace('&version=1001.1.0', '')}`,
    );
  });

  it('adds nothing when nothing is known', () => {
    expect(joinParameters('http://h/up', identityParameters({}))).toBe('http://h/up');
  });

  it('encodes whatever a name holds, so that a server reads back what was meant', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(
        text,
        text,
        text,
        text,
        fc.constantFrom('http://h/a', 'http://h/a?', 'http://h/a?x=1'),
        (...given) => {
          const [id, projectKey, firmwareName, version, url] = given;
          const identity = { idKind: 'mac', id, projectKey, firmwareName, version } as const;
          expect(parseIdentity(joinParameters(url, identityParameters(identity)))).toEqual(identity);
        },
      ),
    );
  });
});

describe('reading an identity', () => {
  it('takes what is no percent-encoding as it stands, and + as a plus', () => {
    const { firmwareName } = parseIdentity('/up?imei=1&firmware_name=100%+x');
    expect(firmwareName).toBe('100%+x');
  });

  it('never throws, whatever a target holds', () => {
    fc.assert(fc.property(fc.string(), (target) => void parseIdentity(target)));
  });
});
