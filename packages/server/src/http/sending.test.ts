import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { all, listening, openConnections } from '../../test/listening.ts';
import { asks, exchange, reset } from '../../test/raw.ts';
import type { OpenPackage } from '../ports.ts';
import { type Answer, packageAnswer } from './answers.ts';

describe.each([
  ['plain', false],
  ['over TLS', true],
])('%s, a package', (_way, isSecure) => {
  const { client, scene } = listening(onTestFinished, isSecure);

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
    reset(socket);
    await expect.poll(() => told).toEqual([{ bytes: expect.any(Number), whole: false }, 'closed']);
    expect((told[0] as { bytes: number }).bytes).toBeLessThan(bytes.length);
    expect(problems).toEqual([]);
  });

  it.each([
    ['from memory, small', true, 9],
    ['from memory', true, bytes.length],
    ['in pieces', false, bytes.length],
  ])('%s whose client left before is told as broken, and closed', async (_how, inMemory, size) => {
    const { told, answer } = opened(inMemory, size);
    let ask: (value: unknown) => void = () => undefined;
    let go: (value: unknown) => void = () => undefined;
    const asked = new Promise((resolve) => {
      ask = resolve;
    });
    const gone = new Promise((resolve) => {
      go = resolve;
    });
    const made = await scene(async () => {
      ask(undefined);
      await gone;
      return answer();
    });
    const { port, problems, listener } = made;
    const socket = await client(port, asks('/'));
    await asked;
    reset(socket);
    await expect.poll(() => openConnections(made)).toBe(0);
    go(undefined);
    await expect.poll(() => told).toEqual([{ bytes: 0, whole: false }, 'closed']);
    expect(problems).toEqual([]);
    await listener.close(0);
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

  it.each([
    ['bytes that are no request', asks('/', 'GET'), Buffer.alloc(300_000, 'x')],
    ['further requests', 'GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(10_000)],
  ])('reaches its client whole where %s follow what it asked', async (_what, request, more) => {
    for (const inMemory of [true, false]) {
      const { told, answer } = opened(inMemory);
      const { port } = await scene(async () => answer());
      const got = await exchange(port, Buffer.concat([Buffer.from(request), Buffer.from(more)]));
      expect(got.body.equals(bytes)).toBe(true);
      await expect.poll(() => told).toEqual([{ bytes: bytes.length, whole: true }, 'closed']);
    }
  });

  it('does not keep a client that never ends', async () => {
    const { answer } = opened(true, 1_000);
    const made = await scene(async () => answer(), { idleTimeoutMs: 100 });
    const socket = await client(made.port, `${asks('/')}xxx`);
    socket.resume();
    const drip = setInterval(() => socket.write('x'), 10);
    await expect.poll(() => openConnections(made)).toBe(0);
    clearInterval(drip);
  });

  it('may be read in pieces that lie in the same memory, one after the other', async () => {
    const { told, answer } = opened(false);
    const only = Buffer.alloc(70_000);
    const reused: OpenPackage = {
      async *read(first, last) {
        for (let at = first; at <= last; at += only.length) {
          const length = Math.min(only.length, last + 1 - at);
          bytes.copy(only, 0, at, at + length);
          yield only.subarray(0, length);
          only.fill('spoilt');
        }
      },
      close: async () => undefined,
    };
    const { port } = await scene(async () => {
      const made = answer();
      return { ...made, body: { opened: reused, first: 0, last: bytes.length - 1 } };
    });
    const socket = await client(port, asks('/'));
    const parts: Buffer[] = [];
    for await (const part of socket) {
      parts.push(part as Buffer);
      // Slower than the server, so that its pieces wait for the network.
      await new Promise(setImmediate);
    }
    const got = Buffer.concat(parts);
    expect(got.subarray(got.indexOf('\r\n\r\n') + 4).equals(bytes)).toBe(true);
    await expect.poll(() => told).toEqual([{ bytes: bytes.length, whole: true }]);
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
