import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expectDialect, expectRefusal } from '../../../test/dialect.ts';
import { asks, exchange, exchangeInPieces, values } from '../../../test/raw.ts';
import { etag, fixtures, image, KEY, logged, PROJECT, publish, target } from '../../../test/server.ts';

const { publishing, started } = fixtures(onTestFinished);

const QUESTION = { project: PROJECT, id: '867', firmwareName: undefined, version: undefined };

describe('an upgrade', () => {
  it('is the package, raw, with its length, validators and digest', async () => {
    const bytes = image();
    const { port } = await publishing({ '1.1.0': bytes });
    const answer = await exchange(port, asks(target()));
    expectDialect(answer);
    expect(answer.status).toBe(200);
    expect(answer.body.equals(bytes)).toBe(true);
    expect(values(answer, 'content-length')).toEqual(['60000']);
    expect(values(answer, 'etag')).toEqual([etag(bytes)]);
    expect(values(answer, 'accept-ranges')).toEqual(['bytes']);
    const base64 = Buffer.from(etag(bytes).slice(1, -1), 'hex').toString('base64');
    expect(values(answer, 'repr-digest')).toEqual([`sha-256=:${base64}:`]);
  });

  it.each([
    ['on the path of the platform', target('1.0.0', '867', '/api/site/firmware_upgrade')],
    ['after a doubled question mark', target('1.0.0', '867', '/upgrade?')],
    ['to a proxy that names the host', target('1.0.0', '867', 'http://h:1/upgrade')],
  ])('is given %s', async (_where, place) => {
    const { port } = await publishing({ '1.1.0': image() });
    expect((await exchange(port, asks(place))).status).toBe(200);
  });

  it.each([
    ['by POST with a body', 'POST', ['Content-Length: 4'], 'body'],
    ['by GET with a body', 'GET', ['Content-Length: 4'], 'body'],
    ['by PUT with a chunked body', 'PUT', ['Transfer-Encoding: chunked'], '4\r\nbody\r\n0\r\n\r\n'],
    ['with Expect, and without a 100 before it', 'POST', ['Content-Length: 4', 'Expect: 100-continue'], ''],
    ['with an expectation nobody knows', 'GET', ['Expect: wonders'], ''],
    ['with an Upgrade that nobody offers', 'GET', ['Upgrade: websocket'], ''],
    ['to a client that wants to be kept', 'GET', ['Connection: keep-alive'], ''],
  ])('is given %s', async (_how, method, headers, body) => {
    const bytes = image(5_000);
    const { port } = await publishing({ '1.1.0': bytes });
    const answer = await exchange(port, asks(target(), method, headers) + body);
    expectDialect(answer);
    expect(answer.body.equals(bytes)).toBe(true);
  });

  it.each([
    ['without its question mark', target().replace('?', '')],
    ['with its question twice', `${target()}${target().replace('/upgrade', '')}`],
    ['with a query of the URL before its own', target().replace('?', '?v=1?')],
  ])('is given to a device that asks %s', async (_how, place) => {
    const { port } = await publishing({ '1.1.0': image() });
    expect((await exchange(port, asks(place))).status).toBe(200);
  });

  it('is given to a device that encodes nothing, however its request line is cut into pieces', async () => {
    const firmwareName = '测试 项目&x=1#"%_LuatOS-SoC_EC718P';
    const { port, ...server } = await started();
    await server.createProject(PROJECT, KEY);
    const bytes = image(5_000);
    await server.publish({ project: PROJECT, firmwareName, version: '1.1.0', core: 'none', package: [bytes] });
    const request = Buffer.from(
      asks(`/upgrade?imei=867&project_key=${KEY}&firmware_name=${firmwareName}&version=1.0.0`),
    );
    for (const at of [0, 5, 60, request.indexOf('测') + 1, request.indexOf(' HTTP'), request.length - 3]) {
      const answer = await exchangeInPieces(port, [request.subarray(0, at), request.subarray(at)]);
      expectDialect(answer);
      expect(answer.body.equals(bytes)).toBe(true);
    }
  });

  it('is given to a client of HTTP/1.0 without a Host, unchunked', async () => {
    const bytes = image(5_000);
    const { port } = await publishing({ '1.1.0': bytes });
    const answer = await exchange(port, `GET ${target()} HTTP/1.0\r\n\r\n`);
    expectDialect(answer);
    expect(answer.body.equals(bytes)).toBe(true);
  });

  it('ends whole when rubbish follows its request', async () => {
    const bytes = image(3_000_000);
    const { port } = await publishing({ '1.1.0': bytes });
    const answer = await exchange(port, `${asks(target())}\0rubbish\r\n\r\n${asks(target())}`);
    expectDialect(answer);
    expect(answer.body.equals(bytes)).toBe(true);
  });

  it('has the same head and no body for HEAD, which leaves no trace', async () => {
    const server = await publishing({ '1.1.0': image() });
    const head = await exchange(server.port, asks(target(), 'HEAD'));
    expectDialect(head);
    expect(head.body).toHaveLength(0);
    expect(await logged(server)).toEqual([]);
    const get = await exchange(server.port, asks(target()));
    const timeless = (text: string) => text.replace(/^Date: .*$/m, '');
    expect(timeless(head.head)).toBe(timeless(get.head));
  });

  it('is 304 to a device that holds the package already', async () => {
    const bytes = image();
    const server = await publishing({ '1.1.0': bytes });
    const answer = await exchange(server.port, asks(target(), 'GET', [`If-None-Match: "x", ${etag(bytes)}`]));
    expectDialect(answer);
    expect([answer.status, answer.body.length]).toEqual([304, 0]);
    expect(await logged(server)).toMatchObject([{ event: 'held', code: 304 }]);
    expect((await exchange(server.port, asks(target(), 'GET', ['If-None-Match: "x"']))).status).toBe(200);
  });

  it('keeps its head under 500 bytes at the largest numbers', async () => {
    const { packageAnswer } = await import('../answers.ts');
    const size = 2 ** 40;
    const wanted = { sha256: 'f'.repeat(64), size };
    const { headers } = packageAnswer(wanted, undefined as never, { first: size - 2, last: size - 1 });
    const lines = Object.entries({ ...headers, Connection: 'close', Date: new Date(0).toUTCString() });
    const head = `HTTP/1.1 206 Partial Content\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
    expect(head.length).toBeLessThan(500);
  });
});

describe('a refusal', () => {
  it.each([
    ['without an id', 400, 3, `/upgrade?project_key=${KEY}&firmware_name=app&version=1.0.0`],
    ['of an unknown project', 403, 25, target().replace(KEY, 'nobody')],
    ['of an unknown firmware', 404, 26, target().replace('=app', '=apq')],
    ['of a version without order', 404, 27, target('latest')],
    ['of the newest', 404, 27, target('1.1.0')],
    ['with broken percent-encoding', 404, 26, target().replace('=app', '=%E4%ZZ%')],
    ['with the query lost', 400, 3, '/upgrade'],
    ['of another path', 404, 404, '/'],
    ['of an absolute target elsewhere', 404, 404, 'http://elsewhere/upgrade/x'],
  ])('%s is %i with code %i', async (_why, status, code, place) => {
    const { port } = await publishing({ '1.1.0': image() });
    expectRefusal(await exchange(port, asks(place)), status, code);
    const head = await exchange(port, asks(place, 'HEAD'));
    expectDialect(head);
    expect([head.status, head.body.length]).toEqual([status, 0]);
  });

  it.each([
    ['a method that asks nothing', 405, asks('/upgrade', 'OPTIONS')],
    ['CONNECT', 405, asks('elsewhere:443', 'CONNECT')],
    ['an unknown method', 400, asks('/upgrade', 'FETCH')],
    ['rubbish', 400, '\0\0\0\0'],
    ['another protocol', 400, '\x16\x03\x01\x02\x00\x01\x00'],
    ['a head that is too large', 431, asks(`/upgrade?imei=${'x'.repeat(9_000)}`)],
    ['a body that is too large', 413, asks(target(), 'POST', ['Content-Length: 99999999'])],
    ['a chunked body that is none', 400, `${asks(target(), 'POST', ['Transfer-Encoding: chunked'])}zz\r\n`],
    ['a length that is none', 400, asks(target(), 'POST', ['Content-Length: -1'])],
  ])('answers %s with %i', async (_what, status, request) => {
    const { port } = await publishing({ '1.1.0': image() });
    expectRefusal(await exchange(port, request), status, status);
  });

  it('answers whatever bytes come in the same dialect, and never with 5xx', async () => {
    const { port } = await publishing({ '1.1.0': image(100) }, { limits: { headTimeoutMs: 200 } });
    const request = Buffer.from(asks(target(), 'POST', ['Content-Length: 3', 'Range: bytes=1-', 'If-Range: "x"']));
    const spoilt = fc.array(fc.tuple(fc.nat(request.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
      const bytes = Buffer.from(request);
      for (const [at, byte] of changes) bytes[at] = byte;
      return Buffer.concat([bytes, Buffer.from('abc')]);
    });
    const rubbish = fc.uint8Array({ minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.oneof(spoilt, rubbish), async (bytes) => {
        const answer = await exchange(port, bytes);
        expectDialect(answer);
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 200 },
    );
  });

  it('answers a head that does not come to its end with 408', async () => {
    const { port } = await started({ limits: { headTimeoutMs: 50 } });
    expectRefusal(await exchange(port, 'GET /upgr'), 408, 408);
  });
});

describe('a resume', () => {
  it('without If-Range goes on with the package that the device was being sent, and is no new attempt', async () => {
    const [old, young] = [image(), image()];
    const server = await publishing({ '1.1.0': old });
    await exchange(server.port, asks(target()));
    await publish(server, '1.2.0', young);
    const answer = await exchange(server.port, asks(target(), 'GET', ['Range: bytes=25000-']));
    expectDialect(answer);
    expect(answer.status).toBe(206);
    expect(values(answer, 'content-range')).toEqual(['bytes 25000-59999/60000']);
    expect(answer.body.equals(old.subarray(25_000))).toBe(true);
    expect(server.operator.explain(QUESTION).circumstances.known?.deliveries).toMatchObject({ count: 1 });
    expect((await exchange(server.port, asks(target()))).body.equals(young)).toBe(true);
  });

  it('keeps devices and firmwares apart', async () => {
    const server = await publishing({ '1.1.0': image() });
    await exchange(server.port, asks(target('1.0.0', 'other')));
    const answer = await exchange(server.port, asks(target(), 'GET', ['Range: bytes=5-']));
    expectRefusal(answer, 416, 416);
  });

  it('that begins at the end gets 416', async () => {
    const { port } = await publishing({ '1.1.0': image() });
    await exchange(port, asks(target()));
    const answer = await exchange(port, asks(target(), 'GET', ['Range: bytes=60000-']));
    expectRefusal(answer, 416, 416);
    expect(values(answer, 'content-range')).toEqual(['bytes */60000']);
  });

  it('of a device that was never sent anything is not spliced, but may begin at 0', async () => {
    const bytes = image();
    const { port } = await publishing({ '1.1.0': bytes });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expectRefusal(await exchange(port, asks(target(), 'GET', ['Range: bytes=9-'])), 416, 416);
    }
    const answer = await exchange(port, asks(target(), 'GET', ['Range: bytes=0-']));
    expect([answer.status, answer.body.equals(bytes)]).toEqual([200, true]);
  });

  it('with If-Range gets the rest of exactly that package, or the whole of what is on offer now', async () => {
    const [old, young] = [image(), image()];
    const server = await publishing({ '1.1.0': old });
    await exchange(server.port, asks(target()));
    await publish(server, '1.2.0', young);
    const rest = (tag: string) =>
      exchange(server.port, asks(target(), 'GET', ['Range: bytes=50000-', `If-Range: ${tag}`]));
    const same = await rest(etag(old));
    expect([same.status, same.body.equals(old.subarray(50_000))]).toEqual([206, true]);
    const now = await rest(etag(young));
    expect([now.status, now.body.equals(young.subarray(50_000))]).toEqual([206, true]);
    for (const tag of [`W/${etag(old)}`, '"other"', 'Sun, 06 Nov 1994 08:49:37 GMT']) {
      const other = await rest(tag);
      expect([other.status, other.body.equals(young)]).toEqual([200, true]);
    }
  });

  it.each(['bytes=1-2,5-6', 'lines=1-', 'bytes=x-', 'bytes=9-1'])('gets the whole for the range %s', async (range) => {
    const bytes = image();
    const { port } = await publishing({ '1.1.0': bytes });
    const answer = await exchange(port, asks(target(), 'GET', [`Range: ${range}`]));
    expect([answer.status, answer.body.equals(bytes)]).toEqual([200, true]);
  });
});
