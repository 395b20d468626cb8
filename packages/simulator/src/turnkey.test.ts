import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { chunks, head, startHostile } from '../test/hostile.ts';
import {
  checkTurnkey,
  fetchTurnkey,
  reportTurnkey,
  type TurnkeyFacts,
  type TurnkeyLibraryName,
  type TurnkeyOptions,
  type TurnkeyTold,
} from './index.ts';

const facts: TurnkeyFacts = {
  idKind: 'imei',
  id: '868488076506128',
  projectKey: 'Vn7jF7r23yswjfwMa7ZuMsdnuuUC9wC3',
  model: 'Air8000',
  coreName: 'LuatOS-SoC_Air8000',
  coreId: '1',
  coreVersion: '2012',
  scriptName: 'demo 1',
  scriptVersion: '001.000.005',
};
const image = Buffer.alloc(20_000, 'i');
const told: TurnkeyTold = {
  url: 'http://h.example/t/S',
  sha256: createHash('sha256').update(image).digest('hex'),
  size: image.length,
  fota_sn: 'S',
  core_version: '2012',
  core_id: '1',
  script_version: '001.000.006',
};

/** A device in front of a server that says the same to everybody. */
async function device(library: TurnkeyLibraryName, serve: (line: Socket) => void) {
  const server = await startHostile(serve);
  onTestFinished(() => server.close());
  const options: TurnkeyOptions = { library, facts, connectTo: { host: '127.0.0.1', port: server.port } };
  return { options, heads: server.heads };
}

const says =
  (status: string, body: string | Uint8Array, ...headers: string[]) =>
  (line: Socket): void => {
    const bytes = Buffer.from(body);
    line.end(Buffer.concat([head(status, `Content-Length: ${bytes.length}`, ...headers), bytes]));
  };
const json = (value: unknown) => says('200 OK', JSON.stringify(value));

describe('a check of libfota3', () => {
  it.each<[TurnkeyLibraryName, string]>([
    ['2026-06', 'model=Air8000&core_id=1&core_version=2012&script_name=demo%201'],
    ['2026-05', 'core_name=LuatOS-SoC_Air8000&core_id=1&core_version=2012&script_name=demo 1'],
  ])('of %s is one GET with these parameters', async (library, middle) => {
    const { options, heads } = await device(library, json({ code: 27, msg: 'newest' }));
    expect(await checkTurnkey(options)).toMatchObject({ told: undefined, code: 27 });
    expect(heads).toEqual([
      `GET /api/site/turnkey_fota?imei=868488076506128&project_key=Vn7jF7r23yswjfwMa7ZuMsdnuuUC9wC3&${middle}&script_version=001.000.005 HTTP/1.1\r\nConnection: Close\r\nHost: iot.openluat.com:80\r\n\r\n`,
    ]);
  });

  it.each([
    ['with the code 0', { ...told, code: 0 }],
    ['without a code', told],
  ])('hears of an upgrade %s', async (_what, answer) => {
    const { options } = await device('2026-06', json(answer));
    expect((await checkTurnkey(options)).told).toEqual(answer);
  });

  it.each([
    ['another status', says('404 Not Found', '{"code": 27, "msg": ""}')],
    ['no JSON', says('200 OK', '<html>')],
    ['nothing', says('200 OK', '')],
  ])('hears nothing from %s', async (_what, serve) => {
    const { options } = await device('2026-06', serve);
    expect(await checkTurnkey({ ...options, timeoutMs: 50 })).toMatchObject({ told: undefined, code: undefined });
  });
});

describe('a download of libfota3', () => {
  it.each([
    ['is taken where the hash is the one that was told', says('200 OK', image), true],
    [
      'is taken from chunks, too',
      (line: Socket) => line.end(Buffer.concat([head('200 OK', 'Transfer-Encoding: chunked'), chunks(image)])),
      true,
    ],
    ['is not taken with another hash', says('200 OK', image.subarray(1)), false],
    ['is not taken with another status', says('206 Partial Content', image), false],
    ['is not taken where nothing comes', says('200 OK', ''), false],
    [
      'is not taken where it breaks off',
      (line: Socket) => line.end(Buffer.concat([head('200 OK', 'Content-Length: 20000'), image.subarray(5)])),
      false,
    ],
  ])('%s', async (_what, serve, isTaken) => {
    const { options, heads } = await device('2026-06', serve);
    expect((await fetchTurnkey({ ...options, timeoutMs: 200 }, told)).isTaken).toBe(isTaken);
    expect(heads).toEqual(['GET /t/S HTTP/1.1\r\nConnection: Close\r\nHost: h.example:80\r\n\r\n']);
  });
});

describe('a report of libfota3', () => {
  it.each<[TurnkeyLibraryName, string]>([
    [
      '2026-05',
      'fota_sn=S&result_code=0 HTTP/1.1\r\nConnection: Close\r\nHost: iot.openluat.com:80\r\nContent-Length: 0',
    ],
    [
      '2026-06',
      'fota_sn=S&result_code=1 HTTP/1.1\r\nConnection: Close\r\nHost: iot.openluat.com:80\r\nContent-Type: application/json\r\nContent-Length: 31',
    ],
  ])('of %s says so of success', async (library, rest) => {
    const { options, heads } = await device(library, json({ code: 0 }));
    expect(await reportTurnkey(options, 'S', 'success')).toBe(true);
    expect(heads.join()).toContain(`POST /api/site/turnkey_fota_result?${rest}\r\n\r\n`);
  });

  it('counts as taken only by a 200 with the code 0', async () => {
    for (const serve of [json({ code: 3 }), says('500 Oops', '{"code":0}'), says('200 OK', 'thanks')]) {
      const { options } = await device('2026-06', serve);
      expect(await reportTurnkey({ ...options, timeoutMs: 50 }, 'S', 'failure')).toBe(false);
    }
  });
});
