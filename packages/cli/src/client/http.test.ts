import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { type Client, createClient } from './http.ts';

type Answering = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A client of a server that answers so, and the keys of what it was asked. */
async function clientOf(answering: Answering): Promise<{ readonly client: Client; readonly keys: readonly unknown[] }> {
  const keys: unknown[] = [];
  const server = createServer((request, response) => {
    keys.push(request.headers['idempotency-key']);
    request.resume().once('end', () => answering(request, response, keys.length));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = createClient({ base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, name: 'it' });
  onTestFinished(async () => {
    await client.close();
    server.close();
  });
  return { client, keys };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const project = { body: { name: 'p' } };

it('a change whose connection breaks is sent again under its key, another under another', async () => {
  const { client, keys } = await clientOf((request, response, count) => {
    if (count === 1) request.socket.destroy();
    else if (count === 2) answer(response, 409, { code: 'idempotency-busy' });
    else answer(response, 201, { name: 'p' });
  });
  expect(await client.send('POST', '/projects', project)).toEqual({ name: 'p' });
  await client.send('POST', '/projects', project);
  expect(keys).toEqual([keys[0], keys[0], keys[0], keys[3]]);
  expect(keys[0]).toMatch(/^[\da-f-]{36}$/);
  expect(keys[3]).not.toBe(keys[0]);
});

it('one that is refused is not sent again, nor one whose connection breaks again and again', async () => {
  const refusing = await clientOf((_, response) => answer(response, 409, { code: 'project-exists' }));
  await expect(refusing.client.send('POST', '/projects', project)).rejects.toMatchObject({ code: 'project-exists' });
  expect(refusing.keys).toHaveLength(1);
  const breaking = await clientOf((request) => request.socket.destroy());
  await expect(breaking.client.get('/status')).rejects.toMatchObject({ code: 'server-unreachable' });
  expect(breaking.keys).toHaveLength(3);
});

it('names are put into addresses, and what is given more than once into the query', async () => {
  const asked: unknown[] = [];
  const { client } = await clientOf((request, response) => {
    asked.push(request.url);
    answer(response, 200, { items: [] });
  });
  await client.get('/projects/{project}', { path: { project: '合宙 / ?' } });
  await client.list('/events', { query: { type: ['stop', 'problem'] } }, 5);
  const project = encodeURIComponent('合宙 / ?');
  expect(asked).toEqual([`/api/v1/projects/${project}`, '/api/v1/events?type=stop&type=problem&limit=5']);
});
