import { describe, expect, it } from 'vitest';
import { FotaError } from './errors.ts';
import type { UpgradeOptions } from './options.ts';
import { type Facts, planQuestion } from './plan.ts';

const facts: Facts = { idKind: 'mac', id: 'C81234567830' };
const device: Facts = {
  idKind: 'imei',
  id: '868488076506128',
  project: 'fotademo',
  version: '001.000.005',
  productKey: 'KEY',
  core: 'V2012',
  bsp: 'EC718P-X',
};
const url = 'http://h/up';

function codeOf(options: UpgradeOptions, from: Facts = facts): string {
  try {
    planQuestion(options, from, {});
    return 'planned';
  } catch (error) {
    return error instanceof FotaError ? `${error.result} ${error.code}` : String(error);
  }
}

describe('the question (docs/protocol.md §2, §3)', () => {
  it('goes to the platform without a URL, with the parameters in the documented order', () => {
    expect(planQuestion({}, device, {}).url).toBe(
      'http://iot.openluat.com/api/site/firmware_upgrade?imei=868488076506128&project_key=KEY&firmware_name=fotademo_LuatOS-SoC_EC718P&version=2012.001.005',
    );
  });

  it('leaves out what a device does not know', () => {
    expect(planQuestion({ url }, facts, {}).url).toBe('http://h/up?mac=C81234567830');
    expect(planQuestion({ url }, {}, {}).url).toBe('http://h/up');
  });

  it('prefers the options of the call to the facts of the device', () => {
    const options = { url, imei: '1', productKey: 'K2', firmwareName: 'F', version: '9.8.7' };
    expect(planQuestion(options, device, {}).url).toBe(
      'http://h/up?imei=1&project_key=K2&firmware_name=F&version=2012.9.7',
    );
  });

  it('sends VERSION verbatim from a device without a core', () => {
    expect(planQuestion({ url, version: '1.5' }, facts, {}).url).toContain('version=1.5');
  });

  it('uses a URL after ### as it stands, and needs no product key for it', () => {
    expect(planQuestion({ url: '###http://h/a.bin?x=%20' }, device, {}).url).toBe('http://h/a.bin?x=%20');
  });

  it('shows people a URL without query and credentials', () => {
    expect(planQuestion({ url: 'https://me:secret@h/up?token=1' }, device, {}).shownUrl).toBe('https://h/up');
  });

  it('is the same resource whatever version asks', () => {
    const [a, b] = ['1.0.0', '1.1.0'].map((version) => planQuestion({ url, version }, facts, {}));
    expect(a?.resource).toBe(b?.resource);
    expect(a?.url).not.toBe(b?.url);
  });

  it('keeps headers that would steer the transfer to itself', () => {
    const headers = { Range: 'bytes=5-', 'If-None-Match': '*', 'content-length': '5', 'X-Own': 'yes' };
    expect(planQuestion({ url, headers }, facts, {}).headers).toEqual({ 'X-Own': 'yes' });
  });

  it('changes none of its options', () => {
    const options = Object.freeze({ url, headers: Object.freeze({ a: 'b' }), body: 'x' });
    expect(planQuestion(options, facts, {})).toEqual(planQuestion(options, facts, {}));
  });
});

describe('the IoT platform (number 5)', () => {
  it('needs a product key', () => {
    expect(codeOf({}, { ...device, productKey: undefined })).toBe('5 product-key-missing');
    expect(codeOf({}, { ...device, productKey: '' })).toBe('5 product-key-missing');
  });

  it.each([undefined, '', '1.0', '1.0.0.0', 'v1.0.0', '1.0.beta'])(
    'needs a VERSION as xxx.yyy.zzz, not %j',
    (version) => {
      expect(codeOf({}, { ...device, version })).toBe('5 version-malformed');
    },
  );

  it('is the only one to need either', () => {
    expect(codeOf({ url, version: '1.0' })).toBe('planned');
    expect(codeOf({ url })).toBe('planned');
  });
});

describe('a wrong URL (number 2)', () => {
  it.each(['', 'upgrade', '/xxx/upgrade', 'http://', 'http://h:99999/', '###', 'http//h/up', 5, null, {}])(
    '%j',
    (bad) => {
      expect(codeOf({ url: bad as string })).toBe('2 url-malformed');
    },
  );

  it.each(['ftp://h/up', 'file:///etc/passwd', '###mqtt://h', 'h:80/up'])('%j', (bad) => {
    expect(codeOf({ url: bad })).toBe('2 url-scheme');
  });
});

describe('an option of the wrong kind (number 4)', () => {
  const wrong: readonly [string, UpgradeOptions][] = [
    ['version', { version: 1 as unknown as string }],
    ['body', { body: 5 as unknown as string }],
    ['expectedSha256', { expectedSha256: 'abc' }],
    ['timeoutMs 0', { timeoutMs: 0 }],
    ['timeoutMs that no timer can take', { timeoutMs: 2 ** 31 }],
    ['timeoutMs NaN', { timeoutMs: Number.NaN }],
    ['maxBytes', { maxBytes: -1 }],
    ['maxRedirects', { maxRedirects: '3' as unknown as number }],
  ];
  it.each(wrong)('%s', (_name, options) => {
    expect(codeOf({ url, ...options })).toBe('4 option-invalid');
  });
});
