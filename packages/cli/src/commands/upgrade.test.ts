import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatKeyRing, formatLinks } from '@libfota2/protocol';
import { type FotaServer, startServer } from '@libfota2/server';
import { makeCertificate, makeImage, makeSigner, startProxy } from '@libfota2/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { begin, fota } from '../../test/run.ts';

describe('fota upgrade', () => {
  const image = makeImage(7, 300_000);
  let dir: string;
  let server: FotaServer;
  let device: string[];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fota upgrade '));
    server = await startServer({ dataDir: join(dir, 'data') });
    const { name, key } = await server.createProject('气象站');
    await server.publish({ project: name, firmwareName: 'station', version: '1.4.0', package: [image] });
    device = ['--id', 'device-1', '--key', key, '--firmware', 'station'];
  });
  afterAll(async () => {
    await server.close();
    await rm(dir, { recursive: true });
  });

  const upgrade = (...args: readonly string[]) => fota(['upgrade', `${server.url}/upgrade`, ...args], { cwd: dir });

  it('takes the image as a device does, tells how far it is, and ends with 0', async () => {
    const { code, stdout, stderr } = await upgrade(...device, '--version', '1.0.0', '-o', 'new/app.bin');
    expect(code).toBe(0);
    expect(stdout).toContain(`0  success: ${join(dir, 'new/app.bin')} is whole and verified`);
    expect(stderr).toMatch(/^upgrade {2}100 % {2}300\.0 kB|^upgrade {2}100 %/m);
    expect((await readFile(join(dir, 'new/app.bin'))).equals(image)).toBe(true);
    expect(await readdir(join(dir, 'new'))).toEqual(['app.bin']);
  });

  it('puts it to update.bin by default, and asks no second time for what it holds', async () => {
    const place = await mkdtemp(join(dir, 'place '));
    const ask = () =>
      fota(['upgrade', `${server.url}/upgrade`, ...device, '--version', '1.0.0', '--json'], { cwd: place });
    const first = await ask();
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(first.stdout)).toMatchObject({ result: 0, kind: 'downloaded', size: 300_000, status: 200 });
    expect((await readFile(join(place, 'update.bin'))).equals(image)).toBe(true);
    const second = await ask();
    expect(second.code).toBe(4);
    expect(JSON.parse(second.stdout)).toMatchObject({ result: 4, kind: 'no-upgrade', reason: 'not-modified' });
  });

  it('ends with 4 and the reason where there is none', async () => {
    const newest = await upgrade(...device, '--version', '1.4.0');
    expect(newest.code).toBe(4);
    expect(newest.stdout).toMatch(/^4 {2}.*\nreason: newest\n$/);
    const stranger = await upgrade('--id', 'x', '--key', '0'.repeat(32), '--version', '1', '--json', '-o', 'none.bin');
    expect(JSON.parse(stranger.stdout)).toMatchObject({ result: 4, reason: 'invalid-project' });
    expect(await readdir(dir)).not.toContain('none.bin.fota');
  });

  it('ends with 1 where nobody listens', async () => {
    const { code, stdout } = await fota(['upgrade', 'http://127.0.0.1:1/upgrade', '--json'], { cwd: dir });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ result: 1, kind: 'failed', code: 'connection-refused' });
  });

  it('trusts an authority of its own when it is given, and no stranger', async () => {
    const authority = makeCertificate({ name: 'Own CA', authority: true });
    const { cert, key } = makeCertificate({ name: 'server', host: '127.0.0.1', issuer: authority });
    await writeFile(join(dir, 'ca.pem'), authority.cert);
    const secure = createServer({ cert, key }, (_, response) => {
      response.writeHead(200, { 'Content-Length': image.length, Connection: 'close' }).end(image);
    }).listen(0, '127.0.0.1');
    await once(secure, 'listening');
    const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}/upgrade`;
    const ask = (...args: readonly string[]) =>
      fota(['upgrade', url, '-o', 'tls.bin', '--json', ...args], { cwd: dir });
    const stranger = await ask();
    const known = await ask('--ca', 'ca.pem');
    const missing = await ask('--ca', 'gone.pem');
    secure.close();
    expect(stranger.code).toBe(1);
    expect(JSON.parse(stranger.stdout).code).toBe('tls-failed');
    expect(known.code).toBe(0);
    expect(missing.code).toBe(64);
  });

  it('takes with --trust only what is signed, and remembers what it learned', async () => {
    const [signer, ringSigner] = [makeSigner(1), makeSigner(2)];
    const keys = { releaseKeys: [signer.publicKey], ringKeys: [ringSigner.publicKey] };
    await writeFile(join(dir, 'ring.txt'), formatKeyRing({ project: 'gateway', serial: 1, ...keys }));
    const next = formatLinks([ringSigner.link({ project: 'gateway', serial: 2, ...keys })]);
    let signature: string | undefined;
    const files = createHttpServer((request, response) => {
      const isBeside = new URL(request.url ?? '/', 'http://h').pathname.endsWith('.minisig');
      if (isBeside) response.writeHead(signature === undefined ? 404 : 200).end(signature);
      else response.setHeader('Fota-Key-Ring', next).end(image);
    }).listen(0, '127.0.0.1');
    await once(files, 'listening');
    const url = `http://127.0.0.1:${(files.address() as AddressInfo).port}/firmware.bin`;
    const ask = (...args: readonly string[]) =>
      fota(['upgrade', url, '--firmware', 'gateway', '--version', '1.0.0', '-o', 'signed.bin', ...args], { cwd: dir });
    const nameless = await fota(['upgrade', url, '--version', '1.0.0', '--trust', 'ring.txt'], { cwd: dir });
    const unsigned = await ask('--trust', 'ring.txt', '--json');
    signature = signer.release(image, { version: '2.0.0' });
    const signed = await ask('--trust', 'ring.txt');
    const noRing = await ask('--trust', 'signed.bin');
    const missing = await ask('--trust', 'gone.txt');
    const careless = await ask();
    files.close();
    expect([nameless.code, nameless.stderr]).toEqual([64, expect.stringContaining('--trust needs --firmware')]);
    expect(unsigned.code).toBe(4);
    expect(JSON.parse(unsigned.stdout)).toMatchObject({
      code: 'signature-missing',
      keyRing: { serial: 2, updated: true },
    });
    expect(signed.code).toBe(0);
    expect(signed.stdout).toMatch(/^key ring {2}stays at 2: .*does not follow.*\n0 {2}success: /);
    expect(signed.stdout).toMatch(/signed\s+gateway 2\.0\.0 of gateway/);
    expect((await readFile(join(dir, 'signed.bin'))).equals(image)).toBe(true);
    expect([noRing.code, missing.code, careless.code]).toEqual([4, 64, 0]);
    // A run without --trust takes from nobody what runs with it remember.
    expect(await readdir(join(dir, 'signed.bin.fota'))).toContain('update.bin.trust.0');
  });

  it('keeps what came when it is interrupted, and goes on with it', async () => {
    // The first connection stands still after two thirds, so that the signal comes in the middle.
    const proxy = await startProxy(server.port, (connection) =>
      connection === 1 ? { afterBytes: 200_000, how: 'stall' } : undefined,
    );
    const url = `http://127.0.0.1:${proxy.port}/upgrade`;
    const args = ['upgrade', url, ...device, '--version', '1.1.0', '-o', 'cut.bin'];
    const running = begin(args, { cwd: dir });
    await running.complains(/upgrade {2}[56]\d %/);
    running.signal('SIGINT');
    const cut = await running.ended;
    expect(cut.code).toBe(130);
    expect(cut.stderr).toContain('interrupted; what came is kept for the next run');
    const { code, stdout } = await fota([...args, '--json'], { cwd: dir });
    await proxy.close();
    expect(code).toBe(0);
    expect(JSON.parse(stdout).resumedFrom).toBeGreaterThan(0);
    expect((await readFile(join(dir, 'cut.bin'))).equals(image)).toBe(true);
  });
});
