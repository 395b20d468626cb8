import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRefusal } from './refusals.ts';
import {
  formatTurnkeyOffer,
  parseTurnkeyPackageTarget,
  parseTurnkeyResult,
  parseTurnkeyTarget,
  TURNKEY_PACKAGE_PATH,
  TURNKEY_PATH,
  TURNKEY_RESULT_PATH,
} from './turnkey.ts';

const REST = 'project_key=KEY&model=Air8000&core_id=1&core_version=2012&script_name=demo&script_version=001.000.005';

/** As libfota3 encodes: these characters, and nothing else (luatos.md L30). */
function asDevice(text: string): string {
  return text.replace(/[% #&=+\r\n]/g, encodeURIComponent);
}

/** Encoded by the device, and then by the server's first line: each byte beyond printable ASCII (luatos.md L30, G). */
function onWire(bytes: readonly number[]): string {
  return bytes
    .map((byte) =>
      byte > 0x20 && byte < 0x7f && !'%#&=+'.includes(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`,
    )
    .join('');
}

describe('the question of libfota3', () => {
  it('tells who asks, what it runs, and script and model as one name', () => {
    expect(parseTurnkeyTarget(`${TURNKEY_PATH}?imei=868488076506128&${REST}`)).toEqual({
      identity: {
        idKind: 'imei',
        id: '868488076506128',
        projectKey: 'KEY',
        firmwareName: 'demo_LuatOS-SoC_Air8000',
        version: '001.000.005',
        core: '2012',
      },
      coreId: '1',
    });
  });

  it.each([
    ['the name of its core in place of the model', '&core_name=LuatOS-SoC_EC718P', 'demo_LuatOS-SoC_EC718P'],
    ['an empty model', '&model=', 'demo'],
    ['neither', '', 'demo'],
  ])('may tell %s', (_what, more, firmwareName) => {
    const { identity } = parseTurnkeyTarget(`${TURNKEY_PATH}?mac=C8&script_name=demo${more}`) ?? {};
    expect(identity).toMatchObject({ idKind: 'mac', id: 'C8', firmwareName });
  });

  it('comes back whatever its values hold, encoded as the device encodes', () => {
    const text = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(text, text, text, (projectKey, scriptName, version) => {
        const pairs = { imei: '1', project_key: projectKey, script_name: scriptName, script_version: version };
        const query = Object.entries(pairs).map(([name, value]) => `${name}=${asDevice(value)}`);
        expect(parseTurnkeyTarget(`${TURNKEY_PATH}?${query.join('&')}`)?.identity).toMatchObject({
          projectKey,
          firmwareName: scriptName,
          version,
        });
      }),
    );
  });

  it('names a chip by its raw bytes, which are read as hex unless all of them can be seen', () => {
    const idOf = (bytes: readonly number[]): string | undefined =>
      parseTurnkeyTarget(`${TURNKEY_PATH}?uid=${onWire(bytes)}&${REST}`)?.identity.id;
    expect(idOf([0x01, 0x02, 0x0a, 0xff])).toBe('01020AFF');
    expect(idOf([...Buffer.from('01020AFF')])).toBe('01020AFF');
    // Valid UTF-8 by chance is no text either.
    expect(idOf([0xc3, 0xa9, 0x41])).toBe('C3A941');
    expect(idOf([0x25, 0x41, 0x3f])).toBe('%A?');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 16 }), (bytes) => {
        expect(idOf([...bytes])).toMatch(/^[\x21-\x7e]+$/);
      }),
    );
  });

  it.each([`${TURNKEY_RESULT_PATH}?imei=1`, '/api/site/firmware_upgrade?imei=1', TURNKEY_PACKAGE_PATH, '/'])(
    'is not %s',
    (target) => {
      expect(parseTurnkeyTarget(target)).toBeUndefined();
    },
  );

  it('may lack anything, and never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (rest) => void parseTurnkeyTarget(`${TURNKEY_PATH}?${rest}`)));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (id) => void parseTurnkeyTarget(`${TURNKEY_PATH}?uid=${id}`)));
    expect(parseTurnkeyTarget(TURNKEY_PATH)?.identity).toEqual({ firmwareName: '' });
  });
});

describe('what libfota3 is told', () => {
  it('is JSON of ASCII, with the code 0', () => {
    const text = formatTurnkeyOffer({
      coreVersion: '2013',
      coreId: '１',
      scriptVersion: '1.0.6',
      size: 7,
      sha256: 'ab',
      serial: 'S',
      url: 'http://h/S',
    });
    expect(text).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(text)).toEqual({
      code: 0,
      core_version: '2013',
      core_id: '１',
      script_version: '1.0.6',
      size: 7,
      sha256: 'ab',
      fota_sn: 'S',
      url: 'http://h/S',
      msg: '',
    });
    expect(parseRefusal(text)?.code).toBe(0);
  });

  it('is fetched by its serial number', () => {
    expect(parseTurnkeyPackageTarget(`${TURNKEY_PACKAGE_PATH}abc.d-_?x=1`)).toBe('abc.d-_');
    expect(parseTurnkeyPackageTarget(TURNKEY_PATH)).toBeUndefined();
  });
});

describe('the result of libfota3', () => {
  const told = { serial: 'S', result: 2 };
  it.each([
    ['in the query', '?fota_sn=S&result_code=2', ''],
    ['in the body', '', '{"fota_sn":"S","result_code":2}'],
    ['in both, of which the body counts', '?fota_sn=T&result_code=1', '{"fota_sn":"S","result_code":2}'],
    ['half in each', '?fota_sn=S', '{"result_code":"2"}'],
    ['in the query, with a body that is none', '?fota_sn=S&result_code=2', '<html>'],
  ])('is read %s', (_where, query, body) => {
    expect(parseTurnkeyResult(TURNKEY_RESULT_PATH + query, body)).toEqual(told);
  });

  it.each([
    ['?fota_sn=S', ''],
    ['?result_code=1', ''],
    ['?fota_sn=&result_code=1', ''],
    ['?fota_sn=S&result_code=', ''],
    ['?fota_sn=S&result_code=one', ''],
    ['', '{"fota_sn":7,"result_code":1}'],
    ['', '[]'],
    ['', 'null'],
  ])('is incomplete as %s %s', (query, body) => {
    expect(parseTurnkeyResult(TURNKEY_RESULT_PATH + query, body)).toBe('incomplete');
  });

  it('is nothing at another path, and never throws', () => {
    expect(parseTurnkeyResult(`${TURNKEY_PATH}?fota_sn=S&result_code=2`, '')).toBeUndefined();
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => void parseTurnkeyResult(TURNKEY_RESULT_PATH + a, b)));
    fc.assert(fc.property(fc.json(), (body) => void parseTurnkeyResult(TURNKEY_RESULT_PATH, body)));
  });
});
