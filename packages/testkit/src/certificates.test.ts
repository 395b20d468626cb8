import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { expect, it } from 'vitest';
import { type Authority, makeCertificate } from './certificates.ts';

const root = makeCertificate({ name: 'Test Root', authority: true });

async function shakeHands(server: Authority, ca: string): Promise<string> {
  const listener = createServer({ cert: server.cert, key: server.key }, (socket) => socket.end());
  listener.on('tlsClientError', () => undefined);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const socket = connect({ host: '127.0.0.1', port: (listener.address() as AddressInfo).port, ca });
  try {
    await once(socket, 'secureConnect');
    return 'verified';
  } catch (error) {
    return String((error as { readonly code?: unknown }).code);
  } finally {
    socket.destroy();
    listener.close();
  }
}

it('makes certificates that verify against the authority that signed them', async () => {
  const server = makeCertificate({ name: 'server', host: '127.0.0.1', issuer: root });
  expect(await shakeHands(server, root.cert)).toBe('verified');
});

it('makes self-signed certificates that are their own authority', async () => {
  const server = makeCertificate({ name: 'server', host: '127.0.0.1' });
  expect(await shakeHands(server, server.cert)).toBe('verified');
});

it('makes certificates that fail for one reason each', async () => {
  const expired = makeCertificate({ name: 'server', host: '127.0.0.1', issuer: root, years: [2000, 2001] });
  const other = makeCertificate({ name: 'server', host: 'elsewhere.example', issuer: root });
  const stranger = makeCertificate({ name: 'server', host: '127.0.0.1' });
  expect(await shakeHands(expired, root.cert)).toBe('CERT_HAS_EXPIRED');
  expect(await shakeHands(other, root.cert)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(await shakeHands(stranger, root.cert)).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY/);
});
