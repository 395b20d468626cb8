import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identityParameters, joinParameters, parseTarget } from './identity.ts';

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
          expect(parseTarget(joinParameters(url, identityParameters(identity)))).toEqual({
            path: 'http://h/a',
            identity,
          });
        },
      ),
    );
  });
});

describe('reading a request target', () => {
  const glued = query.replace('imei', '');
  it.each([
    ['as it should be', `/up?${query}`],
    ['with two question marks', `/up??${query}`],
    ['with a query of the URL before', `/up?v=1?${query}`],
    ['with a query of the URL before, joined rightly', `/up?v=1&${query}`],
    ['with the query twice', `/up?${query}?${query}`],
    ['without its question mark', `/upimei${glued}`],
    ['without its question mark, twice', `/upimei${glued}&model=Air780EP_A11imei${glued}&model=Air780EP_A11`],
    ['with a parameter of another library behind', `/up?${query}&model=Air780EP_A11`],
    [
      'in the order of libfota v1',
      '/up?project_key=KEY&imei=868488076506128&device_key=&firmware_name=demo_LuatOS-SoC_EC718P&version=1001.1.0',
    ],
    [
      'in the order of the first libfota, the id last',
      '/up?project_key=KEY&firmware_name=demo_LuatOS-SoC_EC718P&version=1001.1.0&imei=868488076506128',
    ],
  ])('%s', (_name, target) => {
    expect(parseTarget(target)).toEqual({ path: '/up', identity: device });
  });

  it('that tells a version alone names nobody, and nothing to ask for', () => {
    const { path, identity } = parseTarget('/xxx/upgrade?version=1.0.5');
    expect({ path, ...identity }).toEqual({
      path: '/xxx/upgrade',
      idKind: undefined,
      id: undefined,
      projectKey: undefined,
      firmwareName: undefined,
      version: '1.0.5',
    });
  });

  it('takes a firmware name that holds what separates parameters', () => {
    const { identity } = parseTarget('/up?imei=1&firmware_name=测试 项目&x=1#_LuatOS-SoC_EC718P&version=1.0.0');
    expect(identity).toMatchObject({ firmwareName: '测试 项目&x=1#_LuatOS-SoC_EC718P', version: '1.0.0' });
  });

  it.each([
    ['mac', 'C81234567830'],
    ['uid', '01020AFF'],
  ])('knows a device by its %s', (idKind, id) => {
    expect(parseTarget(`/up?${idKind}=${id}&project_key=KEY`).identity).toMatchObject({ idKind, id });
  });

  it('knows nobody where the id is missing or empty', () => {
    for (const target of ['/up?nil&project_key=KEY', '/up?imei=&project_key=KEY', '/up', '/']) {
      expect(parseTarget(target).identity).toMatchObject({ idKind: undefined, id: undefined });
    }
  });

  it('takes what is no percent-encoding as it stands, and + as a plus', () => {
    expect(parseTarget('/up?imei=1&firmware_name=100%+x').identity.firmwareName).toBe('100%+x');
  });

  it('never throws, whatever a target holds', () => {
    fc.assert(fc.property(fc.string(), (target) => void parseTarget(target)));
    fc.assert(fc.property(fc.string(), (text) => void parseTarget(`/up?imei=${text}&firmware_name=${text}&${text}`)));
  });
});
