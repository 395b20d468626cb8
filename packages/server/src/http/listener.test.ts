import { setTimeout as pass } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { all, listening, openConnections } from '../../test/listening.ts';
import { asks, exchange, exchangeInPieces, reset, values } from '../../test/raw.ts';
import { type Answer, overload, refusal } from './answers.ts';
import type { Route } from './listener.ts';

const WAYS: ReadonlyArray<readonly [string, boolean]> = [
  ['plain', false],
  ['over TLS', true],
];
const nothing = async (): Promise<Answer> => refusal(404, 27, 'nothing');

describe.each(WAYS)('%s, a request that is too much', (_way, isSecure) => {
  const { client, scene } = listening(onTestFinished, isSecure);

  it.each([
    ['no request', 'head-too-slow', 408, '', '', { headTimeoutMs: 40 }],
    ['half a line', 'head-too-slow', 408, 'GET /up', 'GET /up', { headTimeoutMs: 40 }],
    ['half a head', 'head-too-slow', 408, 'GET /up HTTP/1.1\r\nHost: h\r\n', 'GET /up HTTP/1.1', { headTimeoutMs: 40 }],
    ['a long line', 'head-too-large', 431, `GET /${'x'.repeat(1_100)}`, `GET /${'x'.repeat(155)}`, {}],
    ['long headers', 'head-too-large', 431, asks('/', 'GET', [`X: ${'x'.repeat(1_100)}`]), 'GET / HTTP/1.1', {}],
    ['a long body', 'body-too-large', 413, asks('/', 'POST', ['Content-Length: 1001']), 'POST / HTTP/1.1', {}],
    [
      'a slow body',
      'body-too-slow',
      408,
      asks('/', 'PUT', ['Content-Length: 9']),
      'PUT / HTTP/1.1',
      { idleTimeoutMs: 40 },
    ],
    ['rubbish', 'unparsable', 400, '\x16\x03\x01', '\\x16\\x03\\x01', {}],
    ['HTTP/2', 'unparsable', 400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'PRI * HTTP/2.0', {}],
    ['something like HTTP/2', 'unparsable', 400, 'PRI /up\r\n\r\n', 'PRI /up', {}],
    ['rubbish in its headers', 'unparsable', 400, asks('/', 'GET', [' : ']), 'GET / HTTP/1.1', {}],
  ] as const)('for %s is refused as %s with %i, and told of', async (_what, reason, status, sent, excerpt, limits) => {
    // Which is also the time for being secured.
    const { port, refused } = await scene(
      nothing,
      isSecure && 'headTimeoutMs' in limits ? { headTimeoutMs: 400 } : limits,
    );
    const answer = await exchange(port, sent);
    expect(answer.status).toBe(status);
    expect(values(answer, 'content-length')).toEqual([String(answer.body.length)]);
    expect(values(answer, 'connection')).toEqual(['close']);
    expect(refused).toEqual([{ reason, status, address: '127.0.0.1', excerpt, at: expect.any(Number) }]);
  });

  it('for a body that grows is refused once it is too long, and the client hears of it while it sends', async () => {
    const { port, refused } = await scene(nothing);
    const chunk = `1f4\r\n${'x'.repeat(500)}\r\n`;
    const pieces = [asks('/', 'POST', ['Transfer-Encoding: chunked']), ...Array.from({ length: 20 }, () => chunk)];
    expect((await exchangeInPieces(port, pieces)).status).toBe(413);
    expect(refused).toMatchObject([{ reason: 'body-too-large' }]);
  });

  it('by a byte behind its body is refused, and what it asked for is not made', async () => {
    let asked = 0;
    const { port, refused } = await scene(async () => {
      asked += 1;
      return refusal(404, 27, 'nothing');
    });
    expect((await exchange(port, `${asks('/', 'POST', ['Content-Length: 5'])}hellox`)).status).toBe(400);
    expect(refused).toMatchObject([{ reason: 'unparsable', status: 400 }]);
    expect(asked).toBe(0);
  });

  it('is told of without the project key', async () => {
    const key = 'k'.repeat(32);
    const { port, refused } = await scene(nothing);
    for (const place of [`/up?imei=1&project_key=${key}&v=1`, `/d/${key}/app?id=1`]) {
      await exchange(port, asks(place, 'GET', [' : ']));
    }
    expect(refused.map(({ excerpt }) => excerpt)).toEqual([
      'GET /up?imei=1&project_key=kkkk...&v=1 HTTP/1.1',
      'GET /d/kkkk.../app?id=1 HTTP/1.1',
    ]);
  });

  it('is answered without a body where it was a HEAD', async () => {
    const { port } = await scene(nothing);
    const answer = await exchange(port, asks('/', 'HEAD', [' : ']));
    expect([answer.status, answer.body.length]).toEqual([400, 0]);
  });

  it('by its drip of bytes ends in time all the same', async () => {
    const { port, refused } = await scene(nothing, { headTimeoutMs: 400 });
    const socket = await client(port, 'GET / HTTP/1.1\r\n');
    const drip = setInterval(() => socket.write('X'), 10);
    const text = await all(socket);
    clearInterval(drip);
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(refused).toHaveLength(1);
  });
});

describe('connections', () => {
  const { client, scene } = listening(onTestFinished);

  it('beyond the limit are answered 503 and told of; those before it are served', async () => {
    const { port, refused } = await scene(nothing, { maxConnections: 3 });
    const early = await Promise.all([client(port), client(port), client(port)]);
    const late = await exchange(port, asks('/'));
    expect([late.status, values(late, 'connection')]).toEqual([503, ['close']]);
    expect(values(late, 'retry-after')).toEqual([expect.stringMatching(/^(?:[345]\d|60)$/)]);
    expect(values(late, 'content-length')).toEqual([String(late.body.length)]);
    expect(refused).toMatchObject([{ reason: 'too-many-connections', status: 503, address: '127.0.0.1' }]);
    const [first] = early;
    first?.write(asks('/'));
    expect(first && (await all(first))).toMatch(/^HTTP\/1\.1 404 /);
    first?.end();
    await expect.poll(async () => (await exchange(port, asks('/'))).status).toBe(404);
  });

  it('far beyond the limit are dropped, and told of', async () => {
    const { port, refused } = await scene(nothing, { maxConnections: 1 });
    await Promise.all(Array.from({ length: 110 }, () => client(port)));
    await expect.poll(() => refused.filter(({ status }) => status === 0).length).toBe(9);
    expect(refused).toHaveLength(109);
  });

  it('of one address are unlimited, or limited where told', async () => {
    const { port, refused } = await scene(nothing, { maxConnectionsPerAddress: 2 });
    const early = [await client(port), await client(port)];
    expect((await exchange(port, asks('/'))).status).toBe(503);
    expect(refused).toMatchObject([{ reason: 'too-many-from-address', address: '127.0.0.1' }]);
    early[0]?.destroy();
    await expect.poll(async () => (await exchange(port, asks('/'))).status).toBe(404);
  });

  it('that come and go without a word are no news', async () => {
    const made = await scene(nothing);
    const { port, refused } = made;
    (await client(port)).end();
    (await client(port, '\r\n\r\n')).end();
    reset(await client(port));
    await expect.poll(() => openConnections(made)).toBe(0);
    expect(refused).toEqual([]);
  });
});

describe.each(WAYS)('%s, an answer', (_way, isSecure) => {
  const { client, scene } = listening(onTestFinished, isSecure);

  it('reaches a client that has closed its half, also when it takes its time', async () => {
    const { port } = await scene(async () => {
      await new Promise(setImmediate);
      return refusal(404, 27, 'late');
    });
    const socket = await client(port, asks('/'));
    socket.end();
    expect(await all(socket)).toMatch(/^HTTP\/1\.1 404 .*"late"}$/s);
  });

  it.each([['GET / HTTP/1.1\nHost: h\n\n'], ['GET / HTTP/1.1\r\nHost: h\n\n']])(
    'or a refusal comes at once to lines that end with a bare LF: %j',
    async (request) => {
      const { port } = await scene(nothing, { headTimeoutMs: 60_000 });
      expect([400, 404]).toContain((await exchange(port, request)).status);
    },
  );

  it('is one for each connection, whatever is asked behind', async () => {
    let asked = 0;
    const { port } = await scene(async () => {
      asked += 1;
      return refusal(404, 27, `answer ${asked}`);
    });
    for (const version of ['1.0', '1.1']) await exchange(port, `GET / HTTP/${version}\r\n\r\n`.repeat(5));
    expect(asked).toBe(2);
  });

  it.each(['CONNECT h:443 HTTP/1.1\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\n', 'rubbish\r\n\r\n'])(
    'is one, made at once or later, where %j follows',
    async (behind) => {
      for (const later of [false, true]) {
        const answer = refusal(404, 27, 'one');
        const { port } = await scene(() => (later ? pass(20).then(() => answer) : answer));
        const { status, body } = await exchange(port, `GET / HTTP/1.1\r\n\r\n${behind}`);
        expect([status, body.toString()]).toEqual([404, answer.body]);
      }
    },
  );

  it('that cannot be made is 503, and what went wrong is told', async () => {
    const { port, problems } = await scene(() => Promise.reject(new Error('broken')));
    expect((await exchange(port, asks('/'))).status).toBe(503);
    expect(problems).toMatchObject([{ message: 'broken' }]);
  });

  it('may be empty', async () => {
    const { port } = await scene(async () => refusal(404, 27, 'nothing', 'empty'));
    const answer = await exchange(port, asks('/'));
    expect([answer.status, answer.body.length, values(answer, 'content-length')]).toEqual([404, 0, ['0']]);
    expect(values(answer, 'content-type')).toEqual([]);
  });

  it('says when to ask next, in whole seconds, whatever its form', () => {
    for (const form of ['json', 'empty'] as const) {
      expect(refusal(404, 43, 'wait', form, 59.2).headers['Retry-After']).toBe('60');
    }
    expect(refusal(404, 43, 'wait', 'json', 0).headers['Retry-After']).toBe('1');
    expect(refusal(404, 27, 'no').headers['Retry-After']).toBeUndefined();
  });

  it('asks those who were turned away together to come back apart', () => {
    const told = Array.from({ length: 500 }, () => Number(overload('busy', 30_000).headers['Retry-After']));
    expect(Math.min(...told)).toBeGreaterThanOrEqual(30);
    expect(Math.max(...told)).toBeLessThanOrEqual(60);
    expect(new Set(told).size).toBeGreaterThan(20);
  });

  it('says with 405 what is allowed', () => {
    expect(refusal(405, 405, 'no').headers['Allow']).toBe('GET, HEAD, POST, PUT, PATCH, DELETE');
  });
});

describe.each(WAYS)('%s, the body of a request', (_way, isSecure) => {
  const { client, scene } = listening(onTestFinished, isSecure);
  const echo = (keeps: number): Route => ({
    answer: async (_request, body) => refusal(404, body?.byteLength ?? -1, Buffer.from(body ?? []).toString()),
    keeps: () => keeps,
  });
  const sends = (body: string, more = ''): string => `POST / HTTP/1.1\r\nContent-Length: ${body.length}\r\n${more}\r\n`;

  it.each([
    ['is kept whole where it is wanted', 5, 'abcde', 5],
    ['is not kept where it is longer than wanted', 4, 'abcde', -1],
    ['is not kept where nothing of it is wanted', 0, 'abcde', 0],
    ['may be empty', 5, '', 0],
  ])('%s', async (_what, keeps, body, code) => {
    const { port } = await scene(echo(keeps));
    const answer = await exchange(port, sends(body) + body);
    expect(JSON.parse(answer.body.toString())).toEqual({ code, msg: body.slice(0, Math.max(0, code)) });
  });

  it('is waited for where it is wanted, though its client waits for a word first', async () => {
    const { port } = await scene(echo(9));
    const socket = await client(port, sends('abc', 'Expect: 100-continue\r\n'));
    socket.write('abc');
    expect(await all(socket)).toMatch(/^HTTP\/1\.1 404 .*"abc"}$/s);
  });
});
