import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { asks, exchange } from '../../test/raw.ts';
import { fixtures } from '../../test/server.ts';
import { trustedProxies } from './proxies.ts';

const { started } = fixtures(onTestFinished);
const { clientOf } = trustedProxies(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);

describe('the address of a client', () => {
  it.each([
    ['the last that is not trusted', '10.0.0.1', { 'x-forwarded-for': '6.6.6.6, 1.2.3.4, 10.9.9.9' }, '1.2.3.4'],
    ['the first, where all are trusted', '127.0.0.1', { 'x-forwarded-for': '10.1.1.1,10.2.2.2' }, '10.1.1.1'],
    ['without its port', '127.0.0.1', { 'x-forwarded-for': '1.2.3.4:5678' }, '1.2.3.4'],
    ['of IPv6', 'fd00::1', { 'x-forwarded-for': '2001:db8::7' }, '2001:db8::7'],
    ['by a socket for both', '::ffff:10.0.0.1', { 'x-forwarded-for': '::ffff:1.2.3.4' }, '1.2.3.4'],
    ['by Forwarded', '10.0.0.1', { forwarded: 'for=6.6.6.6, proto=https;For="[2001:db8::7]:443"' }, '2001:db8::7'],
    ['the proxy, behind what cannot be read', '10.0.0.1', { 'x-forwarded-for': '1.2.3.4, unknown' }, '10.0.0.1'],
    ['the proxy, where it says nothing', '10.0.0.1', {}, '10.0.0.1'],
    ['its own, where nobody trusts it', '6.6.6.6', { 'x-forwarded-for': '1.2.3.4' }, '6.6.6.6'],
  ])('is %s', (_which, remote, headers, address) => {
    expect(clientOf(remote, headers)).toBe(address);
  });

  it('is an address, whatever a proxy says, and never what a stranger says', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f.:,[\]" =;for%]{0,60}$/));
    fc.assert(
      fc.property(text, text, (list, forwarded) => {
        const headers = { 'x-forwarded-for': list, forwarded };
        expect(isIP(clientOf('10.0.0.1', headers))).not.toBe(0);
        expect(clientOf('6.6.6.6', headers)).toBe('6.6.6.6');
      }),
    );
  });
});

describe('behind a trusted proxy', () => {
  const lost = (client: string): string => asks('/nowhere', 'GET', [`X-Forwarded-For: ${client}`]);

  it('lost requests are told with the address of their client', async () => {
    const told: string[] = [];
    const { port } = await started({
      trustedProxies: ['127.0.0.1'],
      onLost: ({ detail }) => told.push(detail),
    });
    await exchange(port, lost('1.2.3.4'));
    await expect.poll(() => told).toEqual([expect.stringContaining('from 1.2.3.4:')]);
  });

  it('the limit of connections counts clients, not the proxy', async () => {
    const options = { limits: { maxConnectionsPerAddress: 1, bodyBytes: 1_000 } };
    const { port } = await started({ ...options, trustedProxies: ['127.0.0.1'] });
    const slow = (client: string) =>
      exchange(port, asks('/nowhere', 'POST', [`X-Forwarded-For: ${client}`, 'Content-Length: 9']));
    const waiting = slow('1.2.3.4').catch(() => undefined);
    await expect.poll(async () => (await exchange(port, lost('1.2.3.4'))).status).toBe(503);
    expect((await exchange(port, lost('1.2.3.5'))).status).toBe(404);
    void waiting;
  });
});
