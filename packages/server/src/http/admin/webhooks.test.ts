import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { type RunningAdmin, runAdmin } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import type { ApiNewWebhook, ApiWebhook } from './webhook-api.ts';

const folder = folders(onTestFinished);
const TIME = expect.stringMatching(/^2\d{3}-\d\d-\d\dT[\d:.]+Z$/);

async function running(): Promise<RunningAdmin> {
  const admin = await runAdmin(await folder());
  onTestFinished(() => admin.close());
  admin.application.webhooks.start();
  return admin;
}

interface Receiver {
  readonly url: string;
  readonly heard: ReadonlyArray<{ readonly headers: IncomingHttpHeaders; readonly body: string }>;
  /** Answers with this status from now on. */
  answer(status: number): void;
}

async function receiving(): Promise<Receiver> {
  const heard: { headers: IncomingHttpHeaders; body: string }[] = [];
  let status = 204;
  const server = createServer(async (request, response) => {
    heard.push({ headers: request.headers, body: await text(request) });
    response.writeHead(status).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const answer = (next: number): void => {
    status = next;
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, heard, answer };
}

it('a webhook is made, shown without its secret, changed, switched off and on, and removed', async () => {
  const { ask } = await running();
  const { url } = await receiving();
  const made = await ask('POST /webhooks', { json: { url, types: ['rollout', 'problem'], private: true } });
  const { id, secret } = made.body as ApiNewWebhook;
  expect(secret).toMatch(/^whsec_/);
  const shown = {
    id,
    url,
    types: ['rollout', 'problem'],
    private: true,
    isOn: true,
    place: 0,
    tries: 0,
    createdAt: TIME,
  };
  expect(made).toMatchObject({ status: 201, body: { ...shown, secret } });
  expect((await ask('GET /webhooks')).body).toEqual({ items: [shown] });
  expect((await ask(`GET /webhooks/${id}`)).body).toEqual(shown);
  await ask('POST /projects', { json: { name: 'p' } });
  const changed = await ask(`PATCH /webhooks/${id}`, { json: { types: null, projects: ['p'] } });
  expect(changed.body).toMatchObject({ projects: ['p'] });
  expect(changed.body).not.toHaveProperty('types');
  expect((await ask(`POST /webhooks/${id}/disable`)).body).toMatchObject({ isOn: false });
  expect((await ask(`POST /webhooks/${id}/enable`, { json: { skip: true } })).body).toMatchObject({ isOn: true });
  const renewed = await ask(`POST /webhooks/${id}/secret`);
  expect(renewed).toMatchObject({ status: 201, body: { id, secret: expect.not.stringContaining(secret) } });
  expect((await ask(`DELETE /webhooks/${id}`)).status).toBe(204);
  for (const line of ['GET', 'DELETE', 'PATCH'].map((method) => `${method} /webhooks/${id}`)) {
    const json = line.startsWith('PATCH') ? { json: {} } : {};
    expect(await ask(line, json)).toMatchObject({ status: 404, body: { code: 'webhook-unknown' } });
  }
});

it.each([
  [{ url: 'http://hooks.example/' }, 'webhook-url-invalid'],
  [{ url: 'https://169.254.169.254/', private: true }, 'webhook-address-refused'],
  [{ url: 'https://127.0.0.1/' }, 'webhook-address-refused'],
  [{ url: 'https://hooks.example/', projects: ['nobody'] }, 'project-unknown'],
  [{ url: 'https://hooks.example/', types: ['rumour'] }, 'request-invalid'],
])('a webhook is not made of %j: %s', async (json, code) => {
  const { ask } = await running();
  expect(await ask('POST /webhooks', { json })).toMatchObject({ body: { code } });
  expect((await ask('GET /webhooks')).body).toEqual({ items: [] });
});

it('a receiver can verify what it is sent, and is sent all that happened while it failed', async () => {
  const { ask, application } = await running();
  const { url, heard, answer } = await receiving();
  const { body } = await ask('POST /webhooks', { json: { url, types: ['device'], private: true } });
  const { id, secret } = body as ApiNewWebhook;
  await ask('POST /projects', { json: { name: 'p' } });
  await ask('PUT /projects/p/devices/861/access', { json: { access: 'blocked' } });
  await expect.poll(() => heard.length).toBe(1);
  const [first] = heard;
  const [, t = '', v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(first?.headers['fota-signature'])) ?? [];
  expect(v1).toBe(createHmac('sha256', secret).update(`${t}.${first?.body}`).digest('hex'));
  expect(JSON.parse(first?.body ?? '')).toEqual({
    id: 1,
    at: TIME,
    type: 'device.access',
    project: 'p',
    data: { device: '861', access: 'blocked' },
  });

  answer(503);
  await ask('PUT /projects/p/devices/862/access', { json: { access: 'blocked' } });
  await expect.poll(async () => ((await ask(`GET /webhooks/${id}`)).body as ApiWebhook).tries).toBe(1);
  expect((await ask(`GET /webhooks/${id}`)).body).toMatchObject({ isOn: true, place: 1, nextTryAt: TIME });
  answer(200);
  expect((await ask(`POST /webhooks/${id}/test`)).body).toMatchObject({ event: 0, type: 'webhook.test', status: 200 });
  // Switching on tries at once.
  await ask(`POST /webhooks/${id}/enable`, { json: {} });
  await expect.poll(() => heard.length).toBe(4);
  expect(heard.map(({ headers }) => headers['fota-event-id'])).toEqual(['1', '2', '0', '2']);
  await expect
    .poll(async () => (await ask(`GET /webhooks/${id}/deliveries`)).body)
    .toMatchObject({
      items: [
        { event: 2, status: 200 },
        { event: 0 },
        { event: 2, status: 503, attempt: 1 },
        { event: 1, status: 204 },
      ],
    });
  expect(JSON.stringify(application.problems())).not.toContain(secret);
});
