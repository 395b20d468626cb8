import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSender } from './sender.ts';

/** The port of a server on this machine, which ends with the test. */
async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

const messageTo = (url: string) => ({ url, isPrivate: true, headers: { 'fota-event-id': '7' }, body: '{"é":1}' });

async function sent(answering: RequestListener, deadlineMs = 2_000) {
  const port = await listening(createServer(answering));
  const begin = performance.now();
  const sending = await createSender(deadlineMs).send(messageTo(`http://127.0.0.1:${port}/hook?x=1`));
  return { sending, ms: performance.now() - begin };
}

async function sentRaw(bytes: string | Buffer, deadlineMs = 2_000) {
  const server = createTcpServer((socket) => {
    socket.once('data', () => socket.end(bytes));
  });
  return createSender(deadlineMs).send(messageTo(`http://127.0.0.1:${await listening(server)}/`));
}

it('an event goes as one POST with its headers, over a connection of its own', async () => {
  let heard: { request: IncomingMessage; body: string } | undefined;
  const { sending } = await sent(async (request, response) => {
    heard = { request, body: await text(request) };
    response.writeHead(202).end();
  });
  expect(sending).toEqual({ status: 202, problem: undefined });
  expect(heard?.body).toBe('{"é":1}');
  expect(heard?.request).toMatchObject({ method: 'POST', url: '/hook?x=1' });
  expect(heard?.request.headers).toMatchObject({ 'fota-event-id': '7', 'content-length': '8', connection: 'close' });
});

describe('a receiver that misbehaves costs no more than ten seconds and a few kilobytes:', () => {
  it('one that fails is told by its status', async () => {
    expect((await sent((_, response) => response.writeHead(500).end('a stack trace'))).sending).toEqual({
      status: 500,
      problem: undefined,
    });
  });

  it('one that points elsewhere is not followed', async () => {
    let asked = 0;
    const { sending } = await sent((_, response) => {
      asked += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect([sending.status, sending.problem, asked]).toEqual([302, 'status 302: redirects are not followed', 1]);
  });

  it('one that does not answer is waited for until the deadline', async () => {
    const { sending, ms } = await sent(() => undefined, 100);
    expect(sending).toEqual({ status: undefined, problem: 'no answer within 0.1 s' });
    expect(ms).toBeLessThan(2_000);
  });

  it('one that drips its head away is not waited for longer', async () => {
    const server = createTcpServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const drip = setInterval(() => socket.write('x: y\r\n'), 10);
      socket.once('close', () => clearInterval(drip));
    });
    const url = `http://127.0.0.1:${await listening(server)}/`;
    expect(await createSender(200).send(messageTo(url))).toMatchObject({ problem: 'no answer within 0.2 s' });
  });

  it('one that answers without end is left after a while: its status counts', async () => {
    let written = 0;
    let isGone = false;
    const { sending } = await sent((_, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384))) written += 16_384;
        if (!response.destroyed) response.once('drain', write);
      };
      response.once('close', () => {
        isGone = true;
      });
      write();
    });
    expect(sending).toEqual({ status: 200, problem: undefined });
    await expect.poll(() => isGone).toBe(true);
    expect(written).toBeLessThan(16 << 20);
  });

  it('one that cuts the connection, and one that sends no HTTP, are told so', async () => {
    expect(await sentRaw('')).toEqual({ status: undefined, problem: 'socket hang up' });
    expect(await sentRaw('HTTP/1.1 20')).toEqual({ status: undefined, problem: 'socket hang up' });
    expect(await sentRaw('SSH-2.0-x\r\n')).toMatchObject({
      status: undefined,
      problem: expect.stringContaining('Parse Error'),
    });
    expect(await sentRaw(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`)).toMatchObject({
      problem: expect.stringContaining('Header overflow'),
    });
  });

  it('one that is not there is told so', async () => {
    const server = createTcpServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await createSender().send(messageTo(`http://127.0.0.1:${port}/`))).toMatchObject({
      problem: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('one under way is left when the server closes', async () => {
    const sender = createSender();
    const port = await listening(createServer(() => sender.close()));
    expect(await sender.send(messageTo(`http://127.0.0.1:${port}/`))).toEqual({
      status: undefined,
      problem: 'the server closes',
    });
  });
});

describe('nothing is sent', () => {
  const { check, send } = createSender(2_000);

  it.each([
    ['http://hooks.example/', false, 'webhook-url-invalid'],
    ['ftp://hooks.example/', true, 'webhook-url-invalid'],
    ['hooks.example', true, 'webhook-url-invalid'],
    ['https://user:password@hooks.example/', true, 'webhook-url-invalid'],
    ['https://hooks.example/#part', true, 'webhook-url-invalid'],
    [`https://hooks.example/${'x'.repeat(2_048)}`, true, 'webhook-url-invalid'],
    ['http://1.1.1.1/', true, 'webhook-address-refused'],
    ['https://127.0.0.1/', false, 'webhook-address-refused'],
    ['https://0x7f.1/', false, 'webhook-address-refused'],
    ['https://[::1]/', false, 'webhook-address-refused'],
    ['https://[::ffff:10.0.0.1]/', false, 'webhook-address-refused'],
    ['https://169.254.169.254/latest/meta-data', true, 'webhook-address-refused'],
    ['https://100.100.100.200/', true, 'webhook-address-refused'],
  ])('to %s (private: %s), which is %s', async (url, isPrivate, code) => {
    expect(() => check(url, isPrivate)).toThrow(expect.objectContaining({ code }));
    expect(await send({ ...messageTo(url), isPrivate })).toMatchObject({ status: undefined });
  });

  it('to a name that leads to this machine, unless the webhook is private', async () => {
    let asked = 0;
    const port = await listening(
      createServer((_, response) => {
        asked += 1;
        response.end();
      }),
    );
    check(`https://localhost:${port}/`, false);
    const refused = await send({ ...messageTo(`https://localhost:${port}/`), isPrivate: false });
    expect(refused.problem).toMatch(/in a private network, and the webhook is not private$/);
    expect(asked).toBe(0);
    expect(await send(messageTo(`http://localhost:${port}/`))).toMatchObject({ status: 200 });
  });
});
