import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expectDialect } from '../../../test/dialect.ts';
import { asks, exchange, type RawAnswer, values } from '../../../test/raw.ts';
import { etag, fixtures, image, KEY, logged, PROJECT } from '../../../test/server.ts';
import type { FotaServer } from '../../index.ts';

const { started } = fixtures(onTestFinished);

const FIRMWARE = 'turnkey_LuatOS-SoC_Air8000';

/** A server with one release for devices on core 2012, of the firmware that {@link check} asks for. */
async function serving(bytes = image(5_000), version = '001.000.006'): Promise<FotaServer> {
  const server = await started();
  await server.createProject(PROJECT, KEY);
  await server.publish({ project: PROJECT, firmwareName: FIRMWARE, version, core: 'V2012', package: [bytes] });
  return server;
}

function check(version = '001.000.005', who = 'imei=867'): string {
  return `/api/site/turnkey_fota?${who}&project_key=${KEY}&model=Air8000&core_id=9&core_version=2012&script_name=turnkey&script_version=${version}`;
}

interface Told {
  readonly code: number;
  readonly msg: string;
  readonly url: string;
  readonly fota_sn: string;
  readonly sha256: string;
  readonly size: number;
}

/** What libfota3 makes of an answer: nothing but a 200 with JSON. */
function told(answer: RawAnswer): Told {
  expectDialect(answer);
  expect([answer.status, values(answer, 'content-type')]).toEqual([200, ['application/json']]);
  expect(values(answer, 'content-length')).toEqual([String(answer.body.length)]);
  return JSON.parse(answer.body.toString('latin1')) as Told;
}

/** The target of a URL, which must name the server as the device did. */
function place({ url }: Told, origin = 'http://h:1'): string {
  expect(url.startsWith(`${origin}/api/site/turnkey_fota_package/`)).toBe(true);
  return url.slice(origin.length);
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Another letter that ends the same bytes: of the last one of 43 the lowest two bits mean nothing. */
const spare = (last: string): string => LETTERS[LETTERS.indexOf(last) ^ 1] ?? '';

describe('libfota3', () => {
  it('is told of a package, fetches it by the address it was told, and that is one delivery', async () => {
    const bytes = image(5_000);
    const server = await serving(bytes);
    const offer = told(await exchange(server.port, asks(check())));
    expect(offer).toMatchObject({
      code: 0,
      core_version: '2012',
      core_id: '9',
      script_version: '001.000.006',
      size: 5_000,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(await server.operator.device(PROJECT, '867')).toMatchObject([{ record: { deliveries: undefined } }]);
    const fetched = await exchange(server.port, asks(place(offer)));
    expectDialect(fetched);
    expect([fetched.status, fetched.body.equals(bytes)]).toEqual([200, true]);
    expect(await server.operator.device(PROJECT, '867')).toMatchObject([
      { record: { version: '2012.001.005', deliveries: { count: 1 } } },
    ]);
    expect((await logged(server)).map(({ event }) => event)).toEqual(['sent', 'offered', 'checked']);
  });

  it.each([
    ['the newest', 27, check('001.000.006')],
    ['no id', 3, check('1.0.5', 'imei=')],
    ['an unknown project', 25, check().replace(KEY, 'nobody')],
    ['an unknown model', 26, check().replace('Air8000', 'Air9')],
  ])('is refused with 200 and a code where there is %s', async (_what, code, target) => {
    const { port } = await serving();
    const answer = told(await exchange(port, asks(target)));
    expect(answer.code).toBe(code);
    expect(answer.url).toBeUndefined();
  });

  it('compares in the form of libfota2: the same release is the newest to both', async () => {
    const { port } = await serving();
    const libfota2 = `/upgrade?imei=1&project_key=${KEY}&firmware_name=${FIRMWARE}&version=2012.1.6`;
    expect((await exchange(port, asks(libfota2))).status).toBe(404);
    expect((await exchange(port, asks(libfota2.replace('1.6', '1.5')))).status).toBe(200);
  });

  it('that checks without fetching is neither held nor told of again and again', async () => {
    const server = await serving();
    for (let ask = 0; ask < 10; ask += 1) expect(told(await exchange(server.port, asks(check()))).code).toBe(0);
    expect(await logged(server)).toMatchObject([{ event: 'checked', code: 0, releaseVersion: '001.000.006' }]);
  });

  it('that fetches again and again and keeps its version is held with 40, at the check too', async () => {
    const { port } = await serving(image(100));
    const target = place(told(await exchange(port, asks(check()))));
    const statuses: number[] = [];
    for (let ask = 0; ask < 7; ask += 1) statuses.push((await exchange(port, asks(target))).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 403]);
    expect(told(await exchange(port, asks(check()))).code).toBe(40);
  });

  it('may go on after a break, with the package that it began, whatever came meanwhile', async () => {
    const bytes = image(5_000);
    const server = await serving(bytes);
    const target = place(told(await exchange(server.port, asks(check()))));
    await exchange(server.port, asks(target));
    const newer = { project: PROJECT, firmwareName: FIRMWARE, version: '1.0.7', core: 'V2012' };
    await server.publish({ ...newer, package: [image(100)] });
    for (const headers of [['Range: bytes=1000-'], ['Range: bytes=1000-', `If-Range: ${etag(bytes)}`]]) {
      const rest = await exchange(server.port, asks(target, 'GET', headers));
      expect([rest.status, rest.body.equals(bytes.subarray(1_000))]).toEqual([206, true]);
    }
    expect((await exchange(server.port, asks(target))).status).toBe(410);
  });

  it('gets nothing by an old address once the release is withdrawn, the device blocked, or the key revoked', async () => {
    const server = await serving();
    const target = place(told(await exchange(server.port, asks(check()))));
    await server.operator.setAccess(PROJECT, '867', 'blocked');
    expect((await exchange(server.port, asks(target))).status).toBe(403);
    await server.operator.setAccess(PROJECT, '867', 'allowed');
    await server.operator.rotateKey(PROJECT);
    expect((await exchange(server.port, asks(target, 'HEAD'))).status).toBe(200);
    await server.operator.revokeKey(PROJECT, KEY);
    expect((await exchange(server.port, asks(target))).status).toBe(404);
  });

  it.each([
    ['changed in one letter', (target: string) => target.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))],
    ['changed in the bits that its last letter has to spare', (target: string) => target.replace(/.$/, spare)],
    ['cut', (target: string) => target.slice(0, -1)],
    ['of nobody', (target: string) => target.replace(/[^/]*$/, 'e30.AA')],
    ['empty', (target: string) => target.replace(/[^/]*$/, '')],
    ['too long', (target: string) => target + 'A'.repeat(5_000)],
  ])('has no package at an address that is %s', async (_how, change) => {
    const { port } = await serving();
    const target = place(told(await exchange(port, asks(check()))));
    const answer = await exchange(port, asks(change(target)));
    expectDialect(answer);
    expect(answer.status).toBe(404);
  });

  it('is told the address under which it asked, or that under which its connection came in', async () => {
    const { port } = await serving();
    const asked = (host: string): string => `GET ${check()} HTTP/1.1\r\n${host}\r\n`;
    const urls = await Promise.all(
      ['Host: ota.example\r\n', 'Host: [::1]:80\r\n', 'Host: x/y@z\r\n', 'Host: \r\n', ''].map(async (host) =>
        told(await exchange(port, asked(host))).url.replace(/\/api.*$/, ''),
      ),
    );
    const own = `http://127.0.0.1:${port}`;
    expect(urls).toEqual(['http://ota.example', 'http://[::1]:80', own, own, own]);
  });

  it('is told the public address where one is configured', async () => {
    const server = await started({ publicUrl: 'https://ota.example/devices/' });
    await server.createProject(PROJECT, KEY);
    await server.publish({ project: PROJECT, firmwareName: FIRMWARE, version: '2', core: 'none', package: [image(9)] });
    const { url } = told(await exchange(server.port, asks(check('1'))));
    expect(url).toMatch(/^https:\/\/ota\.example\/devices\/api\/site\/turnkey_fota_package\//);
    await expect(started({ publicUrl: 'ftp://x' })).rejects.toMatchObject({ code: 'option-invalid' });
  });

  it('leaves no trace by HEAD', async () => {
    const server = await serving();
    const head = await exchange(server.port, asks(check(), 'HEAD'));
    expectDialect(head);
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect(await logged(server)).toEqual([]);
  });
});
