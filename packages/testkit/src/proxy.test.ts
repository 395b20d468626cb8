import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { makeImage } from './images.ts';
import { serveMisbehaviour } from './misbehaviours/serve.ts';
import { type ProxyFault, startProxy, type TcpProxy } from './proxy.ts';

const image = makeImage(1, 1_000_000);
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function proxied(fault: ProxyFault | undefined): Promise<TcpProxy> {
  const images = { image, successor: image };
  const server = await serveMisbehaviour({ serve: (line) => line.end(image) }, images);
  const proxy = await startProxy(Number(new URL(server.url).port), () => fault);
  ends.push(
    () => proxy.close(),
    () => server.close(),
  );
  return proxy;
}

async function receive({ port }: TcpProxy): Promise<{ readonly bytes: Buffer; readonly error: unknown }> {
  const socket = connect(port, '127.0.0.1');
  const pieces: Buffer[] = [];
  let error: unknown;
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  socket.on('error', (caught) => {
    error = caught;
  });
  socket.write('GET / HTTP/1.1\r\n\r\n');
  // `once` would take the error for its own.
  await new Promise((resolve) => socket.on('close', resolve));
  return { bytes: Buffer.concat(pieces), error };
}

it('lets everything through when told nothing', async () => {
  const proxy = await proxied(undefined);
  expect((await receive(proxy)).bytes.equals(image)).toBe(true);
  expect(proxy.bytes()).toBe(image.length);
});

it('cuts with FIN after exactly so many bytes', async () => {
  const { bytes, error } = await receive(await proxied({ afterBytes: 300_001, how: 'fin' }));
  expect(bytes.equals(image.subarray(0, 300_001))).toBe(true);
  expect(error).toBeUndefined();
});

it('cuts with RST', async () => {
  const { bytes, error } = await receive(await proxied({ afterBytes: 10_000, how: 'rst' }));
  expect(bytes.length).toBeLessThanOrEqual(10_000);
  expect(error).toMatchObject({ code: 'ECONNRESET' });
});

it('holds back for a while, then lets the rest through in its order', async () => {
  const { bytes } = await receive(await proxied({ afterBytes: 10_000, how: { delayMs: 20 } }));
  expect(bytes.equals(image)).toBe(true);
});

it('stalls after so many bytes and keeps the connection', async () => {
  const { port } = await proxied({ afterBytes: 1_000, how: 'stall' });
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\n\r\n');
  const [piece] = await once(socket, 'data');
  expect(piece).toHaveLength(1_000);
  expect(socket.destroyed).toBe(false);
  socket.destroy();
});
