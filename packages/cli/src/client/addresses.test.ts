import { describe, expect, it } from 'vitest';
import { devicePath, deviceUrlSeen, deviceUrlTold, outwardUrls } from './addresses.ts';

const address = { netmask: '', mac: '', cidr: null, internal: false } as const;
const interfaces = {
  lo: [{ ...address, address: '127.0.0.1', family: 'IPv4', internal: true }],
  eth0: [
    { ...address, address: '10.0.0.5', family: 'IPv4' },
    { ...address, address: 'fe80::1', family: 'IPv6', scopeid: 2 },
  ],
} as const;
const known = { ...interfaces, lo: [...interfaces.lo], eth0: [...interfaces.eth0] };

/** A server that listens for devices on this host, as its status tells. */
function on(deviceHost: string, ...paths: readonly string[]) {
  const host = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[deviceHost] ?? deviceHost;
  return { deviceUrl: `http://${host}:8266`, deviceHost, paths };
}

describe('what other machines are told', () => {
  it.each([
    ['127.0.0.1', []],
    ['::1', []],
    ['localhost', []],
    ['0.0.0.0', ['http://10.0.0.5:8267']],
    ['::', ['http://10.0.0.5:8267']],
    ['192.168.1.9', ['http://127.0.0.1:8267']],
  ])('of a server on %s is %j', (host, urls) => {
    expect(outwardUrls('http://127.0.0.1:8267', host, known)).toEqual(urls);
  });

  it('leaves the host to them where this machine has no address', () => {
    expect(outwardUrls('http://127.0.0.1:8267', '0.0.0.0', { lo: known.lo })).toEqual(['http://HOST:8267']);
  });
});

describe('what a device is told', () => {
  it('is the first path that was configured, else the path of the platform', () => {
    expect([devicePath(['/fota/up', '/upgrade']), devicePath([])]).toEqual(['/fota/up', '/api/site/firmware_upgrade']);
  });

  it.each([
    ['127.0.0.1', undefined, 'http://127.0.0.1:8266/up'],
    ['0.0.0.0', undefined, 'http://10.0.0.5:8266/up'],
    ['::', undefined, 'http://10.0.0.5:8266/up'],
    ['192.168.1.9', undefined, 'http://192.168.1.9:8266/up'],
    ['0.0.0.0', 'http://localhost:8267', 'http://10.0.0.5:8266/up'],
    ['0.0.0.0', 'https://fota.example/admin', 'http://fota.example:8266/up'],
    ['192.168.1.9', 'https://fota.example', 'http://192.168.1.9:8266/up'],
  ])('of a server on %s that was named as %s is %s', (host, server, url) => {
    expect(deviceUrlTold(on(host, '/up'), server, known)).toBe(url);
  });

  it('has a gap where the server answers no devices now', () => {
    const none = { deviceUrl: null, deviceHost: null, paths: ['/upgrade'] };
    expect(deviceUrlTold(none, undefined, known)).toBe('http://HOST:8266/upgrade');
  });
});

it.each([
  ['127.0.0.1', undefined, 'http://127.0.0.1:8266'],
  ['0.0.0.0', 'http://127.0.0.1:8267', 'http://127.0.0.1:8266'],
  ['127.0.0.1', 'http://10.0.0.9:8267', 'http://10.0.0.9:8266'],
  ['0.0.0.0', 'http://10.0.0.9:8267', 'http://10.0.0.9:8266'],
  ['::', 'http://10.0.0.9:8267', 'http://10.0.0.9:8266'],
  ['192.168.1.9', 'http://10.0.0.9:8267', 'http://192.168.1.9:8266'],
])('devices of a server on %s that was named as %s are looked for at %s', (host, server, url) => {
  expect(deviceUrlSeen(on(host), server)).toBe(url);
});
