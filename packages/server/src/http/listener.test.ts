import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { asks, exchange, exchangeInPieces, values } from '../../test/raw.ts';
import type { OpenPackage } from '../ports.ts';
import { type Answer, packageAnswer, refusal } from './answers.ts';
import type { Limits } from './door.ts';
import { createListener, type Listener } from './listener.ts';
import type { Refused } from './refused.ts';

const LIMITS: Limits = {
  headBytes: 1_024,
  bodyBytes: 1_000,
  headTimeoutMs: 10_000,
  idleTimeoutMs: 10_000,
  maxConnections: 100,
  maxConnectionsPerAddress: 0,
};

interface Scene {
  readonly port: number;
  readonly listener: Listener;
  readonly refused: Refused[];
  readonly problems: unknown[];
}

async function scene(route: () => Promise<Answer>, limits: Partial<Limits> = {}): Promise<Scene> {
  const refused: Refused[] = [];
  const problems: unknown[] = [];
  const listener = createListener(
    route,
    { ...LIMITS, ...limits },
    (problem) => problems.push(problem),
    (one) => refused.push(one),
  );
  listener.server.listen(0, '127.0.0.1');
  await once(listener.server, 'listening');
  onTestFinished(() => listener.close(0));
  return { port: (listener.server.address() as AddressInfo).port, listener, refused, problems };
}

const nothing = async (): Promise<Answer> => refusal(404, 27, 'nothing');

/** A client that is connected, and has sent what it is told. */
async function client(port: number, sends = ''): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  if (sends !== '') await new Promise((sent) => socket.write(sends, sent));
  return socket;
}

async function all(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe('a request that is too much', () => {
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
    const { port, refused } = await scene(nothing, limits);
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
    const { port, refused } = await scene(nothing, { headTimeoutMs: 120 });
    const socket = await client(port, 'GET / HTTP/1.1\r\n');
    const drip = setInterval(() => socket.write('X'), 10);
    const text = await all(socket);
    clearInterval(drip);
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(refused).toHaveLength(1);
  });
});

describe('connections', () => {
  it('beyond the limit are answered 503 and told of; those before it are served', async () => {
    const { port, refused } = await scene(nothing, { maxConnections: 3 });
    const early = await Promise.all([client(port), client(port), client(port)]);
    const late = await exchange(port, asks('/'));
    expect([late.status, values(late, 'retry-after'), values(late, 'connection')]).toEqual([503, ['30'], ['close']]);
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
    const { port, refused, listener } = await scene(nothing);
    (await client(port)).end();
    (await client(port, '\r\n\r\n')).end();
    (await client(port)).resetAndDestroy();
    const open = () => new Promise((resolve) => listener.server.getConnections((_error, count) => resolve(count)));
    await expect.poll(open).toBe(0);
    expect(refused).toEqual([]);
  });
});

describe('an answer', () => {
  it('reaches a client that has closed its half, also when it takes its time', async () => {
    const { port } = await scene(async () => {
      await new Promise(setImmediate);
      return refusal(404, 27, 'late');
    });
    const socket = await client(port, asks('/'));
    socket.end();
    expect(await all(socket)).toMatch(/^HTTP\/1\.1 404 .*"late"}$/s);
  });

  it('is one for each connection, whatever is asked behind', async () => {
    let asked = 0;
    const { port } = await scene(async () => {
      asked += 1;
      return refusal(404, 27, `answer ${asked}`);
    });
    for (const version of ['1.0', '1.1']) await exchange(port, `GET / HTTP/${version}\r\n\r\n`.repeat(5));
    expect(asked).toBe(2);
  });

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

  it('says with 405 what is allowed', () => {
    expect(refusal(405, 405, 'no').headers['Allow']).toBe('GET, HEAD, POST, PUT, PATCH, DELETE');
  });
});

describe('a package', () => {
  const bytes = Buffer.alloc(5_000_000, 'fota');
  const wanted = { sha256: 'f'.repeat(64), size: bytes.length };

  /** A package in memory, or one that is read in pieces; says when it was closed and how its sending ended. */
  function opened(inMemory: boolean, size = bytes.length) {
    const told: unknown[] = [];
    const pack: OpenPackage = {
      async *read(first, last) {
        for (let at = first; at <= last; at += 70_000) yield bytes.subarray(at, Math.min(at + 70_000, last + 1));
      },
      ...(inMemory && { slice: (first: number, last: number) => bytes.subarray(first, last + 1) }),
      close: async () => void told.push('closed'),
    };
    const answer = (first = 0): Answer => ({
      ...packageAnswer({ ...wanted, size }, pack, { first, last: size - 1 }),
      onSent: (sent) => told.push(sent),
    });
    return { told, answer };
  }

  it.each([
    ['from memory, small', true, 60_000],
    ['from memory, large', true, bytes.length],
    ['in pieces', false, bytes.length],
  ])('%s is sent whole, told so, and closed', async (_how, inMemory, size) => {
    const { told, answer } = opened(inMemory, size);
    const { port } = await scene(async () => answer(7));
    const got = await exchange(port, asks('/'));
    expect(got.body.equals(bytes.subarray(7, size))).toBe(true);
    expect(got.headInOneRead).toBe(true);
    await expect.poll(() => told).toEqual([{ bytes: size - 7, whole: true }, 'closed']);
  });

  it.each([
    ['from memory', true],
    ['in pieces', false],
  ])('%s that its client leaves is told as broken, and closed', async (_how, inMemory) => {
    const { told, answer } = opened(inMemory);
    const { port, problems } = await scene(async () => answer());
    const socket = await client(port, asks('/'));
    await once(socket, 'readable');
    socket.resetAndDestroy();
    await expect.poll(() => told).toEqual([{ bytes: expect.any(Number), whole: false }, 'closed']);
    expect((told[0] as { bytes: number }).bytes).toBeLessThan(bytes.length);
    expect(problems).toEqual([]);
  });

  it.each([
    ['from memory', true],
    ['in pieces', false],
  ])('%s whose client does not read ends after the idle time', async (_how, inMemory) => {
    const { told, answer } = opened(inMemory);
    const { port } = await scene(async () => answer(), { idleTimeoutMs: 60 });
    const socket = await client(port, asks('/'));
    socket.pause();
    await expect.poll(() => told, { timeout: 5_000 }).toEqual([{ bytes: expect.any(Number), whole: false }, 'closed']);
  });

  it('for HEAD is closed unsent, and nothing told', async () => {
    const { told, answer } = opened(true);
    const { port } = await scene(async () => answer());
    expect((await exchange(port, asks('/', 'HEAD'))).body).toHaveLength(0);
    expect(told).toEqual(['closed']);
  });

  it('that breaks off while it is read cuts the connection, and is told', async () => {
    const { told, answer } = opened(false);
    const { body, ...rest } = answer();
    const part = typeof body === 'object' ? body : undefined;
    if (part === undefined) throw new Error('no package');
    const broken: OpenPackage = {
      ...part.opened,
      async *read() {
        yield bytes.subarray(0, 9);
        throw new Error('the disk is dead');
      },
    };
    const { port, problems } = await scene(async () => ({ ...rest, body: { ...part, opened: broken } }));
    const socket = await client(port, asks('/'));
    await all(socket).catch(() => 'reset');
    expect(problems).toMatchObject([{ message: 'the disk is dead' }]);
    expect(told).toEqual([{ bytes: expect.any(Number), whole: false }, 'closed']);
  });
});
