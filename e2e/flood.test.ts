import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { proof } from './support/proof.ts';
import { exactAnswer, type Heard, PROJECT_KEY, type Served, serve, talk } from './support/served.ts';

const prove = process.env['PROVE'] !== undefined;
const FLOOD = prove ? 10_000 : 2_000;
const MIB = 1024 ** 2;
/** Each look takes the garbage away first. */
const POLL = { interval: 250, timeout: 20_000 };

const asks = (version = '1.0.0'): Buffer =>
  Buffer.from(
    `GET /upgrade?imei=1&project_key=${PROJECT_KEY}&firmware_name=app&version=${version} HTTP/1.1\r\nHost: h\r\n\r\n`,
  );

/** A client that stays connected and does as it is told. */
async function guest(port: number, sends: Uint8Array = new Uint8Array()): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  if (sends.length > 0) socket.write(sends);
  return socket;
}

/** A device that asks again until it has its package. Resolves to how often it asked. */
async function device(port: number, size: number): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const { bytes } = await talk(port, [asks()]);
    // Dropped, turned away with 503, or with 408 where the machine was too busy to read its head in time.
    const answer: ReturnType<typeof exactAnswer> | undefined = bytes.length === 0 ? undefined : exactAnswer(bytes);
    if (answer?.status === 200) {
      expect(answer.body.length).toBe(size);
      return attempt;
    }
    if (answer !== undefined) expect([408, 503]).toContain(answer.status);
  }
}

function served(options: Parameters<typeof serve>[1], size: number): Promise<Served> {
  return serve(onTestFinished, { deliveriesPerDay: 1e6, ...options }, [size]);
}

/** Waits until no client is left. */
function emptied(server: Served): Promise<void> {
  return expect.poll(async () => (await server.memory()).sockets, POLL).toBe(0);
}

it('a flood of silent connections takes no more than its places and its time, and devices get through', async () => {
  const server = await served({ limits: { maxConnections: 200, headTimeoutMs: 400 } }, 50_000);
  const before = await server.memory();
  let isOver = false;
  const wave = async (): Promise<void> => {
    const { end } = await talk(server.port, [], { patienceMs: 40_000 });
    expect(end).not.toBe('open');
  };
  const flood = Promise.all(
    Array.from({ length: 500 }, async () => {
      for (let n = 0; n < FLOOD / 500; n += 1) await wave();
    }),
  ).finally(() => {
    isOver = true;
  });
  let devices = 0;
  let attempts = 0;
  let most = 0;
  while (!isOver) {
    attempts += await device(server.port, 50_000);
    devices += 1;
    most = Math.max(most, (await server.memory()).sockets);
  }
  await flood;
  await emptied(server);
  const growth = (await server.memory()).heap - before.heap;
  // The places, those that are being turned away, and what the moment of looking finds in closing.
  expect(most).toBeLessThanOrEqual(320);
  expect(devices).toBeGreaterThan(0);
  expect(growth).toBeLessThan(4 * MIB);
  expect(server.problems).toEqual([]);
  proof(
    `${FLOOD} silent connections at 200 places: never more than ${most} open, ${devices} devices upgraded meanwhile (${attempts} attempts), the heap grew by ${Math.round(growth / 1024)} KiB`,
  );
}, 120_000);

it('a flood of questions at once is answered, or turned away, each in its dialect', async () => {
  const server = await served({ limits: { maxConnections: 200 } }, 50_000);
  const heard: Heard[] = await Promise.all(
    Array.from({ length: 600 }, () => talk(server.port, [asks()], { patienceMs: 40_000 })),
  );
  const statuses = new Map<number, number>();
  for (const { bytes, end } of heard) {
    expect(end).not.toBe('open');
    const status = bytes.length === 0 ? 0 : exactAnswer(bytes).status;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  expect([...statuses.keys()].filter((status) => ![0, 200, 503].includes(status))).toEqual([]);
  expect(statuses.get(200)).toBeGreaterThanOrEqual(200);
  await emptied(server);
  expect(await device(server.port, 50_000)).toBe(1);
});

it('drips of a byte end when the head is due, and disturb nobody', async () => {
  const server = await served({ limits: { headTimeoutMs: 500 } }, 50_000);
  const begun = performance.now();
  const drips = Array.from({ length: 150 }, async (_, n) => {
    const socket = await guest(server.port);
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    const closed = once(socket, 'close');
    let sent = 0;
    // Some never end the first line, some never the head.
    const request = n % 2 === 0 ? 'GET /upgrade?imei=' : 'GET /upgrade HTTP/1.1\r\nX: ';
    const timer = setInterval(() => socket.write(request[sent++] ?? 'x'), 15);
    await closed;
    clearInterval(timer);
    return { text, ms: performance.now() - begun };
  });
  expect(await device(server.port, 50_000)).toBe(1);
  for (const { text, ms } of await Promise.all(drips)) {
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    // Its half of the connection lingers for those who go on sending, but not for long.
    expect(ms).toBeLessThan(500 + 2_000 + 2_000);
  }
  await emptied(server);
}, 60_000);

/** Many begin to download and do not read on. */
async function unread(cacheBytes: number): Promise<void> {
  const size = 12 * MIB;
  const server = await served({ cacheBytes, limits: { idleTimeoutMs: 2_000 } }, size);
  await device(server.port, size);
  const before = await server.memory();
  const guests = await Promise.all(Array.from({ length: 30 }, () => guest(server.port, asks())));
  for (const socket of guests) socket.pause();
  await expect.poll(async () => (await server.memory()).sockets, POLL).toBe(30);
  const { heap, external } = await server.memory();
  // A whole package for each would be 360 MiB.
  expect(heap + external - before.heap - before.external).toBeLessThan(24 * MIB);
  expect(await device(server.port, size)).toBe(1);
  await emptied(server);
  const after = await server.memory();
  expect(after.heap + after.external - before.heap - before.external).toBeLessThan(6 * MIB);
  expect(server.problems).toEqual([]);
}

it('downloads that nobody reads share one memory, and end when they are idle, from memory and from the disk', async () => {
  await Promise.all([64 * MIB, 0].map(unread));
}, 60_000);
