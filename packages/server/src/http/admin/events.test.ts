import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type RunningAdmin, runAdmin } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import { type Listening, listen } from '../../../test/listening-events.ts';
import { memoryEvents } from '../../adapters/memory/events.ts';
import type { NewEvent } from '../../domain/event.ts';
import type { Later } from '../../ports.ts';
import { type Events, openEvents } from '../../usecases/events.ts';
import { createStreaming } from './streaming.ts';

const folder = folders(onTestFinished);

async function running(): Promise<RunningAdmin> {
  const admin = await runAdmin(await folder());
  onTestFinished(() => admin.close());
  return admin;
}

async function listening(admin: RunningAdmin, path = '', headers: Record<string, string> = {}): Promise<Listening> {
  const client = await listen({ socketPath: admin.socket }, path, headers);
  onTestFinished(() => client.leave());
  return client;
}

const held = (device: string, project = 'p'): NewEvent => ({ type: 'device.held', project, data: { device } });
const problem: NewEvent = { type: 'problem', project: undefined, data: { code: 'disk-full', reason: 'no room' } };
const TIME = expect.stringMatching(/^2\d{3}-\d\d-\d\dT[\d:.]+Z$/);

async function emitted(admin: RunningAdmin, ...events: readonly NewEvent[]): Promise<void> {
  for (const event of events) admin.application.events.emit(event);
  await admin.application.events.flush();
  await new Promise(setImmediate);
}

describe('who listens to events', () => {
  it('hears of what happens from now on, each with its number, its type and what it tells', async () => {
    const admin = await running();
    await emitted(admin, held('before'));
    const client = await listening(admin);
    expect(client.answer.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    await emitted(admin, held('1 "é"\n'), problem);
    await expect.poll(client.frames).toEqual([
      {
        id: '2',
        event: 'device.held',
        data: { id: 2, at: TIME, type: 'device.held', project: 'p', data: { device: '1 "é"\n' } },
      },
      { id: '3', event: 'problem', data: { id: 3, at: TIME, type: 'problem', data: problem.data } },
    ]);
    expect(client.text()).toMatch(/^retry: 3000\nid: 1\n\nid: 2\nevent: device\.held\ndata: \{.*\}\n\nid: 3\n/);
  });

  it('goes on behind what it has seen, without losing or doubling any', async () => {
    const admin = await running();
    await emitted(admin, held('1'), held('2'), held('3'));
    const all = await listening(admin, '?after=0');
    await expect.poll(() => all.frames().map(({ id }) => id)).toEqual(['1', '2', '3']);
    all.leave();
    await emitted(admin, held('4'));
    const again = await listening(admin, '?after=0', { 'Last-Event-ID': '2' });
    await emitted(admin, held('5'));
    await expect.poll(() => again.frames().map(({ id }) => id)).toEqual(['3', '4', '5']);
  });

  it('hears only of the types, families and projects that it names, and of the whole server', async () => {
    const admin = await running();
    await admin.application.operator.createProject({ name: 'p' });
    await admin.application.operator.createProject({ name: 'q' });
    const [types, projects] = [await listening(admin, '?type=problem&type=stop'), await listening(admin, '?project=p')];
    await emitted(admin, held('1'), held('2', 'q'), problem);
    await expect.poll(() => types.frames().map(({ id }) => id)).toEqual(['3']);
    await expect.poll(() => projects.frames().map(({ id }) => id)).toEqual(['1', '3']);
    expect(await admin.ask('GET /events?project=nobody')).toMatchObject({ body: { code: 'project-unknown' } });
    expect(await admin.ask('GET /events?type=rumour')).toMatchObject({
      status: 400,
      body: { code: 'request-invalid' },
    });
    const wrong = { headers: { 'Last-Event-ID': 'x' } };
    expect(await admin.ask('GET /events', wrong)).toMatchObject({ status: 400, body: { code: 'request-invalid' } });
  });

  it('is told honestly where its place is not known', async () => {
    const admin = await running();
    await emitted(admin, held('1'));
    const client = await listening(admin, '?after=900');
    await expect.poll(client.frames).toEqual([
      {
        id: '0',
        event: 'reset',
        data: { after: 900, oldest: 1, reason: 'no event of this server has this number yet' },
      },
      expect.objectContaining({ id: '1', event: 'device.held' }),
    ]);
  });

  it('needs a token over the network, and cannot ask for the head alone', async () => {
    const admin = await running();
    expect(await admin.askByPort('GET /events')).toMatchObject({ status: 401, body: { code: 'token-missing' } });
    expect(await admin.ask('HEAD /events')).toMatchObject({ status: 405, headers: { allow: 'GET' } });
  });

  it('hears no more once its token is revoked, and never of projects that it does not see', async () => {
    const admin = await running();
    const { operator, tokens } = admin.application;
    for (const project of ['p', 'q']) await operator.createProject({ name: project });
    const { id, token } = await tokens.create({ name: 'ci', role: 'viewer', projects: ['p'] });
    const way = { port: admin.port };
    const client = await listen(way, '', { Authorization: `Bearer ${token}` });
    const ended = once(client.answer, 'end');
    await emitted(admin, held('1'), held('2', 'q'), problem, { type: 'stop.on', project: undefined, data: {} });
    await expect.poll(() => client.frames().map(({ event }) => event)).toEqual(['device.held', 'stop.on']);
    await tokens.revoke(id);
    await emitted(admin, held('3'));
    await ended;
    expect(client.frames()).toHaveLength(2);
    const hidden = await listen(way, '?project=q', { Authorization: `Bearer ${token}` });
    expect(hidden.answer.statusCode).toBe(401);
  });

  it('does not keep the server from closing', async () => {
    const admin = await running();
    const client = await listening(admin);
    const ended = once(client.answer, 'end');
    const before = performance.now();
    await admin.close();
    await ended;
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(admin.problems).toEqual([]);
  });

  it('is one of 64: the next is refused, until one leaves', async () => {
    const admin = await running();
    const clients = await Promise.all(Array.from({ length: 64 }, () => listening(admin)));
    expect(await admin.ask('GET /events')).toMatchObject({ status: 429, body: { code: 'listeners-full' } });
    clients[0]?.leave();
    await expect.poll(async () => (await listening(admin)).answer.statusCode).toBe(200);
  });
});

it('events are shown in pages, the newest first, to those who want JSON', async () => {
  const admin = await running();
  await emitted(admin, held('1'), problem, held('3'));
  const json = { headers: { Accept: 'application/json' } };
  const page = await admin.ask('GET /events?type=device&limit=1', json);
  expect(page.body).toMatchObject({ items: [{ id: 3, type: 'device.held', project: 'p', at: TIME }] });
  const { cursor } = page.body as { readonly cursor: string };
  expect((await admin.ask(`GET /events?type=device&cursor=${cursor}`, json)).body).toEqual({
    items: [{ id: 1, at: TIME, type: 'device.held', project: 'p', data: { device: '1' } }],
  });
  expect((await admin.ask('GET /events?after=2', json)).body).toMatchObject({ items: [{ id: 3 }] });
  expect(await admin.ask('GET /events?cursor=x', json)).toMatchObject({ body: { code: 'cursor-invalid' } });
});

describe('a stream', () => {
  const later: Later = (ms, work) => {
    const timer = setTimeout(work, ms);
    return { cancel: () => clearTimeout(timer) };
  };
  async function streamed(heartbeatMs?: number): Promise<{ events: Events; client: Listening }> {
    const onProblem = (error: unknown): never => {
      throw error;
    };
    const events = await openEvents({ store: memoryEvents(), now: Date.now, later, onProblem });
    const streaming = createStreaming({
      events,
      ending: new AbortController().signal,
      onProblem,
      ...(heartbeatMs !== undefined && { heartbeatMs }),
    });
    const server = createServer((_request, response) => {
      void streaming.serve(response, { after: 0, filter: { types: ['problem'] }, mayStay: () => true });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const client = await listen({ port: (server.address() as AddressInfo).port });
    onTestFinished(() => {
      client.leave();
      server.close();
    });
    return { events, client };
  }

  it('is never silent for long, and tells the place that it has come to, whatever was passed over', async () => {
    const { events, client } = await streamed(40);
    await expect.poll(client.text).toContain(': still here\n\n');
    const noise = setInterval(() => events.emit(held('unwanted')), 5);
    await expect.poll(client.text).toMatch(/: still here\nid: \d+\n\n/);
    clearInterval(noise);
    expect(client.frames()).toEqual([]);
  });

  it('waits for a client that does not read, and loses nothing', async () => {
    const { events, client } = await streamed();
    client.answer.pause();
    const reason = 'r'.repeat(1_000);
    for (let n = 0; n < 9_000; n += 1) events.emit({ ...problem, data: { reason, count: n } });
    await events.flush();
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.answer.resume();
    await expect.poll(() => client.frames().length, { timeout: 10_000 }).toBe(9_000);
    expect(client.frames().every(({ data }, i) => (data as { data: { count: number } }).data.count === i)).toBe(true);
  });
});
