import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { makeCertificate } from '@libfota2/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { all, listening, openConnections } from '../../test/listening.ts';
import { asks, connectTo, exchange } from '../../test/raw.ts';
import { type Answer, refusal } from './answers.ts';
import { createListener } from './listener.ts';

const { client, scene } = listening(onTestFinished, true);
const nothing = async (): Promise<Answer> => refusal(404, 27, 'nothing');

const plain = (port: unknown): number => (port as { readonly tls: number }).tls;

/** Connects without a word of TLS. */
async function mute(port: unknown): Promise<Socket> {
  const socket = connectTo(plain(port), () => undefined);
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

describe('a connection over TLS', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('may be of %s', async (version) => {
    const { port } = await scene(nothing);
    const answer = await exchange({ tls: plain(port), minVersion: version, maxVersion: version }, asks('/'));
    expect([answer.status, answer.headInOneRead]).toEqual([404, true]);
  });

  it('of an older version is refused, and told of with the reason', async () => {
    const { port, refused } = await scene(nothing);
    const old = { tls: plain(port), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    await expect(exchange(old, asks('/'))).rejects.toThrow(/protocol version/);
    await expect
      .poll(() => refused)
      .toMatchObject([
        { reason: 'handshake-failed', status: 0, address: '127.0.0.1', excerpt: 'unsupported protocol' },
      ]);
  });

  it('that begins with HTTP instead is told of as such', async () => {
    const { port, refused } = await scene(nothing);
    const socket = await mute(port);
    socket.write(asks('/'));
    await all(socket).catch(() => '');
    await expect.poll(() => refused).toMatchObject([{ reason: 'handshake-failed', excerpt: 'http request' }]);
  });

  it('has the time of a head to be secured in, and to ask in', async () => {
    const { port, refused } = await scene(nothing, { headTimeoutMs: 150 });
    const socket = await mute(port);
    socket.write('\x16\x03\x01');
    expect(await all(socket).catch(() => '')).toBe('');
    expect(refused).toMatchObject([{ reason: 'handshake-too-slow', status: 0, address: '127.0.0.1' }]);
    expect(await all(await client(port))).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('counts from its first moment on, with those that are not secured yet', async () => {
    const made = await scene(nothing, { maxConnections: 3 });
    const { port, refused } = made;
    const early = [await mute(port), await mute(port), await client(port)];
    const late = await mute(port);
    expect(await all(late).catch(() => '')).toBe('');
    expect(refused).toMatchObject([{ reason: 'too-many-connections', status: 0, address: '127.0.0.1' }]);
    early[0]?.destroy();
    await expect
      .poll(() =>
        exchange(port, asks('/')).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(404);
    for (const socket of early) socket.destroy();
    await expect.poll(() => openConnections(made)).toBe(0);
  });

  it('counts with those of its address, and those without TLS', async () => {
    const { port, listener } = await scene(nothing, { maxConnectionsPerAddress: 2 });
    listener.server.listen(0, '127.0.0.1');
    await once(listener.server, 'listening');
    const other = (listener.server.address() as AddressInfo).port;
    await client(port);
    expect((await exchange(other, asks('/'))).status).toBe(404);
    await mute(port);
    expect((await exchange(other, asks('/'))).status).toBe(503);
  });

  it('far beyond the limit is dropped by the system, and told of', async () => {
    const { port, refused } = await scene(nothing, { maxConnections: 1 });
    await Promise.all(Array.from({ length: 110 }, () => mute(port)));
    await expect.poll(() => refused.length).toBe(109);
  });

  it('that is not secured yet ends at once where the listener closes', async () => {
    const { port, listener } = await scene(nothing, { headTimeoutMs: 60_000 });
    const [shaking, asking] = [await mute(port), await client(port, 'GET /')];
    await listener.close(60_000);
    expect(await Promise.all([shaking, asking].map((socket) => all(socket).catch(() => '')))).toEqual(['', '']);
  });

  it('that comes and goes without a word is no news', async () => {
    const made = await scene(nothing);
    (await mute(made.port)).end();
    await expect.poll(() => openConnections(made)).toBe(0);
    expect(made.refused).toEqual([]);
  });
});

describe('credentials', () => {
  const authority = makeCertificate({ name: 'authority', authority: true });
  const stranger = makeCertificate({ name: 'stranger', authority: true });
  const signed = (name: string, issuer = authority) => makeCertificate({ name, host: '127.0.0.1', issuer });
  const limits = { headBytes: 1_024, bodyBytes: 1_000, headTimeoutMs: 10_000, idleTimeoutMs: 10_000 };

  async function opened(asksClients: boolean, name = 'first') {
    const refused: unknown[] = [];
    const all = { ...limits, maxConnections: 100, maxConnectionsPerAddress: 0, retryAfterMs: 0 };
    const listener = createListener(
      { answer: nothing },
      all,
      () => undefined,
      (one) => refused.push(one),
    );
    onTestFinished(() => listener.close(0));
    const { server, use } = listener.secured(asksClients);
    const show = (of: string): void =>
      use({ ...signed(of), passphrase: undefined, clientCa: asksClients ? authority.cert : undefined });
    show(name);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { tls: (server.address() as AddressInfo).port, show, refused };
  }

  it('that are replaced are shown to whoever comes next, and nobody is cut off', async () => {
    const { tls, show } = await opened(false);
    const connected = async (): Promise<{ socket: Socket; name: string }> => {
      const socket = connectTo({ tls, ca: authority.cert, rejectUnauthorized: true }, () => undefined);
      onTestFinished(() => void socket.destroy());
      await once(socket, 'secureConnect');
      const { getPeerCertificate } = socket as never as { getPeerCertificate(): { subject: { CN: string } } };
      return { socket, name: getPeerCertificate.call(socket).subject.CN };
    };
    const before = await connected();
    show('second');
    expect([before.name, (await connected()).name]).toEqual(['first', 'second']);
    before.socket.write(asks('/'));
    expect(await all(before.socket)).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('of clients are asked for where authorities are named: nobody comes in without one of theirs', async () => {
    const { tls, refused } = await opened(true);
    const device = signed('device');
    expect((await exchange({ tls, cert: device.cert, key: device.key }, asks('/'))).status).toBe(404);
    await expect(exchange({ tls }, asks('/'))).rejects.toThrow(/certificate required|ECONNRESET/i);
    await expect
      .poll(() => refused)
      .toMatchObject([{ reason: 'handshake-failed', excerpt: 'peer did not return a certificate' }]);
    const { cert, key } = signed('device', stranger);
    const answer = await exchange({ tls, cert, key }, asks('/')).catch(() => undefined);
    expect(answer?.status).not.toBe(404);
    await expect.poll(() => refused.length).toBe(2);
  });
});
