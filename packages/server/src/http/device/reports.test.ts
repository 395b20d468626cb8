import { describe, expect, it, onTestFinished } from 'vitest';
import { expectDialect, expectRefusal } from '../../../test/dialect.ts';
import { asks, exchange, type RawAnswer, values } from '../../../test/raw.ts';
import { fixtures, image, KEY, logged, PROJECT, target } from '../../../test/server.ts';
import type { FotaServer } from '../../index.ts';

const { publishing } = fixtures(onTestFinished);
const PLACE = `/d/${KEY}/app/report`;

/** A server that sent 1.1.0 to the device 867, which had 1.0.0. */
async function serving(): Promise<FotaServer> {
  const server = await publishing({ '1.1.0': image(500) });
  await exchange(server.port, asks(target()));
  return server;
}

function posting(body: string | Buffer, place = PLACE, method = 'POST', headers: readonly string[] = []): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from(asks(place, method, [`Content-Length: ${bytes.length}`, ...headers])), bytes]);
}

function expectTaken(answer: RawAnswer): void {
  expectDialect(answer);
  expect([answer.status, answer.body.toString(), values(answer, 'content-length')]).toEqual([
    200,
    '{"code":0}',
    ['10'],
  ]);
}

describe('a report by the plain contract', () => {
  it('is taken, and once more when it comes again, but logged once', async () => {
    const server = await serving();
    const report = JSON.stringify({ id: '867', state: 'installed', version: '1.1.0', log: ['done'] });
    for (let time = 0; time < 3; time += 1) expectTaken(await exchange(server.port, posting(report)));
    const told = (await logged(server)).map(({ event, detail }) => [event, detail]);
    expect(told.slice(0, 2)).toEqual([
      ['confirmed', undefined],
      ['reported', 'installed: done'],
    ]);
    expect(told.filter(([event]) => event === 'reported')).toHaveLength(1);
    expect(await server.operator.device(PROJECT, '867')).toMatchObject([{ record: { version: '1.1.0' } }]);
  });

  it('may say in its URL who sends it', async () => {
    const server = await serving();
    expectTaken(await exchange(server.port, posting('{"state":"failed"}', `${PLACE}?imei=867&version=1.0.0`)));
    expect((await logged(server)).map(({ event }) => event).slice(0, 2)).toEqual(['failed', 'reported']);
  });

  it('comes in pieces, or chunked, or from a client that waits for a word before it sends', async () => {
    const { port } = await serving();
    const body = '{"id":"867","state":"downloaded"}';
    const chunked = `${asks(PLACE, 'POST', ['Transfer-Encoding: chunked'])}21\r\n${body}\r\n0\r\n\r\n`;
    expectTaken(await exchange(port, chunked));
    expectTaken(await exchange(port, posting(body, PLACE, 'POST', ['Expect: 100-continue'])));
  });

  it.each([
    ['that is no JSON', 400, 400, posting('state=installed')],
    ['with a state that is none', 400, 400, posting('{"id":"867","state":"done"}')],
    ['that is too long', 413, 413, posting(JSON.stringify({ id: '867', log: ['x'.repeat(17_000)] }))],
    ['that is not posted', 405, 405, Buffer.from(asks(PLACE))],
    ['without an id', 400, 3, posting('{"state":"installed"}')],
    ['of an unknown project', 403, 25, posting('{"id":"867"}', '/d/nobody/app/report')],
    ['of a device that never asked', 403, 17, posting('{"id":"868"}')],
  ])('%s is %i with code %i', async (_what, status, code, request) => {
    const { port } = await serving();
    const answer = await exchange(port, request);
    expectRefusal(answer, status, code);
    expect(values(answer, 'allow')).toEqual(status === 405 ? ['POST'] : []);
  });
});

describe('a result of libfota3', () => {
  const RESULT = '/api/site/turnkey_fota_result';

  /** A server that told the device 867 of a package, and the number that it gave it. */
  async function checked(): Promise<{ server: FotaServer; serial: string }> {
    const server = await serving();
    const check = `/api/site/turnkey_fota?imei=867&project_key=${KEY}&script_name=app&script_version=1.0.0&core_version=9`;
    const { fota_sn: serial } = JSON.parse((await exchange(server.port, asks(check))).body.toString());
    return { server, serial: String(serial) };
  }

  it.each([
    ['posted as JSON', (serial: string) => posting(JSON.stringify({ fota_sn: serial, result_code: 2 }), RESULT)],
    ['posted in the query, with no body', (serial: string) => posting('', `${RESULT}?fota_sn=${serial}&result_code=2`)],
    ['asked for in the query', (serial: string) => Buffer.from(asks(`${RESULT}?fota_sn=${serial}&result_code=2`))],
  ])('is taken %s', async (_how, request) => {
    const { server, serial } = await checked();
    expectTaken(await exchange(server.port, request(serial)));
    expectTaken(await exchange(server.port, request(serial)));
    const told = (await logged(server)).filter(({ event }) => event === 'reported' || event === 'failed');
    expect(told).toMatchObject([{ event: 'failed' }, { event: 'reported', code: 2, detail: 'failed' }]);
  });

  it.each([
    ['of a number that is none', 3, '?fota_sn=nobody&result_code=1'],
    ['without a number', 400, '?result_code=1'],
    ['without a result', 400, '?fota_sn=nobody'],
  ])('%s is told so by the code %i, for libfota3 reads no other answer than 200', async (_what, code, query) => {
    const { server } = await checked();
    const answer = await exchange(server.port, asks(RESULT + query));
    expectDialect(answer);
    expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([200, { code }]);
  });

  it('leaves no trace by HEAD', async () => {
    const { server, serial } = await checked();
    const before = await logged(server);
    expectDialect(await exchange(server.port, asks(`${RESULT}?fota_sn=${serial}&result_code=2`, 'HEAD')));
    expect(await logged(server)).toEqual(before);
  });
});
