import { rename, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { makeCertificate } from '@libfota2/testkit';
import { createFota } from 'libfota2';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expectDialect, expectRefusal } from '../test/dialect.ts';
import { asks, exchange, exchangeInPieces, type Place, values } from '../test/raw.ts';
import { etag, fixtures, image, KEY, PROJECT, publish, target } from '../test/server.ts';
import type { FotaServer, ServerOptions } from './index.ts';

const { folder, started } = fixtures(onTestFinished);
const authority = makeCertificate({ name: 'authority', authority: true });
const signed = (name: string) => makeCertificate({ name, host: '127.0.0.1', issuer: authority });

/** Writes a pair as certbot does: each file replaced at once. */
async function write(dir: string, { cert, key }: { readonly cert: string; readonly key: string }) {
  const paths = { cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') };
  for (const [path, text] of [
    [paths.cert, cert],
    [paths.key, key],
  ] as const) {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }
  return paths;
}

async function secured(options: Partial<ServerOptions> = {}) {
  const dir = await folder();
  const tls = await write(dir, signed('first'));
  const problems: unknown[] = [];
  const server = await started({ tls, onProblem: (problem) => problems.push(problem), ...options });
  return { server, dir, tls, problems, place: placeOf(server) };
}

function placeOf({ tlsUrl = '' }: FotaServer): Place {
  return { tls: Number(new URL(tlsUrl).port), ca: authority.cert, rejectUnauthorized: true };
}

/** What the admin side says, and whom it shows. */
function asked(url: string, path: string): Promise<{ status: number | undefined; name: string }> {
  return new Promise((resolve, reject) => {
    const question = get(`${url}${path}`, { ca: authority.cert, agent: false }, (answer) => {
      const { subject } = (
        answer.socket as never as { getPeerCertificate(): { subject: { CN: string } } }
      ).getPeerCertificate();
      answer.resume().once('end', () => resolve({ status: answer.statusCode, name: subject.CN }));
    });
    question.once('error', reject);
  });
}

describe('devices over TLS', () => {
  it('are told addresses that lead back over TLS', async () => {
    const { server, place } = await secured();
    await server.createProject(PROJECT, KEY);
    await publish(server, '1.1.0', image(100));
    const check = `/api/site/turnkey_fota?imei=1&project_key=${KEY}&script_name=app&script_version=1.0.0&core_version=1`;
    for (const [way, origin] of [
      [place, 'https://h:1/'],
      [server.port, 'http://h:1/'],
    ] as const) {
      const { url } = JSON.parse((await exchange(way, asks(check))).body.toString());
      expect(url.slice(0, origin.length)).toBe(origin);
    }
  });

  it('are answered in the same dialect as without it (L14–L17), at a port beside', async () => {
    const { server, place } = await secured();
    await server.createProject(PROJECT, KEY);
    const bytes = image();
    await publish(server, '1.1.0', bytes);
    expect(new URL(server.url).protocol).toBe('http:');
    for (const way of [place, server.port]) {
      const answer = await exchange(way, asks(target()));
      expectDialect(answer);
      expect([answer.status, answer.body.equals(bytes), values(answer, 'etag')]).toEqual([200, true, [etag(bytes)]]);
    }
    const rest = await exchange(place, asks(target(), 'GET', ['Range: bytes=25000-']));
    expectDialect(rest);
    expect([rest.status, rest.body.equals(bytes.subarray(25_000))]).toEqual([206, true]);
    expectRefusal(await exchange(place, asks(target('1.1.0'))), 404, 27);
    expectRefusal(await exchange(place, asks(target().replace(KEY, 'nobody'))), 403, 25);
    const head = await exchange(place, asks(target(), 'HEAD', ['Connection: keep-alive']));
    expectDialect(head);
    expect(head.body).toHaveLength(0);
  });

  it('may ask in raw UTF-8 and blanks, in records cut anywhere (L12)', async () => {
    const { server, place } = await secured();
    await server.createProject(PROJECT, KEY);
    const firmwareName = '测试 项目&x=1#"%_LuatOS-SoC_EC718P';
    const bytes = image(5_000);
    await server.publish({ project: PROJECT, firmwareName, version: '1.1.0', core: 'none', package: [bytes] });
    const request = Buffer.from(
      asks(`/upgrade?imei=867&project_key=${KEY}&firmware_name=${firmwareName}&version=1.0.0`),
    );
    for (const at of [1, request.indexOf('测') + 1, request.indexOf(' HTTP'), request.length - 3]) {
      const answer = await exchangeInPieces(place, [request.subarray(0, at), request.subarray(at)]);
      expectDialect(answer);
      expect(answer.body.equals(bytes)).toBe(true);
    }
  });

  it('of libfota2 trust the authority that they are given, and no other', async () => {
    const { server } = await secured();
    await server.createProject(PROJECT, KEY);
    const bytes = image();
    await publish(server, '1.1.0', bytes);
    const device = createFota({ dir: await folder() });
    const options = {
      url: `${server.tlsUrl}/upgrade?`,
      productKey: KEY,
      firmwareName: 'app',
      version: '1.0.0',
      imei: '867',
    };
    expect(await device.upgrade({ ...options, ca: authority.cert })).toMatchObject({ result: 0, bytes: bytes.length });
    const stranger = makeCertificate({ name: 'stranger', authority: true });
    const refused = await device.upgrade({ ...options, ca: stranger.cert });
    expect(refused).toMatchObject({ result: 1, code: 'tls-failed' });
  });

  it('may be the only ones, and may need a certificate', async () => {
    const dir = await folder();
    const clientCa = join(dir, 'ca.pem');
    await writeFile(clientCa, authority.cert);
    const tls = await write(dir, signed('first'));
    const server = await started({ http: false, tls: { ...tls, clientCa } });
    expect([server.url, server.port]).toEqual([server.tlsUrl, Number(new URL(server.url).port)]);
    const place = placeOf(server);
    const { cert, key } = signed('device');
    const answer = await exchange(Object.assign({}, place, { cert, key }), asks('/upgrade'));
    expectRefusal(answer, 400, 3);
    await expect(exchange(place, asks('/upgrade'))).rejects.toThrow();
  });
});

describe('a certificate', () => {
  it('is replaced at both sides while the server runs, at once where it is told so', async () => {
    const { server, dir, tls } = await secured();
    const both = await started({ tls, admin: { tls } });
    await write(dir, signed('second'));
    const { adminUrl = '' } = both;
    expect((await asked(adminUrl, '/api/v1/openapi.json')).name).toBe('first');
    await both.reload();
    expect(await asked(adminUrl, '/api/v1/openapi.json')).toEqual({ status: 200, name: 'second' });
    expect((await asked(both.tlsUrl ?? '', '/')).name).toBe('second');
    // By itself, within seconds.
    await expect.poll(async () => (await asked(server.tlsUrl ?? '', '/')).name, { timeout: 15_000 }).toBe('second');
  });

  it('that is replaced by one that will not do stays, and the operator is told', async () => {
    const { server, tls, problems, place } = await secured();
    await writeFile(tls.key, signed('other').key);
    await server.reload();
    expect(problems).toMatchObject([{ code: 'tls-key-mismatch' }]);
    expect((await exchange(place, asks('/upgrade'))).status).toBe(400);
  });

  it('that will not do starts no server, and nothing listens', async () => {
    const dir = await folder();
    const { cert } = await write(dir, signed('first'));
    await writeFile(join(dir, 'other.pem'), signed('other').key);
    const options = { dataDir: await folder(), tls: { cert, key: join(dir, 'other.pem') } };
    await expect(started(options)).rejects.toMatchObject({ code: 'tls-key-mismatch' });
    await expect(started({ ...options, tls: undefined, admin: { tls: options.tls } })).rejects.toMatchObject({
      code: 'tls-key-mismatch',
    });
    await started({ dataDir: options.dataDir });
  });
});

describe('operators over TLS', () => {
  it('come in by it only, and only with a token', async () => {
    const { tls } = await secured();
    const server = await started({ admin: { tls } });
    const { adminUrl = '' } = server;
    expect(adminUrl).toMatch(/^https:/);
    expect((await asked(adminUrl, '/api/v1/status')).status).toBe(401);
    await expect(fetch(`${adminUrl.replace('https', 'http')}/api/v1/status`)).rejects.toThrow();
  });

  it('with a connection that is not secured yet do not hold up closing', async () => {
    const { tls } = await secured();
    const server = await started({ admin: { tls }, graceMs: 60_000 });
    const { connect } = await import('node:net');
    const socket = connect(Number(new URL(server.adminUrl ?? '').port), '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('connect', resolve));
    await server.close();
    socket.destroy();
  });
});
